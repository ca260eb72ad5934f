from __future__ import annotations

import time
from collections.abc import Callable

from kallphone.storage.settings import Settings

DAY_S = 86_400
_NAME = "deposits"


class DepositAllowance:
    """How much the phone puts on deposit by itself within any 24 hours, in all; `per_day` 0 sets no bound.

    Counted on disk before a deposit leaves. What a clock that went back puts into the future counts too.
    """

    def __init__(
        self, settings: Settings, per_day: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._per_day = per_day
        self._clock = clock

    def at_most(self, amount: int) -> int:
        if not self._per_day:
            return amount
        return max(0, min(amount, self._per_day - sum(made for _, made in self._lately())))

    def spend(self, amount: int) -> None:
        self._write([*self._lately(), (int(self._clock()), amount)])

    def give_back(self, amount: int) -> None:
        """The latest deposit was refused for certain."""
        made = self._lately()
        if made and made[-1][1] == amount:
            self._write(made[:-1])

    def _lately(self) -> list[tuple[int, int]]:
        kept = (self._settings.read(_NAME) or {}).get("made", [])
        since = self._clock() - DAY_S
        return [(at, made) for at, made in kept if at > since]

    def _write(self, made: list[tuple[int, int]]) -> None:
        self._settings.write(_NAME, {"made": made})
