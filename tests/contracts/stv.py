"""The count of a vote, written from its rules and without a look at the contract."""

from collections import Counter
from collections.abc import Sequence

NO_CHANGE = 1
Vote = tuple[Sequence[int], int]
"""Options from the first preference on, and the power behind them."""


def winner(ballots: Sequence[Vote], options: int) -> int:
    """Between the options 1 to `options`, of which 1 is "no change"."""
    standing = list(range(1, options + 1))
    while len(standing) > 1:
        powers = _powers(ballots, standing)
        total = sum(powers.values())
        if total == 0:
            return NO_CHANGE
        for option in standing:
            if powers[option] * 2 > total:
                return option
        if len(standing) == 2:
            return NO_CHANGE
        standing.remove(_weakest(powers, standing))
    return NO_CHANGE


def to_ranking(preferences: Sequence[int]) -> int:
    return int("".join(map(str, preferences)), 16)


def _powers(ballots: Sequence[Vote], standing: Sequence[int]) -> Counter[int]:
    powers: Counter[int] = Counter()
    for preferences, power in ballots:
        for option in preferences:
            if option in standing:
                powers[option] += power
                break
    return powers


def _weakest(powers: Counter[int], standing: Sequence[int]) -> int:
    least = min(powers[option] for option in standing)
    return max(option for option in standing if powers[option] == least)
