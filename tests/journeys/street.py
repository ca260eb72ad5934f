"""Phones on one provider, all real: their hands, and what can be asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallphone.bench.held import HeldPhone, HeldPhoneError
from kallphone.demo.stage import CALL_S, DemoPhone, Stage, Voice, stage

_TRIES, _FLASH_S = 3, 10.0

FUNDS = 5_000_000
"""kallCoin base units for each phone: more than its deposit."""


@dataclass
class Street:
    """The stage, and the loop that all of its journeys run on."""

    runner: asyncio.Runner
    on: Stage

    def run(self, journey: Any) -> None:
        self.runner.run(self._walk(journey))

    async def _walk(self, journey: Any) -> None:
        neighbours = [Neighbour(phone) for phone in self.on.phones]
        try:
            await journey(*neighbours)
        finally:
            await asyncio.gather(*(one.rest() for one in neighbours))


class Neighbour:
    """Somebody with a phone in hand."""

    def __init__(self, phone: DemoPhone) -> None:
        self.name, self.number = phone.name, phone.number
        self.held: HeldPhone = phone.held
        self.folder = phone.folder

    async def lift(self) -> None:
        await self.held.lift()

    async def lower(self) -> None:
        await self.held.lower()

    async def press(self, keys: str) -> None:
        await self.held.press(keys)

    async def hold(self, key: str) -> None:
        await self._act("KeyHeld", down=key)
        self.held.send(up=key)

    async def flash(self) -> None:
        """A flash so soon after lifting that it looks like the switch's own bounce is made again."""
        since = self.seen
        for _ in range(_TRIES):
            self.held.send(flash=True)
            with suppress(HeldPhoneError):
                await self.held.wait_for_event("HookFlashed", _FLASH_S, since=since)
                return
        raise HeldPhoneError(f"{self.name} took no flash")

    async def call(self, other: Neighbour) -> None:
        await self.lift()
        await self.hears("DIAL")
        await self.press(other.number)

    async def agrees(self) -> None:
        """Presses # until the price counts as read."""
        for _ in range(_TRIES):
            await self.press("#")
            with suppress(HeldPhoneError):
                await self.held.wait_for(lambda phone: "You pay" not in phone.text, 1.0, "its call")
                return
        raise HeldPhoneError(f"{self.name} could not agree to a price")

    async def reads(self, *words: str) -> None:
        await self.held.wait_for(lambda phone: all(w in phone.text for w in words), CALL_S, " / ".join(words))

    async def hears(self, tone: str | None) -> None:
        await self.held.wait_for(lambda phone: phone.tone == tone, CALL_S, f"the tone {tone}")

    async def rings(self) -> None:
        await self.held.wait_for(lambda phone: phone.ringer, CALL_S, "the ringer")

    async def talks(self) -> None:
        await self.held.wait_for(lambda phone: phone.in_call and phone.tone is None, CALL_S, "a call")

    async def is_told(self, event: str, since: int, **fields: Any) -> dict[str, Any]:
        return (await self.held.wait_for_event(event, CALL_S, since=since, **fields)).fields

    @property
    def seen(self) -> int:
        return len(self.held.events)

    async def rest(self) -> None:
        """As before: handset down, nothing going on."""
        if self.held.off_hook:
            await self.lower()
        await self.held.wait_for(
            lambda phone: phone.tone is None and not phone.in_call and not phone.ringer, CALL_S, "rest"
        )

    async def _act(self, event: str, **order: Any) -> None:
        since = self.seen
        self.held.send(**order)
        await self.held.wait_for_event(event, CALL_S, since=since)


@contextmanager
def open_street(folder: Path, voices: Sequence[Voice], *, machines: bool = False) -> Iterator[Street]:
    with asyncio.Runner() as runner:
        scene = stage(folder, print, voices, machines=machines)
        on = runner.run(scene.__aenter__())
        try:
            for phone in on.phones:
                runner.run(on.fund(phone, FUNDS))
            yield Street(runner, on)
        finally:
            runner.run(scene.__aexit__(None, None, None))
