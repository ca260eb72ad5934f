from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kallmachine.echo import EchoTest
from kallmachine.engine import Adapters, MachineEngine
from kallmachine.errors import MachineError
from kallmachine.visits import Heard, Mailbox, MailboxFound, Played, Record
from kallmachine.voicemail import LISTEN_S, Voicemail
from kallmachine.words import BEEP, ECHO_TEST, greeting
from kallphone.phone.events import (
    CallEnded,
    CallId,
    CallMeasured,
    Credit,
    IncomingCall,
    LineFailed,
    LineOpened,
    MediaStarted,
    SipRegistered,
    SipUnregistered,
    Woken,
)
from kallphone.phone.line import RENEW_AFTER
from kallphone.ports import SipCredentials
from tests.kallphone.fakes import ACCOUNT, FakeDirectory, FakePayments, FakeSip, Notes

HOME = b"\x01" * 20
CALL, CALLER = CallId(2), b"\x02" * 20
MEDIA = MediaStarted(CALL, "opus/48000/2", "DTLS-SRTP")
MAILBOX = Mailbox(b"\x03" * 20, b"\x02" + b"\x04" * 32)
PARTS = {part: Path(part) for part in (*ECHO_TEST, *greeting("2345678901"), BEEP, *"0123456789")}


def opened(incoming_price: int = 0) -> LineOpened:
    return LineOpened(ACCOUNT, "2345678900", 0, Credit(HOME, 0, 0, 0), incoming_price, 3600.0)


class FakeBooths:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def play(self, call: CallId, files: list[Path]) -> None:
        self.notes.note("play", [file.name for file in files])

    def echo(self, call: CallId) -> None:
        self.notes.note("echo", call)

    def record(self, call: CallId, file: Path) -> None:
        self.notes.note("record", file)


class FakeMachineSip(FakeSip):
    def at_desk(self, act: Callable[[Any], None]) -> None:
        act(FakeBooths(self.notes))


class FakeRecorder:
    def __init__(self, notes: Notes, *, full: bool = False) -> None:
        self.notes = notes
        self.full = full
        self.speaking = True

    def look_up(self, call: CallId, number: str) -> None:
        self.notes.note("look up", number)

    def begin(self, record: Record) -> Path:
        if self.full:
            raise OSError("no space left")
        return Path(f"{record.call}.wav")

    def spoke(self, file: Path) -> bool:
        return self.speaking


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


def machine(voicemail: bool = False, full: bool = False) -> tuple[MachineEngine, Notes]:
    notes = Notes()
    credentials = SipCredentials(ACCOUNT, "kall.test", "sip:127.0.0.1", "123:0x03", "secret")
    adapters = Adapters(
        FakeMachineSip(notes),
        FakePayments(notes, credentials),
        FakeDirectory(notes),
        FakeRecorder(notes, full=full),
    )
    rules = Voicemail(2) if voicemail else EchoTest(2)
    return MachineEngine(adapters, rules, PARTS, Clock(), lambda number: notes.note("up", number)), notes


def test_the_line_opens_registers_and_comes_back_by_itself() -> None:
    engine, notes = machine()
    engine.step(Woken())
    assert notes.of("open line") == [None]
    engine.step(opened())
    assert notes.of("register") == ["123:0x03"]
    for event in (SipRegistered(), Woken()):
        engine.step(event)
    assert notes.of("up") == ["2345678900"]
    engine.step(SipUnregistered(0, "gone"))
    wakeup = engine.wakeup()
    assert wakeup is not None
    assert wakeup <= 50.0 + 1.0
    engine.clock.now = wakeup  # type: ignore[attr-defined]
    engine.step(Woken())
    engine.step(SipRegistered())
    assert notes.of("register") == ["123:0x03"] * 2
    assert len(notes.of("up")) == 2


def test_credentials_are_renewed_in_time() -> None:
    engine, notes = machine()
    for event in (opened(), SipRegistered()):
        engine.step(event)
    engine.clock.now += 3600.0 * RENEW_AFTER  # type: ignore[attr-defined]
    engine.step(Woken())
    assert notes.of("open line") == [None]


def test_a_provider_that_is_away_is_asked_again() -> None:
    engine, notes = machine()
    engine.step(Woken())
    engine.step(LineFailed("no connection"))
    engine.clock.now += 2.0  # type: ignore[attr-defined]
    engine.step(Woken())
    assert notes.of("open line") == [None, None]


def test_a_machine_pays_no_share_of_a_call_and_says_so() -> None:
    engine, _ = machine()
    with pytest.raises(MachineError, match="inviter_share = 100"):
        engine.step(opened(incoming_price=5))


def test_a_caller_of_the_echo_test_is_served() -> None:
    engine, notes = machine()
    for event in (IncomingCall(CALL, CALLER), MEDIA, Played(CALL)):
        engine.step(event)
    assert notes.of("answer") == [CALL]
    assert notes.of("play") == [list(ECHO_TEST)]
    assert notes.of("echo") == [CALL]
    engine.clock.now = engine.visits[0].until  # type: ignore[attr-defined]
    engine.step(Woken())
    assert notes.of("hang up") == [CALL]


def recording(full: bool = False) -> tuple[MachineEngine, Notes]:
    engine, notes = machine(voicemail=True, full=full)
    diverted = IncomingCall(CALL, CALLER, diverted_from="2345678901")
    for event in (diverted, MailboxFound(CALL, MAILBOX), MEDIA, Played(CALL)):
        engine.step(event)
    return engine, notes


def test_a_diverted_caller_is_looked_up_greeted_and_recorded() -> None:
    _, notes = recording()
    assert notes.of("look up") == ["2345678901"]
    assert notes.of("identify") == [CALLER]
    assert notes.of("play") == [list(greeting("2345678901"))]
    assert notes.of("record") == [Path("2.wav")]
    assert not notes.of("hang up")


def test_it_listens_each_second_until_the_call_is_over() -> None:
    engine, _ = recording()
    engine.clock.now += LISTEN_S  # type: ignore[attr-defined]
    engine.step(Woken())
    assert engine.inbox.get_nowait() == Heard(CALL, spoke=True)
    engine.step(CallEnded(CALL, 200, ""))
    assert engine.visits == ()
    engine.clock.now += LISTEN_S  # type: ignore[attr-defined]
    engine.step(Woken())
    assert engine.inbox.empty()


def test_a_full_disk_ends_the_call_instead_of_losing_what_is_said() -> None:
    _, notes = recording(full=True)
    assert notes.of("hang up") == [CALL]
    assert not notes.of("record")


def test_what_a_call_measured_rates_the_provider() -> None:
    engine, notes = machine()
    for event in (opened(), SipRegistered(), CallMeasured(CALL, 0.0, 5.0, 20.0, 60.0)):
        engine.step(event)
    assert notes.of("rate") == [HOME]
    engine.step(CallMeasured(CALL, 0.0, 5.0, 20.0, 1.0))
    assert notes.of("rate") == [HOME]


def test_it_runs_on_a_loop_and_ends_with_its_task() -> None:
    async def scene() -> None:
        engine, notes = machine()
        engine.clock = asyncio.get_running_loop().time
        up = asyncio.Event()
        engine.on_line = lambda _: up.set()
        running = asyncio.create_task(engine.run())
        async with asyncio.timeout(30):
            while not notes.of("open line"):
                await asyncio.sleep(0)
            for event in (opened(), SipRegistered()):
                engine.inbox.put_nowait(event)
            await up.wait()
        running.cancel()

    asyncio.run(scene())
