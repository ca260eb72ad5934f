"""What an updater knows of the running phone: status.json, and whether anybody uses it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kallphone.device.layout import Layout
from kallphone.update.errors import Postponed

FRESH = 60  # seconds


@dataclass(frozen=True, slots=True)
class Heard:
    """`spoke`: Unix seconds by the phone's clock when it wrote this."""

    registered: bool
    spoke: int
    release: int


class RunningPhone:
    def __init__(self, layout: Layout, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._layout = layout
        self._clock = clock
        self._sleep = sleep

    def hear(self) -> Heard | None:
        """None where no phone runs (it may be set up, or its self-test may be run)."""
        try:
            told = json.loads(self._layout.status.read_bytes())
            if told["mode"] != "phone":
                return None
            return Heard(told["registered"] is True, int(told["spoke"]), int(told["release"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def is_registered_now(self) -> bool:
        heard = self.hear()
        return heard is not None and heard.registered and abs(self._clock() - heard.spoke) <= FRESH

    @contextmanager
    def to_ourselves(self, most: float, pause: float) -> Iterator[None]:
        """Waits until nobody uses the phone, at most `most` seconds, then lets nobody begin. Or Postponed."""
        try:
            handle = os.open(self._layout.in_use, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            raise Postponed("the phone does not run, so nobody can tell whether a new system works") from None
        try:
            self._lock(handle, most, pause)
            yield
        finally:
            os.close(handle)

    def _lock(self, handle: int, most: float, pause: float) -> None:
        waited = 0.0
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waited >= most:
                    raise Postponed("the phone is in use: the update is ready and waits") from None
            self._sleep(pause)
            waited += pause
