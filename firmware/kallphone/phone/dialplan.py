from __future__ import annotations

from enum import Enum, auto

INTERDIGIT_S = 6.0
"""Silence after which a number counts as finished (ITU-T E.300 series practice: 4 to 6 s)."""

KALL_NUMBER_DIGITS = 10


class Dialled(Enum):
    """What the digits amount to so far."""

    UNFINISHED = auto()
    COMPLETE = auto()
    WRONG = auto()


def classify(digits: str) -> Dialled:
    """A Kall number is complete with its tenth digit: nobody has to press # or wait.

    Its check digit is the directory's to judge.
    """
    if any(key not in "0123456789" for key in digits) or digits[:1] in ("0", "1"):
        return Dialled.WRONG
    return Dialled.COMPLETE if len(digits) >= KALL_NUMBER_DIGITS else Dialled.UNFINISHED


def grouped(number: str) -> str:
    """Ten digits as people read them aloud: 3-3-4."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == KALL_NUMBER_DIGITS else number
