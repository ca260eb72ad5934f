from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import chirp, correlate
from scipy.signal.windows import hann

RATE = 48_000
CHIRP_S = 0.1
# Where a voice has its strength: codecs for voice keep the shape of that.
_FROM_HZ, _TO_HZ = 300.0, 3_000.0
_AMPLITUDE = 0.3
_SURE = 0.7
_NEAR_S = 1.0

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Timeline:
    """When samples passed a place, from the time at which each of their blocks was moved.

    A block is moved when the machine gets round to it, never before it is due: of those near a sample the
    promptest one tells.
    """

    blocks: Sequence[tuple[float, int]]
    """Seconds, and the samples that had passed by then."""

    def time_of(self, sample: int) -> float:
        moved = np.array(self.blocks)
        near = np.abs(moved[:, 1] - sample) <= _NEAR_S * RATE
        return float(np.min(moved[near, 0] - moved[near, 1] / RATE)) + sample / RATE


@dataclass(frozen=True)
class Recording:
    timeline: Timeline
    samples: Samples


def make_chirp() -> Samples:
    seconds = np.arange(int(CHIRP_S * RATE)) / RATE
    made: Samples = _AMPLITUDE * chirp(seconds, _FROM_HZ, CHIRP_S, _TO_HZ) * hann(seconds.size)
    return made


def delays_ms(spoken: Sequence[float], heard: Recording, longest_s: float) -> list[float]:
    """For each time of a chirp, how long after it the chirp was heard; without those not heard by then."""
    likeness = np.abs(_likeness(heard.samples, make_chirp()))
    began = heard.timeline.time_of(0)
    found = []
    for at in spoken:
        first = max(0, round((at - began) * RATE))
        part = likeness[first : first + round(longest_s * RATE)]
        if part.size and part.max() > _SURE:
            found.append(1000 * (heard.timeline.time_of(first + int(part.argmax())) - at))
    return found


def _likeness(heard: Samples, template: Samples) -> Samples:
    """Normalised cross-correlation, -1 to 1, for each place where the template fits."""
    energy = np.concatenate([[0.0], np.cumsum(heard**2)])
    windows = energy[template.size :] - energy[: -template.size]
    scale = np.sqrt(np.maximum(windows, 1e-4) * np.sum(template**2))
    scored: Samples = correlate(heard, template, "valid") / scale
    return scored
