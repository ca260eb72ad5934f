from __future__ import annotations

import asyncio
import time
import wave
from pathlib import Path

import numpy as np
import psutil

from kallphone.demo.speech import SENTENCES, make_speech
from kallphone.demo.stage import Say
from tests.bench.baresip import baresip_call
from tests.bench.chirp import Samples
from tests.bench.phones import funded_stage, paid_call
from tests.bench.pulse import BLOCK, Player
from tests.bench.report import Figures
from tests.bench.sound_bed import SoundBed, sound_bed

_CALL_S = 45.0
# What setting up the call took is not the call's.
_SETTLE_S = 3.0
_MIB = 1 << 20


async def measure(folder: Path, say: Say) -> Figures:
    """The caller's process in an Opus call over DTLS-SRTP, with speech in both microphones."""
    used: dict[str, tuple[float, float]] = {}
    async with sound_bed(folder) as bed:
        speech = await _speech(folder)
        async with baresip_call(bed, folder) as call:
            say(f"A call of {_CALL_S:.0f} s between two baresips")
            used["baresip"] = await _used(bed, speech, call.caller)
        async with funded_stage(folder / "phones", say, bed) as on, paid_call(on):
            say(f"A call of {_CALL_S:.0f} s between two phones")
            used["phone"] = await _used(bed, speech, on.a.held.pid)
    return {
        "cpu_s_per_call_minute": {name: cpu for name, (cpu, _) in used.items()},
        "rss_mb": {name: rss for name, (_, rss) in used.items()},
    }


async def _used(bed: SoundBed, speech: Samples, pid: int) -> tuple[float, float]:
    """CPU seconds per minute and resident MiB of a process while both sides talk."""
    process = psutil.Process(pid)
    with Player(bed.server, "a_mic", speech), Player(bed.server, "b_mic", speech):
        await asyncio.sleep(_SETTLE_S)
        began, before = time.monotonic(), process.cpu_times()
        await asyncio.sleep(_CALL_S)
        after, took = process.cpu_times(), time.monotonic() - began
        resident = process.memory_info().rss
    cpu = (after.user + after.system) - (before.user + before.system)
    return round(cpu * 60 / took, 2), round(resident / _MIB, 1)


async def _speech(folder: Path) -> Samples:
    file = folder / "speech.wav"
    await make_speech(file, "en-gb", SENTENCES[0])
    with wave.open(str(file), "rb") as recorded:
        samples = np.frombuffer(recorded.readframes(recorded.getnframes()), "<i2") / 32768
    return samples[: samples.size // BLOCK * BLOCK]
