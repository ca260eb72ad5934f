from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def unix(self) -> float: ...

    def monotonic(self) -> float:
        """Seconds since any moment; the clock that metering and `call_at` go by."""

    def call_at(self, when: float, action: Callable[[], None]) -> Timer: ...


class LoopClock:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def unix(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return self._loop.time()

    def call_at(self, when: float, action: Callable[[], None]) -> Timer:
        return self._loop.call_at(when, action)
