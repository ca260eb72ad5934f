"""Takes out of texts what nobody but the owner may read.

Twice: what this phone is known to hold (names, numbers, passwords), wherever it stands, and whatever has the
form of a secret (keys, signatures, credentials, words of a backup, PINs, numbers of telephones).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from kallphone.storage.words import word_list

REDACTED = "[redacted]"

SHORTEST_KNOWN = 2
"""One letter is nobody's name."""

_NAMED = (
    r"pin|password|passwd|passphrase|psk|wep_key\d|secret|token|credentials?"
    r"|(?:private|account|api|ssh)[_ -]?key|signature|voucher|mnemonic|seed|entropy|username|ssid|cookie"
)
_FORMS = (
    # An armoured key, whole.
    re.compile(r"-----BEGIN [^-]*-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL),
    # "Authorization: Bearer x y", and whatever else stands behind such a name.
    re.compile(r"(?i)(?P<keep>\bauthorization[\"']?\s*[:=]\s*)[^\n]+"),
    re.compile(
        rf"(?i)(?P<keep>(?:{_NAMED})[\"']?\s*(?:[:=]|\bis\b)\s*)"
        r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s,;)}\]]+)"
    ),
    re.compile(r"(?i)(?P<keep>\bpin\W{0,3})\d{4,8}\b"),
    # Bearer tokens, and credentials within URLs.
    re.compile(r"(?i)(?P<keep>\bbearer\s+)\S+"),
    re.compile(r"(?P<keep>://)[^/\s@]+(?=@)"),
    # Keys, hashes and signatures in hexadecimal.
    # 40 digits are an account's, which is looked at by itself.
    re.compile(r"(?i)(?<![0-9a-f])(?:0x)?(?:[0-9a-f]{41,}|[0-9a-f]{32,39}(?![0-9a-f]))"),
    # Hardware addresses: their first half names the maker, the second the device.
    re.compile(r"(?i)(?P<keep>\b(?:[0-9a-f]{2}:){3})(?:[0-9a-f]{2}:){2}[0-9a-f]{2}\b"),
)
# Base64: with its padding, or long and mixed.
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{20,}(={0,2})")
LONGEST_PLAIN = 24

_ADDRESS = re.compile(r"(?i)\b0x[0-9a-f]{40}\b|(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
# Kall numbers, however grouped, and those with a country's code.
_NUMBER = re.compile(
    r"(?<![\w.])(?:[2-9]\d{2}[ .-]?\d{3}[ .-]?\d{4}|0[1-9]\d{1,4}[ /-]?\d{4,9})(?![\w:])"
    r"|\+[1-9](?:[ ()/-]{0,2}\d){6,14}(?!\d)"
)

_RUN = re.compile(r"\w+")
_WORD = re.compile(r"[A-Za-z]+")
WORDS_IN_A_ROW = 4
"""So many of a backup's words next to each other are no sentence."""

_BETWEEN_WORDS = re.compile(r"[\s,;.'\"\d()\[\]:-]*")


class Redactor:
    """`known` are secrets that this phone holds; `own` addresses (0x...) may stay."""

    def __init__(self, known: Iterable[str] = (), own: Iterable[str] = ()) -> None:
        spelled = {way for one in known for way in _spelled(one.strip()) if len(way) >= SHORTEST_KNOWN}
        # A journal is long and a phonebook, too: single words are looked up, not searched for.
        self._words = {one for one in spelled if _RUN.fullmatch(one)}
        others = sorted(spelled - self._words, key=len, reverse=True)
        self._others = re.compile("|".join(map(_exactly, others)), re.IGNORECASE) if others else None
        self._own = {one.lower().removeprefix("0x") for one in own}

    def clean(self, text: str) -> str:
        """The same text with [redacted] where a secret stood."""
        if self._others is not None:
            text = self._others.sub(REDACTED, text)
        text = _RUN.sub(self._word, text)
        for form in _FORMS:
            text = form.sub(_kept if "keep" in form.groupindex else REDACTED, text)
        text = _ADDRESS.sub(self._address, _TOKEN.sub(_token, text))
        return _NUMBER.sub(REDACTED, _without_words(text))

    def _word(self, found: re.Match[str]) -> str:
        return REDACTED if found[0].casefold() in self._words else found[0]

    def _address(self, found: re.Match[str]) -> str:
        return found[0] if found[0].lower().removeprefix("0x") in self._own else REDACTED


def _kept(found: re.Match[str]) -> str:
    return f"{found['keep']}{REDACTED}"


def _token(found: re.Match[str]) -> str:
    said = found[0]
    mixed = any(map(str.islower, said)) and any(map(str.isupper, said)) and any(map(str.isdigit, said))
    return REDACTED if found[1] or (mixed and len(said) >= LONGEST_PLAIN) else said


def _spelled(known: str) -> set[str]:
    """Case is folded where words are compared; a capital sharp s is two letters."""
    return {known.casefold(), known.upper().casefold(), known.lower()}


def _exactly(known: str) -> str:
    """Not within a longer word; spaces of a number may be wider or missing."""
    body = r"\s*".join(re.escape(part) for part in known.split())
    before = r"(?<!\w)" if known[0].isalnum() else ""
    after = r"(?!\w)" if known[-1].isalnum() else ""
    return f"{before}{body}{after}"


def _without_words(text: str) -> str:
    """Runs of words of a backup, with what numbers or separates them."""
    run: list[tuple[int, int]] = []
    runs: list[tuple[int, int]] = []
    for word in _WORD.finditer(text):
        if word[0].lower() not in _backup_words():
            run = []
            continue
        joins = bool(run) and _BETWEEN_WORDS.fullmatch(text, run[-1][1], word.start()) is not None
        run = [*run, word.span()] if joins else [word.span()]
        if len(run) == WORDS_IN_A_ROW:
            runs.append((run[0][0], run[-1][1]))
        elif len(run) > WORDS_IN_A_ROW:
            runs[-1] = (runs[-1][0], run[-1][1])
    for start, end in reversed(runs):
        text = text[:start] + REDACTED + text[end:]
    return text


@cache
def _backup_words() -> frozenset[str]:
    return frozenset(word_list())
