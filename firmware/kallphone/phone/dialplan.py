from __future__ import annotations

from enum import Enum, auto

INTERDIGIT_S = 6.0
"""Silence after which a number counts as finished (ITU-T E.300 series practice: 4 to 6 s)."""

KALL_NUMBER_DIGITS = 10

# Damm, "Total anti-symmetrische Quasigruppen" (2004): the order-10 table, catches all single
# errors and all adjacent transpositions.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


class Dialled(Enum):
    """What the digits amount to so far."""

    UNFINISHED = auto()
    COMPLETE = auto()
    WRONG = auto()


def classify(digits: str) -> Dialled:
    """A Kall number is complete with its tenth digit: nobody has to press # or wait."""
    if any(key not in "0123456789" for key in digits) or digits[:1] in ("0", "1"):
        return Dialled.WRONG
    if len(digits) < KALL_NUMBER_DIGITS:
        return Dialled.UNFINISHED
    if len(digits) > KALL_NUMBER_DIGITS or _damm(digits) != 0:
        return Dialled.WRONG
    return Dialled.COMPLETE


def grouped(number: str) -> str:
    """Ten digits as people read them aloud: 3-3-4."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == KALL_NUMBER_DIGITS else number


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim
