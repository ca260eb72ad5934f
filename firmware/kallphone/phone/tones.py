from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Tone(Enum):
    """Call progress tones (ITU-T E.180); none of them sounds while on-hook."""

    DIAL = auto()
    RINGBACK = auto()
    BUSY = auto()
    REORDER = auto()
    WAITING = auto()
    RECALL = auto()
    HOLD = auto()
    LOW_CREDIT = auto()
    HOWLER = auto()


@dataclass(frozen=True)
class Burst:
    """One step of a cadence: up to two frequencies in Hz, then silence, both in milliseconds."""

    hz: tuple[int, ...]
    on_ms: int
    off_ms: int


Cadence = tuple[Burst, ...]

# A burst this long is continuous for every practical purpose.
CONTINUOUS_MS = 60_000

_HOWLER: Cadence = (Burst((1400, 2060), 100, 100),)
_WAITING: Cadence = (Burst((425,), 200, 600), Burst((425,), 200, 3000))
_RECALL: Cadence = (Burst((425,), 200, 100),)
_HOLD: Cadence = (Burst((425,), 150, 200), Burst((425,), 150, 9500))
_LOW_CREDIT: Cadence = (Burst((1400,), 200, 300), Burst((1400,), 200, 4300))

# Frequencies and cadences: ITU-T E.180 supplement 2 (various tones used in national networks).
CADENCES: dict[str, dict[Tone, Cadence]] = {
    "de": {
        Tone.DIAL: (Burst((425,), CONTINUOUS_MS, 0),),
        Tone.RINGBACK: (Burst((425,), 1000, 4000),),
        Tone.BUSY: (Burst((425,), 480, 480),),
        Tone.REORDER: (Burst((425,), 240, 240),),
        Tone.WAITING: _WAITING,
        Tone.RECALL: _RECALL,
        Tone.HOLD: _HOLD,
        Tone.LOW_CREDIT: _LOW_CREDIT,
        Tone.HOWLER: _HOWLER,
    },
    "gb": {
        Tone.DIAL: (Burst((350, 440), CONTINUOUS_MS, 0),),
        Tone.RINGBACK: (Burst((400, 450), 400, 200), Burst((400, 450), 400, 2000)),
        Tone.BUSY: (Burst((400,), 375, 375),),
        Tone.REORDER: (Burst((400,), 400, 350), Burst((400,), 225, 525)),
        Tone.WAITING: _WAITING,
        Tone.RECALL: _RECALL,
        Tone.HOLD: _HOLD,
        Tone.LOW_CREDIT: _LOW_CREDIT,
        Tone.HOWLER: _HOWLER,
    },
    "us": {
        Tone.DIAL: (Burst((350, 440), CONTINUOUS_MS, 0),),
        Tone.RINGBACK: (Burst((440, 480), 2000, 4000),),
        Tone.BUSY: (Burst((480, 620), 500, 500),),
        Tone.REORDER: (Burst((480, 620), 250, 250),),
        Tone.WAITING: _WAITING,
        Tone.RECALL: _RECALL,
        Tone.HOLD: _HOLD,
        Tone.LOW_CREDIT: _LOW_CREDIT,
        Tone.HOWLER: _HOWLER,
    },
}

RingCadence = tuple[tuple[float, float], ...]
"""Seconds on and off."""

RING_CADENCES: dict[str, RingCadence] = {
    "de": ((1.0, 4.0),),
    "gb": ((0.4, 0.2), (0.4, 2.0)),
    "us": ((2.0, 4.0),),
}

DISTINCTIVE_RINGS: tuple[RingCadence, ...] = (
    ((0.4, 0.4), (0.4, 3.0)),
    ((0.8, 0.4), (0.3, 3.0)),
    ((0.3, 0.2), (0.3, 0.2), (0.3, 3.0)),
    ((1.5, 2.0),),
)

REMINDER_RING: RingCadence = ((0.5, 2.0),)
