"""The backup of an account as twelve words (BIP-39, English)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cache
from itertools import islice

from mnemonic import Mnemonic

from kallphone.storage.errors import WordsWrong

WORD_COUNT = 12
ENTROPY_SIZE = 16
_SHORTEST = 4
"""BIP-39's English words differ in their first four letters."""

_GUESSES = 3
_LIKENESS = 0.7


@cache
def word_list() -> tuple[str, ...]:
    """All 2048, in their order."""
    return tuple(_mnemonic().wordlist)


def words_of(entropy: bytes) -> tuple[str, ...]:
    return tuple(_mnemonic().to_mnemonic(entropy).split(" "))


def entropy_of(words: Sequence[str]) -> bytes:
    """Four letters are enough of a word. Raises WordsWrong, which says where and what may be meant."""
    typed = [word.strip().casefold() for word in words]
    if len(typed) != WORD_COUNT:
        raise WordsWrong(f"a backup has {WORD_COUNT} words, not {len(typed)}")
    whole = [_known(word, place) for place, word in enumerate(typed, start=1)]
    entropy = _checked(whole)
    if entropy is None:
        raise _not_together(whole)
    return entropy


@cache
def _mnemonic() -> Mnemonic:
    return Mnemonic("english")


def _known(word: str, place: int) -> str:
    if word in word_list():
        return word
    begun = [known for known in word_list() if len(word) >= _SHORTEST and known.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    near = difflib.get_close_matches(word, word_list(), n=_GUESSES, cutoff=_LIKENESS)
    raise WordsWrong(f"word {place} is not in the list", tuple((place, other) for other in near))


def _checked(words: Sequence[str]) -> bytes | None:
    try:
        return bytes(_mnemonic().to_entropy(list(words)))
    except ValueError:
        return None


def _not_together(words: Sequence[str]) -> WordsWrong:
    """Four bits of checksum let one wrong word in sixteen pass: these are guesses, the likeliest first."""
    fits = ((place, other) for place, other in _lookalikes(words) if _fits(words, place, other))
    return WordsWrong("the words don't belong together: check each of them", tuple(islice(fits, _GUESSES)))


def _fits(words: Sequence[str], place: int, other: str) -> bool:
    return _checked([*words[: place - 1], other, *words[place:]]) is not None


def _lookalikes(words: Sequence[str]) -> list[tuple[int, str]]:
    found = [
        (difflib.SequenceMatcher(None, word, other).ratio(), place, other)
        for place, word in enumerate(words, start=1)
        for other in difflib.get_close_matches(word, word_list(), n=_GUESSES + 1, cutoff=_LIKENESS)
        if other != word
    ]
    return [(place, other) for _, place, other in sorted(found, reverse=True)]
