from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from kallphone.device.layout import Layout

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """What others may know of the phone, as JSON; times in Unix seconds.

    `account` in hexadecimal with 0x, empty where it is not known yet. `spoke` is when this was written: a
    phone that is alive does so every few seconds.
    """

    mode: str
    registered: bool = False
    registered_since: int | None = None
    busy: bool = False
    account: str = ""
    release: int = 0
    spoke: int = 0


class StatusFile:
    """layout.status, replaced as a whole; a full disk is told to the log and harms nobody."""

    def __init__(self, path: Path, status: Status, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._status = status

    def show(self, *, registered: bool, busy: bool, account: str) -> None:
        """Written where it differs from what stands there."""
        if (registered, busy, account) == (self._status.registered, self._status.busy, self._status.account):
            return
        since = self._status.registered_since if registered else None
        if registered and since is None:
            since = int(self._clock())
        self._status = replace(
            self._status, registered=registered, registered_since=since, busy=busy, account=account
        )
        self.write()

    def write(self) -> None:
        self._status = replace(self._status, spoke=int(self._clock()))
        scratch = self._path.with_name(f".{self._path.name}")
        try:
            scratch.write_text(json.dumps(asdict(self._status)), encoding="utf-8")
            scratch.replace(self._path)
        except OSError as error:
            log.warning("%s was not written: %s", self._path, error.strerror)


def release_build(layout: Layout) -> int:
    """0 where this is no image."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads(layout.release.read_text(encoding="utf-8"))["build"])
    return 0
