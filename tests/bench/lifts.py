from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np

from kallphone.bench.held import HeldPhone
from kallphone.demo.stage import CALL_S
from tests.bench.chirp import Recording
from tests.bench.pulse import BLOCK, Recorder
from tests.bench.report import BenchError
from tests.bench.sound_bed import SoundBed

# A dial tone is far louder, and an idle sound card of the test bed gives zeros.
_AUDIBLE = 0.01
_MOST_BLOCKS = 100
_SILENT_BLOCKS = 5
# Until the dial tone must be at the ear.
_LISTEN_S = 0.2
# With the handset down: the sound card is still open after the first, and closed after the second.
_WARM_S = 0.2
_COLD_S = 2.3


@dataclass(frozen=True)
class Lifts:
    """Milliseconds from the hook's event to the first sound of the dial tone."""

    warm: list[float]
    cold: list[float]


async def lift_often(held: HeldPhone, bed: SoundBed, ear: str, *, warm: int, cold: int) -> Lifts:
    """The handset up and down; cold where the phone has closed its sound card before."""
    with Recorder(bed.server, f"{ear}.monitor") as recorder:
        await asyncio.sleep(_COLD_S)
        cold_at = [await _lift(held, _COLD_S) for _ in range(cold)]
        await _lift(held, _WARM_S)
        warm_at = [await _lift(held, _WARM_S) for _ in range(warm)]
    heard = recorder.recording
    return Lifts(
        warm=[_until_heard_ms(heard, at) for at in warm_at],
        cold=[_until_heard_ms(heard, at) for at in cold_at],
    )


async def _lift(held: HeldPhone, rest_s: float) -> float:
    """Seconds, by the phone's clock, at which it noticed; with the handset down again for `rest_s`."""
    hands = len(held.hands)
    await held.lift()
    await held.wait_for(lambda phone: phone.tone == "DIAL", CALL_S, "dial tone")
    await asyncio.sleep(_LISTEN_S)
    await held.lower()
    await asyncio.sleep(rest_s)
    return held.hands[hands][0]


def _until_heard_ms(heard: Recording, at: float) -> float:
    """By the arrival of the block that has the first sound, which is never before the ear has it.

    A sound server that opens a stream holds up the others, so that an even timeline would be wrong.
    """
    blocks = heard.samples[: len(heard.timeline.blocks) * BLOCK].reshape(-1, BLOCK)
    loud = np.abs(blocks).max(axis=1) > _AUDIBLE
    arrived = np.array([t for t, _ in heard.timeline.blocks])
    first = int(np.searchsorted(arrived, at))
    if loud[first - _SILENT_BLOCKS : first].any():
        raise BenchError("the ear was not silent before the handset was lifted")
    if not loud[first : first + _MOST_BLOCKS].any():
        raise BenchError("no dial tone was heard")
    return float(1000 * (arrived[first + int(loud[first:].argmax())] - at))
