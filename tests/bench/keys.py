from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image

from kallphone.bench.held import Frame, HeldPhone
from kallphone.demo.stage import CALL_S, DemoPhone
from kallphone.hardware.glass import frame_time_s

_PATIENCE_S = 5.0
# Until the scanner has seen a finger go.
_BETWEEN_S = 0.07

_DIGITS = "234567891"
_MENU = "#01*2*3*4*5*6*7*8*9**"
_TO_WRITE = "#31#"
_TEXT = "4663067664640379278023379"


@dataclass(frozen=True)
class Stroke:
    """One key, in seconds of the machine's monotonic clock: down, posted to the engine, and on the glass.

    `wire` is how long its frame takes on a bus of 400 kHz, of which the simulated one knows nothing.
    """

    down: float
    posted: float
    drawn: float
    wire: float

    @property
    def key_ms(self) -> float:
        return 1000 * (self.drawn + self.wire - self.posted)

    @property
    def press_ms(self) -> float:
        return 1000 * (self.drawn + self.wire - self.down)


async def type_everywhere(phone: DemoPhone, other: str, chip: str) -> list[Stroke]:
    """Digits behind the dial tone, on-hook and back, pages of the menu, a message; none is finished."""
    held = phone.held
    with _watched(held, chip) as finger:
        await held.lift()
        await held.wait_for(lambda now: now.tone == "DIAL", CALL_S, "dial tone")
        await finger.strike(_DIGITS)
        await _put_down(held)
        await finger.strike(_DIGITS[:5] + "*" * 5)
        await finger.strike(_MENU)
        await finger.strike(f"{_TO_WRITE}{other}#{_TEXT}")
        await held.lift()
        await _put_down(held)
    return finger.strokes


async def _put_down(held: HeldPhone) -> None:
    await asyncio.sleep(_BETWEEN_S)
    await held.lower()
    await asyncio.sleep(_BETWEEN_S)


class _Finger:
    def __init__(self, held: HeldPhone, chip: str) -> None:
        self.strokes: list[Stroke] = []
        self._held = held
        self._chip = chip
        self._frames: list[Frame] = []
        self.look()

    def look(self) -> None:
        frame = self._held.frame
        if frame is not None and frame not in self._frames[-1:]:
            self._frames.append(frame)

    async def strike(self, keys: str) -> None:
        for key in keys:
            self.strokes.append(await self._stroke(key))
            await asyncio.sleep(_BETWEEN_S)

    async def _stroke(self, key: str) -> Stroke:
        held, hands, frames = self._held, len(self._held.hands), len(self._frames)
        down = time.monotonic()
        held.send(press=key)
        await held.wait_for(lambda now: len(now.hands) > hands, _PATIENCE_S, f"the key {key}")
        posted, _ = held.hands[hands]
        await held.wait_for(
            lambda _: self._drawn(frames, posted) is not None, _PATIENCE_S, f"a frame for the key {key}"
        )
        place = self._drawn(frames, posted)
        assert place is not None
        return Stroke(down, posted, self._frames[place].t, self._wire_s(place))

    def _drawn(self, first: int, since: float) -> int | None:
        places = range(first, len(self._frames))
        return next((place for place in places if self._frames[place].t > since), None)

    def _wire_s(self, place: int) -> float:
        before = _picture(self._frames[place - 1]) if place else None
        return frame_time_s(self._chip, before, _picture(self._frames[place]))


@contextmanager
def _watched(held: HeldPhone, chip: str) -> Iterator[_Finger]:
    finger = _Finger(held, chip)
    before, held.on_change = held.on_change, finger.look
    try:
        yield finger
    finally:
        held.on_change = before


def _picture(frame: Frame) -> Image.Image:
    return Image.frombytes("1", (frame.width, frame.height), base64.b64decode(frame.bits))
