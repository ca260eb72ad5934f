from __future__ import annotations

import asyncio
import time
import wave
from contextlib import suppress
from dataclasses import dataclass
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
# pa_threaded_mainloop names its thread so.
_PULSE_THREAD = "threaded-ml"


@dataclass(frozen=True)
class _Cost:
    """CPU seconds per minute, those of them that the test bed's library takes, and resident MiB."""

    cpu: float
    pulse: float
    rss: float


async def measure(folder: Path, say: Say) -> Figures:
    """The caller's process in an Opus call over DTLS-SRTP, with speech in both microphones."""
    costs: dict[str, _Cost] = {}
    async with sound_bed(folder) as bed:
        speech = await _speech(folder)
        async with baresip_call(bed, folder) as call:
            say(f"A call of {_CALL_S:.0f} s between two baresips")
            costs["baresip"] = await _cost(bed, speech, call.caller)
        async with funded_stage(folder / "phones", say, bed) as on, paid_call(on):
            say(f"A call of {_CALL_S:.0f} s between two phones")
            costs["phone"] = await _cost(bed, speech, on.a.held.pid)
    for name, cost in costs.items():
        say(f"CPU, {name}: {cost.pulse:.2f} of {cost.cpu:.2f} s are PulseAudio's, which a sound card spares")
    return {
        "cpu_s_per_call_minute": {name: round(cost.cpu, 2) for name, cost in costs.items()},
        "rss_mb": {name: round(cost.rss, 1) for name, cost in costs.items()},
    }


async def _cost(bed: SoundBed, speech: Samples, pid: int) -> _Cost:
    process = psutil.Process(pid)
    with Player(bed.server, "a_mic", speech), Player(bed.server, "b_mic", speech):
        await asyncio.sleep(_SETTLE_S)
        began, before = time.monotonic(), _spent(process)
        await asyncio.sleep(_CALL_S)
        after, minutes = _spent(process), (time.monotonic() - began) / 60
        resident = process.memory_info().rss / _MIB
    cpu, pulse = ((late - early) / minutes for early, late in zip(before, after, strict=True))
    return _Cost(cpu, pulse, resident)


def _spent(process: psutil.Process) -> tuple[float, float]:
    """CPU seconds up to now, of all threads and of libpulse's."""
    times = process.cpu_times()
    pulse = (thread for thread in process.threads() if _thread_name(process.pid, thread.id) == _PULSE_THREAD)
    return times.user + times.system, sum(thread.user_time + thread.system_time for thread in pulse)


def _thread_name(pid: int, thread: int) -> str:
    with suppress(OSError):  # it may have ended since
        return Path(f"/proc/{pid}/task/{thread}/comm").read_text().strip()
    return ""


async def _speech(folder: Path) -> Samples:
    file = folder / "speech.wav"
    await make_speech(file, "en-gb", SENTENCES[0])
    with wave.open(str(file), "rb") as recorded:
        samples = np.frombuffer(recorded.readframes(recorded.getnframes()), "<i2") / 32768
    return samples[: samples.size // BLOCK * BLOCK]
