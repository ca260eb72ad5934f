from __future__ import annotations

import fcntl
import logging
import os
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


class InUse:
    """layout.in_use, locked (flock, shared) while somebody uses the phone.

    The kernel takes the lock back from a process that dies.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.held = False

    def mark(self, busy: bool) -> None:
        """Never waits. Where an updater has it already the phone goes on, and tries again later."""
        if busy == self.held:
            return
        if not busy:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            self.held = False
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            self.held = True
        except BlockingIOError:
            log.warning("the phone is taken up while an update is about to start it anew")

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._handle)
        self.held = False
