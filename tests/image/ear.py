"""An ear on the guest's loopback sound card, and what it heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.image.guest import Guest

HANDSET = "plughw:CARD=Loopback,DEV=0"
"""The phone's end of the loopback card, as ALSA names it."""

_EAR = "plughw:CARD=Loopback,DEV=1"
RATE = 48_000
_WINDOW = RATE // 4
_LOUD = 0.01

Samples = npt.NDArray[np.float64]


@contextmanager
def listening(guest: Guest, name: str) -> Iterator[Path]:
    """A recording of what the handset's loudspeaker plays meanwhile; complete when the block has ended."""
    path = f"/run/tests/{name}.raw"
    unit = f"kallear-{name}"
    command = f"arecord -q -D {_EAR} -f S16_LE -r {RATE} -c 1 -t raw {path}"
    guest.says(f"systemd-run --quiet --unit={unit} --collect {command}")
    try:
        yield guest.share / f"{name}.raw"
    finally:
        guest.run(f"systemctl stop {unit}")


def heard(recording: Path) -> Samples:
    raw = recording.read_bytes()
    return np.frombuffer(raw[: len(raw) // 2 * 2], dtype="<i2") / 32768


def tones(samples: Samples) -> list[float]:
    """The strongest frequency, in Hz, of each quarter of a second that is not quiet."""
    found = []
    for at in range(0, len(samples) - _WINDOW, _WINDOW):
        part = samples[at : at + _WINDOW]
        if np.sqrt(np.mean(part**2)) > _LOUD:
            spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 4 * _WINDOW))
            found.append(float(np.argmax(spectrum)) * RATE / (4 * _WINDOW))
    return found
