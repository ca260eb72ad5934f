from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from itertools import pairwise

from kallphone.engine import Engine
from kallphone.phone.book import Contact
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallId,
    CallMeasured,
    Credit,
    Event,
    IncomingCall,
    KeyPressed,
    LineOpened,
    Located,
    OffHook,
    OnHook,
    SipRegistered,
    Woken,
)
from kallphone.phone.lamps import Light
from kallphone.phone.sound import SILENCE, Sound
from kallphone.phone.tones import Tone
from kallphone.ports import SipCredentials
from tests.kallphone.fakes import ACCOUNT, FakePayments, Notes, fake_adapters

OPENED = LineOpened(ACCOUNT, "2345678900", 0, Credit(b"\x01" * 20, 0, 0, 0), 0, 1e6)


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def _engine() -> tuple[Engine, Notes, FakePayments]:
    adapters, notes, payments = fake_adapters()
    return Engine(adapters, Clock()), notes, payments


def test_outputs_are_sent_only_when_they_change() -> None:
    engine, notes, _ = _engine()
    for event in (
        Woken(),
        OPENED,
        SipRegistered(),
        OffHook(),
        KeyPressed("2"),
        KeyPressed("3"),
        OnHook(),
        OnHook(),
    ):
        engine.step(event)
    assert notes.of("hear") == [SILENCE, Sound(Tone.DIAL, country="de"), SILENCE]
    assert notes.of("ring") == []
    assert notes.of("lamps") == [(Light.OFF, Light.OFF), (Light.ON, Light.OFF)]
    screens = notes.of("screen")
    assert all(first != second for first, second in pairwise(screens))


def test_credentials_go_from_payments_to_sip_and_never_through_events() -> None:
    engine, notes, payments = _engine()
    payments.held = SipCredentials(ACCOUNT, "kall.test", "sip:127.0.0.1", "123:0x03", "secret")
    engine.step(OPENED)
    assert notes.of("register") == ["123:0x03"]
    assert "secret" not in repr(payments.held)


def test_what_a_call_measured_goes_to_payments_and_is_sent_when_the_phone_is_idle() -> None:
    engine, notes, _ = _engine()
    call = CallId(2)
    for event in (OPENED, SipRegistered(), IncomingCall(call, b"\x02" * 20), OffHook(), CallAnswered(call)):
        engine.step(event)
    for event in (OnHook(), CallMeasured(call, 0.0, 5.0, 20.0, 60.0)):
        engine.step(event)
    assert notes.of("rate") == [b"\x01" * 20]
    engine.clock.now += 10  # type: ignore[attr-defined]
    engine.step(Woken())
    assert len(notes.of("send ratings")) == 1


def test_whom_a_page_asks_for_is_looked_up_and_then_asked_for_at_the_provider() -> None:
    engine, notes, _ = _engine()
    contact = Contact("2345678901", "Anna")
    engine.phone = replace(engine.phone, book=engine.phone.book.with_contact(contact))
    for event in (OPENED, SipRegistered(), *(KeyPressed(key) for key in "#20#")):
        engine.step(event)
    assert notes.of("locate") == [contact.number]
    engine.step(Located(contact.number, "sip:0x02@kall.test"))
    assert notes.of("probe") == [(contact.number, "sip:0x02@kall.test")]


def test_an_incoming_call_is_journalled_before_anyone_answers() -> None:
    engine, notes, _ = _engine()
    engine.step(IncomingCall(CallId(2), b"\x02" * 20))
    assert notes.of("call started") == [(2, False)]
    assert notes.of("alert") == [2]


def test_lifting_the_handset_is_taken_as_having_seen_the_missed_calls() -> None:
    engine, notes, _ = _engine()
    for event in (IncomingCall(CallId(2), b"\x02" * 20), CallEnded(CallId(2), 487, "")):
        engine.step(event)
    assert not notes.of("missed calls seen")
    engine.step(OffHook())
    assert len(notes.of("missed calls seen")) == 1


def test_events_from_another_thread_and_the_wake_up_reach_the_phone() -> None:
    async def scene() -> None:
        adapters, notes, _ = fake_adapters()
        loop = asyncio.get_running_loop()
        engine = Engine(adapters, loop.time)
        rang = asyncio.Event()
        engine.observers.append(lambda happening: rang.set() if isinstance(happening, IncomingCall) else None)
        seen: list[Event] = []
        engine.observers.append(lambda happening: seen.append(happening))  # type: ignore[arg-type]
        running = asyncio.create_task(engine.run())
        incoming = IncomingCall(CallId(2), b"\x02" * 20)
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(engine.post_from_loop, incoming))
        thread.start()
        async with asyncio.timeout(30):
            await rang.wait()
        running.cancel()
        thread.join()
        assert Woken() in seen
        assert notes.of("open line")

    asyncio.run(scene())
