from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from kallphone.device.notify import Notifier

log = logging.getLogger(__name__)

Pulse = Callable[[], int]
"""How often a thread has come round; one that hangs stays at a number."""

UNWATCHED_S = 5.0
BEATS = 4
"""In the time that the service manager waits."""


class Watchdog:
    """Feeds the service manager's watchdog as long as every pulse moves between two beats.

    `beat` is called by the loop that is watched, too: where that hangs, nobody feeds.
    """

    def __init__(self, notifier: Notifier, pulses: Mapping[str, Pulse]) -> None:
        self._notifier = notifier
        self._pulses = pulses
        self._seen = dict.fromkeys(pulses, -1)
        self._still: frozenset[str] = frozenset()

    @property
    def beat_s(self) -> float:
        """The pause between two beats."""
        return self._notifier.watchdog_s / BEATS or UNWATCHED_S

    def beat(self) -> bool:
        """Whether all is alive, and was said to be."""
        now = {name: pulse() for name, pulse in self._pulses.items()}
        still = frozenset(name for name, count in now.items() if count == self._seen[name])
        self._seen = now
        if still != self._still:
            for name in still:
                log.error("the %s thread stands still", name)
            self._still = still
        if still:
            return False
        self._notifier.alive()
        return True

    async def run(self, on_beat: Callable[[], None] = lambda: None) -> None:
        """Beats on this loop, until cancelled; `on_beat` follows each that found all alive."""
        while True:
            if self.beat():
                on_beat()
            await asyncio.sleep(self.beat_s)


@contextmanager
def alive_by_thread(notifier: Notifier) -> Iterator[None]:
    """Of what has a person in front of it, who sees it hang: alive as long as the interpreter runs."""
    over = threading.Event()
    watchdog = Watchdog(notifier, {})

    def feed() -> None:
        watchdog.beat()
        while not over.wait(watchdog.beat_s):
            watchdog.beat()

    thread = threading.Thread(target=feed, name="watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
