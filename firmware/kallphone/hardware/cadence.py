from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import cycle

from kallphone.phone.sound import Ring

Wait = Callable[[threading.Condition, float | None], bool]
"""`threading.Condition.wait`: true where something changed before the time was over."""


def beats(ring: Ring) -> Iterator[tuple[bool, float]]:
    """Whether it sounds and for how many seconds, without end; silence of no length is left out."""
    for on_s, off_s in cycle(ring.cadence):
        yield ring.volume > 0, on_s
        if off_s > 0:
            yield False, off_s


class CadenceRinger(ABC):
    """Rings on its own thread; what was asked for last counts at once."""

    def __init__(self, name: str, wait: Wait = threading.Condition.wait) -> None:
        self._wait = wait
        self._ring: Ring | None = None
        self._fresh = False
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._ring, self._stopping = None, True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def ringing(self) -> bool:
        return self._ring is not None

    def ring(self, ring: Ring | None) -> None:
        with self._changed:
            if ring != self._ring:
                self._ring, self._fresh = ring, True
                self._changed.notify_all()

    @abstractmethod
    def _sound(self, ring: Ring) -> None:
        """Ring until `_over` says so, and be silent then."""

    def _over(self, seconds: float | None) -> bool:
        """Let the time pass, endlessly for None; true as soon as something else is wanted."""
        with self._changed:
            return self._fresh or self._stopping or self._wait(self._changed, seconds)

    def _run(self) -> None:
        while not self._stopping:
            with self._changed:
                ring, self._fresh = self._ring, False
            if ring is None:
                self._over(None)
            else:
                self._sound(ring)
