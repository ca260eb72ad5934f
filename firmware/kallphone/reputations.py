from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

from kallnet.account import Address
from kallnet.errors import LedgerError
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)

FRESH_S = 24 * 3600.0
"""Ratings change once in four weeks, and to read them takes two proofs of each rater."""

RETRY_S = 3600.0


class Reputations:
    """How services sound (MOS) by what the ledger holds, read on a thread of its own.

    `scores` never waits: a service that was not read yet is missing. `read` raises LedgerError; `clock` is
    monotonic, in seconds.
    """

    def __init__(
        self,
        read: Callable[[Address], float],
        clock: Callable[[], float] = time.monotonic,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._read = read
        self._clock = clock
        self._close = close
        self._tasks = TaskThread("reputations")
        self._lock = threading.Lock()
        self._scores: dict[Address, float] = {}
        self._next: dict[Address, float] = {}

    def start(self) -> None:
        self._tasks.start()

    def stop(self) -> None:
        self._tasks.stop()
        self._close()

    def scores(self) -> dict[Address, float]:
        with self._lock:
            return dict(self._scores)

    def want(self, services: Iterable[Address]) -> None:
        """Has those read whose score is missing or a day old."""
        for service in filter(self._is_due, services):
            self._tasks.submit(partial(self._update, service))

    def _is_due(self, service: Address) -> bool:
        """Once in RETRY_S at most while reading fails."""
        now = self._clock()
        with self._lock:
            if now < self._next.get(service, now):
                return False
            self._next[service] = now + RETRY_S
            return True

    def _update(self, service: Address) -> None:
        try:
            mos = self._read(service)
        except LedgerError as error:
            log.info("no reputation: %s", error)
            return
        with self._lock:
            self._scores[service] = mos
            self._next[service] = self._clock() + FRESH_S
