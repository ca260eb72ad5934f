from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from enum import Enum
from pathlib import Path
from typing import Any

from kallnet.account import address_to_hex
from kallphone import parts
from kallphone.adapters import Adapters
from kallphone.config import PhoneConfig
from kallphone.engine import Engine
from kallphone.hardware.pins import load_pins
from kallphone.languages import translation
from kallphone.phone.commands import CheckPin, Command, SetPin
from kallphone.phone.events import Event, OnHook, WordsRead
from kallphone.ports import Device, NoDevice, Post
from kallphone.remembered import remembered_phone
from kallphone.storage.database import Database
from kallphone.storage.journal import CallJournal
from kallphone.storage.pin import PinLock
from kallphone.wall_clock import keep_time, local_time

log = logging.getLogger(__name__)

_SECRET = (CheckPin, SetPin, WordsRead)


@dataclasses.dataclass(frozen=True)
class Running:
    """A phone that runs; `sip_turns` counts the turns of the thread that owns SIP."""

    engine: Engine
    sip_turns: Callable[[], int]
    account: str


async def run_phone(
    config: PhoneConfig,
    *,
    panel: bool,
    pins: Path | None = None,
    withhold_vouchers_after: int | None = None,
    loss_percent: int = 0,
    device: Callable[[Post], Device] | None = None,
    attend: Callable[[Running], Awaitable[None]] | None = None,
) -> None:
    """A whole phone, until SIGTERM, SIGINT or the end of its holder.

    Parts start in this order and stop in reverse: storage, face, ledger, payments, SIP, mail, engine.
    `device` is the box of a flashed phone, given the door into the engine. `attend` watches the phone from
    its first screen on, and ends it by returning.
    """
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    inbox: list[Event] = []
    deliver: Callable[[Event], None] = inbox.append

    def post(event: Event) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: deliver(event))

    def end() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ended.set)

    async with AsyncExitStack() as stack:
        account = parts.open_account(config.state)
        database = Database(config.state / "phone.sqlite")
        stack.callback(database.close)
        journal, pin = CallJournal(database), PinLock(database)
        preferences = parts.make_preferences(config, database)
        face = parts.make_face(parts.surroundings(config, database), post, load_pins(pins), panel, end)
        payments = parts.make_payments(config, account, database, post, withhold_vouchers_after)
        directory = parts.make_directory(config, account, post)
        sip = parts.make_sip(config, account, post, loss_percent, flashed=device is not None)
        mail = parts.make_mail(config, account, database, post, payments, lambda: engine.phone)
        keeping = parts.make_keeping(config, database, preferences, pin, post)
        speech = parts.make_speech(sip, config, lambda: engine.phone)
        box: Device = NoDevice() if device is None else device(post)
        adapters = Adapters(
            sip, (sip, *face.handsets), directory, payments, journal, face.display, face.ringer, face.lamps,
            face.mixer, mail, keeping, speech, box,
        )  # fmt: skip
        settings = parts.settings_of(preferences, pin)
        phone = remembered_phone(database, journal, mail, settings, config.owner or b"", local_time())
        # Awake: as if somebody had touched it at its start.
        phone = dataclasses.replace(phone, touched_at=loop.time(), device=box.facts)
        engine = Engine(adapters, loop.time, phone, words=translation)
        if face.report is not None:
            engine.observers.append(_reporter(face.report))
        if face.panel is not None:
            face.panel.talk = sip.talk
        for part in (face.part, directory, payments, keeping, speech, sip, mail, box):
            part.start()
            stack.callback(part.stop)
        time_keeper = asyncio.create_task(keep_time(engine.post_from_loop, local_time))
        stack.callback(time_keeper.cancel)
        deliver = engine.post_from_loop
        for event in inbox:
            deliver(event)
        running = Running(engine, lambda: sip.turns, address_to_hex(account.address))
        await _run_until(ended, engine, attend and attend(running))


async def _run_until(ended: asyncio.Event, engine: Engine, attention: Awaitable[None] | None) -> None:
    awaited = (engine.run(), ended.wait(), attention)
    tasks = [asyncio.ensure_future(each) for each in awaited if each is not None]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
    # As a hand would: an open call ends, and its payment with it.
    engine.step(OnHook())


def _reporter(report: Callable[[str, dict[str, Any]], None]) -> Callable[[Event | Command], None]:
    def observe(happening: Event | Command) -> None:
        secret = isinstance(happening, _SECRET)
        report(type(happening).__name__, {} if secret else _plain(happening))

    return observe


def _plain(value: Any) -> Any:
    """A dataclass as JSON has it: enums by name, bytes left to the panel's hex."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value.name if isinstance(value, Enum) else value
