from __future__ import annotations

COIN = 1_000_000
"""Base units in one kallCoin (6 decimals)."""


def coins(amount: int) -> str:
    """Base units as kallCoin with two to six decimals: never rounds money away."""
    whole, rest = divmod(amount, COIN)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}"
