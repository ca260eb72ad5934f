from __future__ import annotations

import asyncio
from pathlib import Path
from statistics import median

import numpy as np

from kallphone.demo.stage import Say
from tests.bench.baresip import baresip_call
from tests.bench.chirp import RATE, Samples, delays_ms, make_chirp
from tests.bench.percentiles import spread
from tests.bench.phones import funded_stage, paid_call
from tests.bench.pulse import Player, Recorder
from tests.bench.report import BenchError, Figures
from tests.bench.sound_bed import SoundBed, sound_bed

_EVERY_S = 0.7
_LONGEST_S = 0.6
_LISTEN_S = 10.0
# A call needs a while until its jitter buffers have found their depth, and no two calls find the same.
_SETTLE_S = 4.0
_CALLS = 3
_FEWEST = 5


async def measure(folder: Path, say: Say) -> Figures:
    """From a chirp handed to A's microphone to its sound at B's ear, what the test bed takes included."""
    async with sound_bed(folder) as bed:
        delays = {
            "floor": await _delays(bed, "a_mic", "a_mic"),
            "baresip": await _through_baresip(bed, folder),
            "phone": await _through_phones(bed, folder, say),
        }
    for name, found in delays.items():
        say(f"mouth to ear, {name}: {spread(found)}")
    return {"mouth_to_ear_ms": {name: round(median(found), 1) for name, found in delays.items()}}


async def _through_baresip(bed: SoundBed, folder: Path) -> list[float]:
    delays = []
    for _ in range(_CALLS):
        async with baresip_call(bed, folder):
            delays += await _one_way(bed)
    return delays


async def _through_phones(bed: SoundBed, folder: Path, say: Say) -> list[float]:
    delays = []
    async with funded_stage(folder / "phones", say, bed) as on:
        for _ in range(_CALLS):
            async with paid_call(on):
                delays += await _one_way(bed)
    return delays


async def _one_way(bed: SoundBed) -> list[float]:
    await asyncio.sleep(_SETTLE_S)
    return await _delays(bed, "a_mic", "b_ear")


async def _delays(bed: SoundBed, mouth: str, ear: str) -> list[float]:
    with Recorder(bed.server, f"{ear}.monitor") as recorder, Player(bed.server, mouth, _chirps()) as player:
        await asyncio.sleep(_LISTEN_S)
    # Of the first rounds the player's buffer takes some at once; the last may not be heard any more.
    spoken = player.rounds[3:-2]
    delays = await asyncio.to_thread(delays_ms, spoken, recorder.recording, _LONGEST_S)
    if len(delays) < _FEWEST:
        raise BenchError(f"of {len(spoken)} chirps from {mouth} only {len(delays)} were heard at {ear}")
    return delays


def _chirps() -> Samples:
    sound = np.zeros(int(_EVERY_S * RATE))
    chirp = make_chirp()
    sound[: chirp.size] = chirp
    return sound
