"""Words of a known list from the digits of a telephone keypad (ITU-T E.161)."""

from __future__ import annotations

from functools import lru_cache

LETTERS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
_DIGITS = str.maketrans({letter: key for key, letters in LETTERS.items() for letter in letters})


def digits_of(word: str) -> str:
    return word.translate(_DIGITS)


def candidates(digits: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Those that begin with these keys, one whose keys these are exactly first."""
    begun = [(keys != digits, word) for keys, word in _keyed(words) if digits and keys.startswith(digits)]
    return tuple(word for _, word in sorted(begun))


@lru_cache(maxsize=2)
def _keyed(words: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((digits_of(word), word) for word in words)
