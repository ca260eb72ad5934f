from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import psutil

from kallphone.demo.stage import DemoPhone, Say, Stage
from kallphone.hardware.pins import CHIP_ROWS, default_path
from tests.bench.keys import Stroke, type_everywhere
from tests.bench.lifts import Lifts, lift_often
from tests.bench.percentiles import percentile, spread
from tests.bench.phones import funded_stage, paid_call
from tests.bench.report import Figures
from tests.bench.sound_bed import SoundBed, sound_bed

_SMALL, _LARGE = "ssd1306", "ssd1327"
_WARM, _COLD = 20, 10
_MIB = 1 << 20


async def measure(folder: Path, say: Say) -> Figures:
    """What a hand waits for: the glass behind a key, the dial tone behind a lift; and the phone's memory.

    The dial tone's figures include what the test bed takes to open a stream, and up to a block of 10 ms.
    """
    async with sound_bed(folder) as bed, funded_stage(folder / "phones", say, bed) as on:
        lifts = await _lifts(on, bed, say)
        strokes = {_SMALL: await _strokes(on, _SMALL, say)}
        async with paid_call(on):
            memory = _memory(on.a.held.pid)
        await _exchange_glass(on.a, folder)
        strokes[_LARGE] = await _strokes(on, _LARGE, say)
    return {
        "key_to_frame_ms": _key_figures(strokes),
        "offhook_to_tone_ms": _lift_figures(lifts),
        "phone_rss_mb": memory,
    }


async def _lifts(on: Stage, bed: SoundBed, say: Say) -> Lifts:
    say(f"{_COLD} lifts with the sound card closed, and {_WARM} with it open")
    lifts = await lift_often(on.a.held, bed, "a_ear", warm=_WARM, cold=_COLD)
    say(f"off-hook to tone: cold {spread(lifts.cold)}; warm {spread(lifts.warm)}")
    return lifts


async def _strokes(on: Stage, chip: str, say: Say) -> list[Stroke]:
    strokes = await type_everywhere(on.a, on.b.number, chip)
    wire = [1000 * stroke.wire for stroke in strokes]
    say(f"key to frame, {chip}: {spread([one.key_ms for one in strokes])}; on the wire {spread(wire)}")
    return strokes


async def _exchange_glass(phone: DemoPhone, folder: Path) -> None:
    """The same phone, started anew with the large display."""
    table = default_path().read_text()
    for key, value in (("chip", f'"{_LARGE}"'), ("height", str(CHIP_ROWS[_LARGE]))):
        table = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", table)
    pins = folder / "pins.toml"
    pins.write_text(table)
    phone.options = ("--pins", str(pins))
    await phone.restart()


def _memory(pid: int) -> dict[str, float]:
    """Resident MiB in a call, with every page and a message behind it; of these the process' own."""
    memory = psutil.Process(pid).memory_full_info()
    return {"rss": round(memory.rss / _MIB, 1), "uss": round(memory.uss / _MIB, 1)}


def _key_figures(strokes: dict[str, list[Stroke]]) -> dict[str, float]:
    keys = {chip: [stroke.key_ms for stroke in those] for chip, those in strokes.items()}
    return {
        **_shares(keys[_SMALL]),
        "p95_large": _rounded(keys[_LARGE], 95),
        "p95_from_press": _rounded([stroke.press_ms for stroke in strokes[_SMALL]], 95),
    }


def _lift_figures(lifts: Lifts) -> dict[str, float]:
    return {**_shares(lifts.warm + lifts.cold), "p95_warm": _rounded(lifts.warm, 95)}


def _shares(values: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": _rounded(values, share) for share in (50, 95)}


def _rounded(values: Sequence[float], share: float) -> float:
    return round(percentile(values, share), 1)
