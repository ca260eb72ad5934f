from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

KEPT = 300


@dataclass(frozen=True)
class Happening:
    """Something that a person who watches wants to know; `source` is a phone's name, "ledger" or "bench"."""

    number: int
    source: str
    words: str


class Happenings:
    """What happened lately, told to whoever watches."""

    def __init__(self) -> None:
        self._latest: deque[Happening] = deque(maxlen=KEPT)
        self._watchers: list[Callable[[], None]] = []
        self._count = 0

    def tell(self, source: str, words: str) -> None:
        self._count += 1
        self._latest.append(Happening(self._count, source, words))
        for watcher in tuple(self._watchers):
            watcher()

    def after(self, number: int) -> Iterator[Happening]:
        """Those that are kept and newer."""
        return (happening for happening in tuple(self._latest) if happening.number > number)

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """`watcher` is called after each happening; call what comes back to end it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)
