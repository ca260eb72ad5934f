from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from kallphone.phone.national_tones import NATIONAL_TONES, NationalTones


class Tone(Enum):
    """Call progress tones (ITU-T E.180); none of them sounds while on-hook."""

    DIAL = auto()
    RINGBACK = auto()
    BUSY = auto()
    REORDER = auto()
    WAITING = auto()
    RECALL = auto()
    HOLD = auto()
    CONFIRM = auto()
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

# The phone's own, the same in every country. Whoever is held hears that the call is still there.
_OWN: dict[Tone, Cadence] = {
    Tone.HOLD: (Burst((425,), 150, 200), Burst((425,), 150, 9500)),
    Tone.CONFIRM: (Burst((880,), 120, 60), Burst((1175,), 200, 10_000)),
    Tone.LOW_CREDIT: (Burst((1400,), 200, 300), Burst((1400,), 200, 4300)),
    Tone.HOWLER: (Burst((1400, 2060), 100, 100),),
}


def _cadence(notation: str) -> Cadence:
    """Reads the notation of national_tones."""
    bursts: list[Burst] = []
    for step in notation.split(","):
        hz, _, ms = step.partition("/")
        length = int(ms) if ms else CONTINUOUS_MS
        if hz == "0":
            last = bursts.pop()
            bursts.append(Burst(last.hz, last.on_ms, length))
        else:
            bursts.append(Burst(tuple(int(each) for each in hz.split("+")), length, 0))
    return tuple(bursts)


def _tones(national: NationalTones) -> dict[Tone, Cadence]:
    return {
        Tone.DIAL: _cadence(national.dial),
        Tone.RINGBACK: _cadence(national.ringback),
        Tone.BUSY: _cadence(national.busy),
        Tone.REORDER: _cadence(national.reorder),
        Tone.RECALL: _cadence(national.recall),
        Tone.WAITING: _cadence(national.waiting),
        **_OWN,
    }


CADENCES: dict[str, dict[Tone, Cadence]] = {
    country: _tones(national) for country, national in NATIONAL_TONES.items()
}

RingCadence = tuple[tuple[float, float], ...]
"""Seconds on and off."""

RING_CADENCES: dict[str, RingCadence] = {
    country: national.bell for country, national in NATIONAL_TONES.items()
}

DISTINCTIVE_RINGS: tuple[RingCadence, ...] = (
    ((0.4, 0.4), (0.4, 3.0)),
    ((0.8, 0.4), (0.3, 3.0)),
    ((0.3, 0.2), (0.3, 0.2), (0.3, 3.0)),
    ((1.5, 2.0),),
)

REMINDER_RING: RingCadence = ((0.5, 2.0),)
