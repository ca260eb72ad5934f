from __future__ import annotations

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` per cent of the values do not exceed (nearest rank)."""
    if not values or not 0 < share <= 100:
        raise ValueError(f"no percentile {share} of {len(values)} values")
    return sorted(values)[ceil(share / 100 * len(values)) - 1]


def spread(values: Sequence[float]) -> str:
    """For people: from the lower to the upper quartile."""
    return f"{percentile(values, 25):.4g} to {percentile(values, 75):.4g}, n={len(values)}"
