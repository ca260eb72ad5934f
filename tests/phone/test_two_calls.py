"""Two calls and a hand that changes its mind."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.causes import Cause
from kallphone.phone.commands import AnswerCall, EndPayment, HangUp, Resolve, TellPeer
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallId,
    CallTold,
    ExpectNote,
    HoldNote,
    HookFlashed,
    IncomingCall,
    KeyPressed,
    OffHook,
    OnHook,
    Route,
    RouteFound,
    SessionOpened,
    SipUnregistered,
    TransferNote,
    TransferRefusedNote,
    Woken,
)
from kallphone.phone.settings import Settings
from kallphone.phone.states import (
    Answering,
    Caller,
    Calling,
    DialTone,
    Idle,
    InCall,
    Over,
    Reminding,
    Retry,
    Ringing,
    Waiting,
)
from tests.phone.test_machine import CALL, HOME, NUMBER, PEER, PRICE, Desk, ready, talking

FRIEND = b"\x06" * 20
IN, SECOND = CallId(2), CallId(3)
OTHER = "3456789012"
FLASH = HookFlashed()


def keys(text: str) -> list[KeyPressed]:
    return [KeyPressed(key) for key in text]


def ringing_second(desk: Desk) -> Desk:
    """The look-ups for a second call are done, and its INVITE is on its way."""
    credit = desk.phone.home_credit
    assert credit is not None
    route = Route(HOME, PEER, "sip:0x02@kall", PRICE)
    desk.send(RouteFound(SECOND, route), SessionOpened(SECOND, credit))
    assert isinstance(desk.phone.mode, Calling)
    return desk


def consulting() -> Desk:
    desk = talking()
    desk.send(FLASH, *keys(OTHER))
    return ringing_second(desk)


def test_a_flash_while_a_second_phone_rings_goes_back_to_the_first_call() -> None:
    desk = consulting()
    commands = desk.send(FLASH)
    assert HangUp(SECOND) in commands
    assert TellPeer(CALL, HoldNote(held=False)) in commands
    assert isinstance(desk.phone.mode, InCall)
    assert desk.phone.mode.call == CALL


def test_a_flash_during_a_transfer_tells_who_asked_for_it() -> None:
    desk = talking()
    desk.send(CallTold(CALL, TransferNote(OTHER)))
    assert TellPeer(CALL, TransferRefusedNote()) in desk.send(FLASH)
    assert isinstance(desk.phone.mode, InCall)


def test_who_leaves_a_conference_for_the_next_caller_keeps_the_other_call() -> None:
    desk = consulting()
    desk.send(CallAnswered(SECOND), KeyPressed("D"), KeyPressed("3"))
    desk.phone = replace(desk.phone, waiting=Waiting(Caller(IN, FRIEND), desk.now))
    desk.send(KeyPressed("D"), KeyPressed("5"))
    assert isinstance(desk.phone.mode, InCall)
    assert desk.phone.mode.call == CALL
    assert desk.phone.waiting is not None


def test_the_held_call_that_ends_while_the_number_to_put_it_through_to_is_dialled() -> None:
    desk = talking()
    desk.send(KeyPressed("D"), KeyPressed("4"), *keys(OTHER[:4]), CallEnded(CALL, 200, ""))
    commands = desk.send(*keys(OTHER[4:]))
    assert Resolve(SECOND, OTHER) in commands


def test_a_held_call_that_ends_is_not_on_hold_any_more() -> None:
    desk = talking()
    desk.send(FLASH)
    desk.wait(30)
    desk.send(CallEnded(CALL, 200, ""))
    assert isinstance(desk.phone.mode, Over)
    assert (desk.phone.mode.cause, desk.phone.mode.howling) == (Cause.FAR_END_HUNG_UP, False)


def test_the_end_of_a_held_call_does_not_call_the_hotline_at_once() -> None:
    desk = talking()
    desk.phone = replace(desk.phone, settings=Settings(hotline=OTHER, hotline_after_s=5))
    desk.send(FLASH)
    desk.wait(10)
    desk.send(CallEnded(CALL, 200, ""), Woken())
    assert isinstance(desk.phone.mode, DialTone)


def test_a_flash_after_the_far_end_hung_up_takes_who_waits() -> None:
    desk = talking()
    desk.send(IncomingCall(IN, FRIEND), CallEnded(CALL, 200, ""))
    assert AnswerCall(IN) in desk.send(FLASH)
    assert isinstance(desk.phone.mode, Answering)
    assert desk.phone.waiting is None


def test_a_service_code_puts_through_like_any_number() -> None:
    desk = talking()
    desk.phone = replace(desk.phone, settings=Settings(voicemail=OTHER))
    commands = desk.send(KeyPressed("D"), KeyPressed("4"), *keys("*98"))
    commands += desk.wait(7)
    assert TellPeer(CALL, TransferNote(OTHER)) in commands
    assert isinstance(desk.phone.mode, InCall)


def test_both_calls_end_once_when_the_line_is_lost() -> None:
    desk = consulting()
    desk.send(CallAnswered(SECOND), SipUnregistered(503, "gone"))
    ended = [one.call for one in desk.wait(20) if isinstance(one, EndPayment)]
    assert sorted(ended) == [CALL, SECOND]


def test_a_caller_is_rung_for_while_the_phone_reminds_its_user() -> None:
    desk = ready()
    desk.phone = replace(desk.phone, mode=Reminding(NUMBER, desk.now), retry=Retry(NUMBER, desk.now + 60, 3))
    desk.send(IncomingCall(IN, FRIEND))
    assert isinstance(desk.phone.mode, Ringing)


def test_star_stops_the_reminding() -> None:
    desk = ready()
    desk.phone = replace(desk.phone, mode=Reminding(NUMBER, desk.now), retry=Retry(NUMBER, desk.now + 60, 3))
    desk.send(KeyPressed("*"))
    assert isinstance(desk.phone.mode, Idle)
    assert desk.phone.retry is None


def test_a_busy_number_is_not_forgotten_while_another_is_called_or_the_line_is_down() -> None:
    desk = ready()
    desk.phone = replace(desk.phone, retry=Retry(OTHER, desk.now + 30, 3))
    desk.send(OffHook(), *keys(NUMBER), OnHook(), SipUnregistered(503, "gone"))
    desk.phone = replace(desk.phone, line=replace(desk.phone.line, retry_at=None, renew_at=None))
    desk.wait(31)
    assert desk.phone.retry is not None
    assert desk.phone.retry.number == OTHER


def test_calls_are_not_forwarded_to_the_phone_itself() -> None:
    desk = ready()
    desk.phone = replace(desk.phone, line=replace(desk.phone.line, number=OTHER))
    desk.send(OffHook(), *keys(f"*72{OTHER}#"))
    assert desk.phone.settings.forwarding.always == ""


# Whoever connects two calls and hangs up at once leaves before the new call is there.
def test_who_is_put_through_pays_no_more_unasked_when_the_far_end_has_left() -> None:
    desk = talking()
    desk.send(CallTold(CALL, TransferNote(OTHER)), CallEnded(CALL, 200, ""))
    ringing_second(desk)


def test_a_caller_is_expected_for_a_moment_after_the_far_end_has_left() -> None:
    desk = talking()
    desk.send(CallTold(CALL, ExpectNote(FRIEND)), CallEnded(CALL, 200, ""))
    assert AnswerCall(IN) in desk.send(IncomingCall(IN, FRIEND))
    desk = talking()
    desk.send(CallTold(CALL, ExpectNote(FRIEND)), CallEnded(CALL, 200, ""))
    desk.wait(11)
    assert AnswerCall(IN) not in desk.send(IncomingCall(IN, FRIEND))
