from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kallphone.bench.held import HeldPhone
from kallphone.demo.stage import CALL_S, Say, Stage, Voice, stage
from tests.bench.sound_bed import SoundBed

FUNDS = 5_000_000
"""kallCoin base units for the caller: more than its deposit."""


@asynccontextmanager
async def funded_stage(folder: Path, say: Say, bed: SoundBed | None = None) -> AsyncIterator[Stage]:
    """The demo's network with two phones, the first of which can pay; on the handsets of the bed if any."""
    devices = [bed.device(side) for side in "ab"] if bed else ["null", "null"]
    async with stage(folder, say, (Voice(device=devices[0]), Voice(device=devices[1]))) as on:
        await on.fund(on.a, FUNDS)
        yield on


async def ring(on: Stage) -> float:
    """A lifts and dials until B rings; seconds from A's last digit to its ringback tone."""
    a, b = on.a.held, on.b.held
    await a.lift()
    await a.wait_for(lambda phone: phone.tone == "DIAL", CALL_S, "dial tone")
    events, tones = len(a.events), len(a.tones)
    await a.press(on.b.number)
    await a.wait_for(lambda phone: _ringback(phone, tones) is not None, CALL_S, "ringback")
    await b.wait_for(lambda phone: phone.ringer, CALL_S, "the ringer")
    digits = [event.t for event in a.events[events:] if event.name == "KeyPressed"]
    ringback = _ringback(a, tones)
    assert ringback is not None
    return ringback - digits[-1]


async def answer(on: Stage) -> None:
    """B lifts; returns when both hear each other."""
    seen = [(phone.held, len(phone.held.events)) for phone in (on.a, on.b)]
    await on.b.held.lift()
    await asyncio.gather(*(held.wait_for_event("MediaStarted", CALL_S, since=since) for held, since in seen))


async def rest(on: Stage) -> None:
    """Both handsets down, and both phones as before the call."""
    for phone in (on.a, on.b):
        if phone.held.off_hook:
            await phone.held.lower()
    for phone in (on.a, on.b):
        await phone.held.wait_for(_idle, CALL_S, "the end of the call")


@asynccontextmanager
async def paid_call(on: Stage) -> AsyncIterator[None]:
    """A call from A to B with sound flowing."""
    await ring(on)
    await answer(on)
    yield
    await rest(on)


def _ringback(phone: HeldPhone, since: int) -> float | None:
    return next((t for t, tone in phone.tones[since:] if tone == "RINGBACK"), None)


def _idle(phone: HeldPhone) -> bool:
    """An idle screen is headed by the phone's own number."""
    silent = phone.tone is None and not phone.in_call and not phone.ringer
    return silent and phone.number is not None
