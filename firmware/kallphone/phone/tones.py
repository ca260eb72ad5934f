from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Tone(Enum):
    """Call progress tones (ITU-T E.180); none of them sounds while on-hook."""

    DIAL = auto()
    RINGBACK = auto()
    BUSY = auto()
    REORDER = auto()
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
_LOW_CREDIT: Cadence = (Burst((1400,), 200, 300), Burst((1400,), 200, 4300))

# Frequencies and cadences: ITU-T E.180 supplement 2 (various tones used in national networks).
CADENCES: dict[str, dict[Tone, Cadence]] = {
    "de": {
        Tone.DIAL: (Burst((425,), CONTINUOUS_MS, 0),),
        Tone.RINGBACK: (Burst((425,), 1000, 4000),),
        Tone.BUSY: (Burst((425,), 480, 480),),
        Tone.REORDER: (Burst((425,), 240, 240),),
        Tone.LOW_CREDIT: _LOW_CREDIT,
        Tone.HOWLER: _HOWLER,
    },
    "gb": {
        Tone.DIAL: (Burst((350, 440), CONTINUOUS_MS, 0),),
        Tone.RINGBACK: (Burst((400, 450), 400, 200), Burst((400, 450), 400, 2000)),
        Tone.BUSY: (Burst((400,), 375, 375),),
        Tone.REORDER: (Burst((400,), 400, 350), Burst((400,), 225, 525)),
        Tone.LOW_CREDIT: _LOW_CREDIT,
        Tone.HOWLER: _HOWLER,
    },
    "us": {
        Tone.DIAL: (Burst((350, 440), CONTINUOUS_MS, 0),),
        Tone.RINGBACK: (Burst((440, 480), 2000, 4000),),
        Tone.BUSY: (Burst((480, 620), 500, 500),),
        Tone.REORDER: (Burst((480, 620), 250, 250),),
        Tone.LOW_CREDIT: _LOW_CREDIT,
        Tone.HOWLER: _HOWLER,
    },
}
