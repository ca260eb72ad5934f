from __future__ import annotations

PERIOD_S = 15
"""The unit of price, in seconds."""


def started_periods(elapsed_s: float) -> int:
    """Periods begun since the answer; a period costs in full from its first instant."""
    return max(0, int(elapsed_s // PERIOD_S)) + 1


def affordable_seconds(available: int, price: int, elapsed_s: float, paid_periods: int) -> int | None:
    """Seconds of talk left, with `available` base units unsigned; None where talk is free."""
    if price == 0:
        return None
    paid_until = paid_periods * PERIOD_S
    return max(0, int(paid_until + (available // price) * PERIOD_S - elapsed_s))


def a_minute(per_period: int) -> int:
    """Base units a minute."""
    return per_period * 60 // PERIOD_S


def clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
