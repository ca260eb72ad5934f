from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

RATE = 48_000
"""Samples a second, 16 bits each, one channel: the clock of the phone's sound."""

_HEADER = b"RIFF"
_HEADER_BYTES = 44
_CHUNK = 65_536


class Ear:
    """What a held phone's earpiece plays, as it plays it.

    The phone records into a named pipe in place of a WAV file: nothing grows on a disk, and nothing has to be
    polled. pjmedia writes about 40 ms at a time. The pipe is always emptied, or the phone's clock would wait.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._listeners: list[Callable[[bytes], None]] = []
        self._fd = -1

    def open(self) -> None:
        """Before the phone starts: it waits for a reader of its pipe."""
        self.path.unlink(missing_ok=True)
        os.mkfifo(self.path, 0o600)
        # Also for writing, so that a phone that restarts is no end of the file.
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._fd, self._read)

    def close(self) -> None:
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
        self.path.unlink(missing_ok=True)

    def listen(self, listener: Callable[[bytes], None]) -> Callable[[], None]:
        """`listener` gets samples, little endian, from now on; call what comes back to end it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _read(self) -> None:
        samples = os.read(self._fd, _CHUNK)
        if samples.startswith(_HEADER):
            samples = samples[_HEADER_BYTES:]
        for listener in tuple(self._listeners):
            listener(samples)
