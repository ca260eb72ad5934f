from __future__ import annotations

import ctypes
import threading
import time
from types import TracebackType
from typing import Self

import numpy as np

from tests.bench.chirp import RATE, Recording, Samples, Timeline

BLOCK = RATE // 100
_PLAYBACK, _RECORD = 1, 2
_S16LE = 3
_SAMPLE_BYTES = 2
_UNSET = 0xFFFFFFFF
# What the test bed buffers on either side, in blocks.
_TARGET_BLOCKS = 2


class PulseError(Exception):
    pass


class _SampleSpec(ctypes.Structure):
    _fields_ = (("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class _BufferAttr(ctypes.Structure):
    _fields_ = tuple(
        (name, ctypes.c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize")
    )


class _Stream:
    """One mono stream to or from a PulseAudio device (libpulse-simple); `server` is an address of its own."""

    def __init__(self, server: str, direction: int, device: str) -> None:
        self._library = ctypes.CDLL("libpulse-simple.so.0")
        self._library.pa_simple_new.restype = ctypes.c_void_p
        self._error = ctypes.c_int()
        spec = _SampleSpec(_S16LE, RATE, 1)
        block = BLOCK * _SAMPLE_BYTES
        buffer = _BufferAttr(_UNSET, _TARGET_BLOCKS * block, _UNSET, block, block)
        opened = self._library.pa_simple_new(
            server.encode(), b"bench", direction, device.encode(), b"bench",
            ctypes.byref(spec), None, ctypes.byref(buffer), ctypes.byref(self._error),
        )  # fmt: skip
        self._handle = ctypes.c_void_p(opened)
        if not opened:
            raise PulseError(f"{device}: {self._words()}")

    def write(self, data: bytes) -> None:
        self._check(self._library.pa_simple_write(self._handle, data, len(data), ctypes.byref(self._error)))

    def read(self, count: int) -> bytes:
        data = ctypes.create_string_buffer(count)
        self._check(self._library.pa_simple_read(self._handle, data, count, ctypes.byref(self._error)))
        return data.raw

    def close(self) -> None:
        self._library.pa_simple_free(self._handle)

    def _check(self, status: int) -> None:
        if status < 0:
            raise PulseError(self._words())

    def _words(self) -> str:
        pulse = ctypes.CDLL("libpulse.so.0")
        pulse.pa_strerror.restype = ctypes.c_char_p
        return str(pulse.pa_strerror(self._error).decode())


class _Worker:
    """A thread that moves blocks while the block lasts; what it fails with is raised in the end."""

    def __init__(self, server: str, direction: int, device: str) -> None:
        self._stream = _Stream(server, direction, device)
        self._moved: list[tuple[float, int]] = []
        self._ending = threading.Event()
        self._failure: PulseError | None = None
        self._thread = threading.Thread(target=self._run, name=device, daemon=True)

    @property
    def timeline(self) -> Timeline:
        return Timeline(self._moved)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._stream.close()
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._move(len(self._moved))
                self._moved.append((time.monotonic(), (len(self._moved) + 1) * BLOCK))
        except PulseError as failure:
            self._failure = failure

    def _move(self, block: int) -> None:
        raise NotImplementedError


class Recorder(_Worker):
    def __init__(self, server: str, device: str) -> None:
        super().__init__(server, _RECORD, device)
        self._blocks: list[bytes] = []

    @property
    def recording(self) -> Recording:
        return Recording(self.timeline, np.frombuffer(b"".join(self._blocks), "<i2") / 32768)

    def _move(self, block: int) -> None:
        self._blocks.append(self._stream.read(BLOCK * _SAMPLE_BYTES))


class Player(_Worker):
    """Plays a sound over and over."""

    def __init__(self, server: str, device: str, sound: Samples) -> None:
        super().__init__(server, _PLAYBACK, device)
        data = (sound * 32767).astype("<i2").tobytes()
        size = BLOCK * _SAMPLE_BYTES
        self._blocks = [data[at : at + size] for at in range(0, len(data), size)]

    @property
    def rounds(self) -> list[float]:
        """When the first sample of each round was handed over."""
        one = len(self._blocks)
        return [self.timeline.time_of(block * BLOCK) for block in range(0, len(self._moved), one)]

    def _move(self, block: int) -> None:
        self._stream.write(self._blocks[block % len(self._blocks)])
