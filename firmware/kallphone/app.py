from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from kallnet.account import Account
from kallnet.deployment import load_deployment
from kallnet.typed import registry_domain
from kallphone.adapters import Adapters
from kallphone.bench.panel import Panel, claim_stdout
from kallphone.config import PhoneConfig
from kallphone.directory import Directory, DirectorySettings, open_directory
from kallphone.engine import Engine
from kallphone.hardware.board import open_board
from kallphone.hardware.pins import load_pins
from kallphone.payments.settings import PaymentsSettings
from kallphone.payments.worker import PaymentsWorker
from kallphone.phone.commands import Command
from kallphone.phone.events import Event, OnHook
from kallphone.phone.states import Phone
from kallphone.ports import Display, Handset, Lamps, Post, Ringer
from kallphone.sip import AudioSettings, Identity, PjSip, SipSettings
from kallphone.storage.database import Database
from kallphone.storage.journal import CallJournal
from kallphone.storage.key import KeyFile

log = logging.getLogger(__name__)

SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


class _Part(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


@dataclasses.dataclass(frozen=True)
class _Face:
    """What a hand, an eye and an ear meet: the board of a Raspberry Pi, or a panel in its place."""

    part: _Part
    display: Display
    ringer: Ringer
    lamps: Lamps
    handsets: tuple[Handset, ...] = ()
    report: Callable[[str, dict[str, Any]], None] | None = None


async def run_phone(config: PhoneConfig, *, panel: bool, withhold_vouchers_after: int | None = None) -> None:
    """A whole phone, until SIGTERM, SIGINT or the end of its holder.

    Parts start in this order and stop in reverse: storage, face, ledger, payments, SIP, engine.
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
        account = open_account(config.state)
        database = Database(config.state / "phone.sqlite")
        stack.callback(database.close)
        journal = CallJournal(database)
        face = _make_face(post, panel, end)
        payments = _make_payments(config, account, database, post, withhold_vouchers_after)
        directory = _make_directory(config, account, post)
        sip = _make_sip(config, account, post)
        for part in (face.part, directory, payments, sip):
            part.start()
            stack.callback(part.stop)
        adapters = Adapters(
            sip, (sip, *face.handsets), directory, payments, journal, face.display, face.ringer, face.lamps,
            _Absent(), _Absent(), _Absent(), _Absent(),
        )
        engine = Engine(adapters, loop.time, Phone(missed=journal.missed_calls()))
        if face.report is not None:
            engine.observers.append(_reporter(face.report))
        deliver = engine.post_from_loop
        for event in inbox:
            deliver(event)
        await _run_until(ended, engine)


async def _run_until(ended: asyncio.Event, engine: Engine) -> None:
    running = asyncio.create_task(engine.run())
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()
    running.cancel()
    # As a hand would: an open call ends, and its payment with it.
    engine.step(OnHook())


def open_account(state: Path) -> Account:
    """The account's key is made here at the first start and never leaves."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = KeyFile(state / "account.key", state / "device.secret")
    return key.open() if key.exists() else key.create()


class _Absent:
    """Stands in for a part that is not there yet."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _make_face(post: Post, panel: bool, on_quit: Callable[[], None]) -> _Face:
    pins = load_pins()
    if not panel:
        board = open_board(pins, post)
        return _Face(board, board.display, board.ringer, board.lamps)
    held = Panel(pins, post, on_quit, stdout=claim_stdout())
    return _Face(held, held, held, held, (held,), lambda name, fields: held.report(name, **fields))


def _make_payments(
    config: PhoneConfig, account: Account, database: Database, post: Post, withhold_after: int | None
) -> PaymentsWorker:
    settings = PaymentsSettings(
        provider_api=config.provider_api,
        deployment=config.deployment,
        rpc=config.rpc,
        agree=config.agree,
        deposit_target=config.deposit,
        publish_ratings=config.ratings,
        ca_file=config.ca_file,
        stop_vouchers_after=withhold_after,
    )
    return PaymentsWorker(account, settings, database, post)


def _make_directory(config: PhoneConfig, account: Account, post: Post) -> Directory:
    settings = DirectorySettings(
        deployment=config.deployment,
        rpc=config.rpc,
        agree=config.agree,
        cache=config.state / "ledger.sqlite",
        provider_api=config.provider_api,
        ca_file=config.ca_file,
    )
    return open_directory(account.address, settings, post)


def _make_sip(config: PhoneConfig, account: Account, post: Post) -> PjSip:
    audio = AudioSettings(config.audio_device, config.speak, config.record)
    ca_file = config.ca_file or SYSTEM_AUTHORITIES
    identity = Identity(account, registry_domain(load_deployment(config.deployment)))
    return PjSip(SipSettings(ca_file=ca_file, audio=audio, country=config.country), post, identity)


def _reporter(report: Callable[[str, dict[str, Any]], None]) -> Callable[[Event | Command], None]:
    def observe(happening: Event | Command) -> None:
        report(type(happening).__name__, _plain(happening))

    return observe


def _plain(value: Any) -> Any:
    """A dataclass as JSON has it: enums by name, bytes left to the panel's hex."""
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value.name if isinstance(value, Enum) else value
