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
        rf"(?i)(?P<keep>[\"']?[\w-]*(?:{_NAMED})[\"']?\s*(?:[:=]|\bis\b)\s*)"
        r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s,;)}\]]+)"
    ),
    re.compile(r"(?i)(?P<keep>\bpin\W{0,3})\d{4,8}\b"),
    # Bearer tokens, and credentials within URLs.
    re.compile(r"(?i)(?P<keep>\bbearer\s+)\S+"),
    re.compile(r"(?P<keep>\w://)[^/\s@]+@"),
    # Keys, hashes and signatures in hexadecimal.
    re.compile(r"(?i)(?<![0-9a-f])(?:0x)?[0-9a-f]{41,}"),
    # Base64 with its padding, or long and mixed.
    re.compile(r"(?<![\w+/-])[\w+/-]{20,}={1,2}(?!\w)"),
    re.compile(
        r"(?<![\w+/-])(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])(?=[\w+/-]*\d)[A-Za-z0-9+/_-]{24,}(?![\w+/-])"
    ),
    # Hardware addresses: their first half names the maker, the second the device.
    re.compile(r"(?i)(?P<keep>\b(?:[0-9a-f]{2}:){3})(?:[0-9a-f]{2}:){2}[0-9a-f]{2}\b"),
)
_ADDRESS = re.compile(r"(?i)\b0x[0-9a-f]{40}\b|(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
# Kall numbers, however grouped, and those with a country's code.
_NUMBER = re.compile(
    r"(?<![\w.])(?:[2-9]\d{2}[ .-]?\d{3}[ .-]?\d{4}|0[1-9]\d{1,4}[ /-]?\d{4,9})(?![\w:])"
    r"|\+[1-9](?:[ ()/-]{0,2}\d){6,14}(?!\d)"
)

_WORD = re.compile(r"[A-Za-z]+")
WORDS_IN_A_ROW = 4
"""So many of a backup's words next to each other are no sentence."""

_BETWEEN_WORDS = re.compile(r"[\s,;.'\"\d()\[\]:-]*")


class Redactor:
    """`known` are secrets that this phone holds; `own` addresses (0x...) may stay."""

    def __init__(self, known: Iterable[str] = (), own: Iterable[str] = ()) -> None:
        wanted = sorted(
            {one.strip() for one in known if len(one.strip()) >= SHORTEST_KNOWN}, key=len, reverse=True
        )
        self._known = re.compile("|".join(_exactly(one) for one in wanted), re.IGNORECASE) if wanted else None
        self._own = {one.lower().removeprefix("0x") for one in own}

    def clean(self, text: str) -> str:
        """The same text with [redacted] where a secret stood."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        for form in _FORMS:
            text = form.sub(_kept if "keep" in form.groupindex else REDACTED, text)
        text = _ADDRESS.sub(self._address, text)
        return _NUMBER.sub(REDACTED, _without_words(text))

    def _address(self, found: re.Match[str]) -> str:
        return found[0] if found[0].lower().removeprefix("0x") in self._own else REDACTED


def _kept(found: re.Match[str]) -> str:
    return f"{found['keep']}{REDACTED}"


def _exactly(known: str) -> str:
    """Not within a longer word; spaces of a number may be wider or missing."""
    body = r"\s*".join(re.escape(part) for part in known.split())
    return rf"(?<!\w){body}(?!\w)"


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
