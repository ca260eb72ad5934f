"""A phone's own engine on its own loop, looked at from beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from kallphone.app import Running
from kallphone.device.attendant import Attendant
from kallphone.device.in_use import InUse
from kallphone.device.layout import Layout
from kallphone.device.status import Status, StatusFile
from kallphone.engine import Engine
from kallphone.phone.events import OffHook, OnHook
from kallphone.phone.states import Phone
from tests.device.fakes import Manager
from tests.kallphone.fakes import fake_adapters

WATCHDOG_S = 0.02


@dataclass
class Sip:
    turns: int = 0
    hangs: bool = False

    def pulse(self) -> int:
        self.turns += not self.hangs
        return self.turns


@dataclass
class Attended:
    """A phone that is attended, while `script` runs on the same loop."""

    layout: Layout
    manager: Manager
    sip: Sip = field(default_factory=Sip)

    def __post_init__(self) -> None:
        self.in_use = InUse(self.layout.in_use)
        status = StatusFile(self.layout.status, Status("phone", release=3))
        self.attendant = Attendant(self.manager.notifier(WATCHDOG_S), status, self.in_use)
        self.engine = Engine(fake_adapters()[0], lambda: 0.0, Phone())
        self.heard: list[str] = []

    def run(self, script: Callable[[], Awaitable[None]]) -> None:
        async def all_of_it() -> None:
            running = Running(self.engine, self.sip.pulse, "0xab")
            tasks = [
                asyncio.ensure_future(task) for task in (self.engine.run(), self.attendant.attend(running))
            ]
            await asyncio.sleep(0)
            await script()
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

        asyncio.run(all_of_it())

    async def hears(self, message: str) -> None:
        async with asyncio.timeout(30):
            while message not in self.heard:
                await asyncio.sleep(0.001)
                self.heard += self.manager.heard()

    def told(self, key: str) -> object:
        return json.loads(self.layout.status.read_text())[key]


@pytest.fixture
def attended(layout: Layout, manager: Manager) -> Attended:
    return Attended(layout, manager)


def test_it_is_ready_once_the_engine_shows_itself_and_then_fed(attended: Attended) -> None:
    async def script() -> None:
        await attended.hears("WATCHDOG=1")

    attended.run(script)
    assert attended.heard[0] == "READY=1\nSTATUS=no line: Starting"
    assert attended.told("account") == "0xab"
    assert "STOPPING=1" in attended.manager.heard()


def test_a_sip_thread_that_hangs_starves_the_watchdog(attended: Attended) -> None:
    async def script() -> None:
        await attended.hears("WATCHDOG=1")
        attended.sip.hangs = True
        await asyncio.sleep(WATCHDOG_S)
        attended.manager.heard()
        await asyncio.sleep(5 * WATCHDOG_S)
        assert attended.manager.heard() == []

    attended.run(script)


def test_use_is_seen_after_each_step_and_locked(attended: Attended) -> None:
    async def script() -> None:
        attended.engine.post_from_loop(OffHook())
        await attended.hears("STATUS=in use; no line: Starting")
        assert attended.in_use.held
        assert attended.told("busy") is True
        attended.engine.post_from_loop(OnHook())
        attended.heard.clear()
        await attended.hears("STATUS=no line: Starting")
        assert not attended.in_use.held
        assert attended.told("busy") is False

    attended.run(script)


def test_leaving_ends_the_attention(attended: Attended) -> None:
    async def script() -> None:
        await attended.hears("WATCHDOG=1")
        attended.attendant.leave()
        await attended.hears("STOPPING=1")

    attended.run(script)
