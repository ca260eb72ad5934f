from __future__ import annotations

import math
from dataclasses import dataclass

from kallphone.phone.tones import CADENCES, CONTINUOUS_MS, Tone

# The tone generator keeps durations in a signed 16-bit field.
_LONGEST_MS = 32_000
# A full-scale sine is +3.14 dBm0 (ITU-T G.711).
_FULL_SCALE_DBM0 = 3.14
# What sounds over a call leaves the speech in front.
_LEVEL_DBM0 = {
    Tone.HOWLER: 0.0,
    Tone.LOW_CREDIT: -15.0,
    Tone.CONFIRM: -15.0,
    Tone.WAITING: -20.0,
    Tone.HOLD: -20.0,
}
# ITU-T E.180 section 6: call progress tones at -10 dBm0.
_USUAL_DBM0 = -10.0


@dataclass(frozen=True)
class ToneStep:
    """Frequencies in Hz (0 = none), durations in ms, peak of each frequency in 16-bit samples."""

    low_hz: int
    high_hz: int
    on_ms: int
    off_ms: int
    volume: int


def tone_steps(country: str, tone: Tone) -> tuple[ToneStep, ...]:
    """What to loop for `tone`; raises KeyError for a country without cadences."""
    return tuple(
        _step(burst.hz, burst.on_ms, burst.off_ms, _LEVEL_DBM0.get(tone, _USUAL_DBM0))
        for burst in CADENCES[country][tone]
    )


def _step(hz: tuple[int, ...], on_ms: int, off_ms: int, dbm0: float) -> ToneStep:
    low, high = (*hz, 0, 0)[:2]
    length = min(on_ms, _LONGEST_MS) if on_ms >= CONTINUOUS_MS else on_ms
    return ToneStep(low, high, length, off_ms, _peak(dbm0, len(hz)))


def _peak(dbm0: float, frequencies: int) -> int:
    """Two frequencies share the power, and the generator halves each of them."""
    gain: float = 10.0 ** ((dbm0 - _FULL_SCALE_DBM0) / 20)
    return round(32767 * gain * math.sqrt(frequencies))
