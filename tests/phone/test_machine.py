from __future__ import annotations

from dataclasses import replace

import pytest

from kallphone.phone.causes import Cause
from kallphone.phone.commands import (
    AlertCaller,
    AnswerCall,
    Command,
    EndPayment,
    HangUp,
    IdentifyCaller,
    LogCall,
    OpenLine,
    OpenSession,
    PlaceCall,
    RegisterSip,
    RejectCall,
    Resolve,
    SendDigit,
    SignVoucher,
)
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallerIdentified,
    CallId,
    Credit,
    CreditChanged,
    Event,
    FarEndRinging,
    IncomingCall,
    KeyPressed,
    LineFailed,
    LineOpened,
    OffHook,
    OnHook,
    Route,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SipRegistered,
    SipUnregistered,
    VoucherRefused,
    Woken,
)
from kallphone.phone.machine import transition, wakeup_for
from kallphone.phone.pictures import screen_for
from kallphone.phone.settings import Settings
from kallphone.phone.sound import Sound, ring_for, sound_for
from kallphone.phone.states import (
    Caller,
    Calling,
    DialTone,
    Errand,
    Idle,
    InCall,
    LineStep,
    Over,
    Phone,
    Ringing,
)
from kallphone.phone.tones import Tone

HOME, PEER, ME = b"\x01" * 20, b"\x02" * 20, b"\x03" * 20
NUMBER = "2345678900"
PRICE = 20_000
CALL = CallId(1)
ROUTE = Route(HOME, PEER, "sip:0x0202@kall", PRICE)


class Desk:
    """A phone, a clock, and what the phone asked for."""

    def __init__(self, phone: Phone = Phone(), now: float = 1000.0) -> None:  # noqa: B008 (frozen)
        self.phone, self.now = phone, now
        self.commands: list[Command] = []

    def send(self, *events: Event) -> list[Command]:
        self.commands = []
        for event in events:
            self.phone, commands = transition(self.phone, event, self.now)
            self.commands += commands
        return self.commands

    def wait(self, seconds: float) -> list[Command]:
        """Let time pass as the engine does: wake whenever the phone asked for it."""
        until, collected = self.now + seconds, []
        while (wakeup := wakeup_for(self.phone)) is not None and wakeup <= until:
            self.now = max(self.now, wakeup)
            collected += self.send(Woken())
        self.now, self.commands = until, collected
        return collected


def ready(deposited: int = PRICE * 10, incoming_price: int = 0) -> Desk:
    desk = Desk()
    desk.send(
        Woken(),
        LineOpened(ME, NUMBER, 0, Credit(HOME, 0, deposited, 0), incoming_price, 1e6),
        SipRegistered(),
    )
    return desk


def calling(desk: Desk) -> Desk:
    desk.send(OffHook(), *(KeyPressed(key) for key in NUMBER))
    credit = desk.phone.home_credit
    assert credit is not None
    desk.send(RouteFound(CALL, ROUTE), SessionOpened(CALL, credit), FarEndRinging(CALL))
    return desk


def talking(deposited: int = PRICE * 10) -> Desk:
    desk = calling(ready(deposited))
    desk.send(CallAnswered(CALL))
    return desk


def signed(commands: list[Command]) -> list[int]:
    return [command.cumulative for command in commands if isinstance(command, SignVoucher)]


def test_a_line_is_opened_registered_and_then_gives_dial_tone() -> None:
    desk = Desk()
    assert desk.send(Woken()) == [OpenLine()]
    assert desk.send(LineOpened(ME, NUMBER, 0, Credit(HOME, 0, 0, 0), 0, 300.0)) == [RegisterSip()]
    desk.send(SipRegistered(), OffHook())
    assert sound_for(desk.phone) == Sound(Tone.DIAL, country="de")


def test_without_a_line_lifting_says_so_and_the_tone_comes_with_the_line() -> None:
    desk = Desk()
    desk.send(Woken(), OffHook())
    assert sound_for(desk.phone).tone is Tone.REORDER
    assert "No line" in screen_for(desk.phone).text
    desk.send(LineOpened(ME, NUMBER, 0, Credit(HOME, 0, 0, 0), 0, 300.0), SipRegistered())
    assert isinstance(desk.phone.mode, DialTone)


def test_a_failing_line_is_retried_ever_more_slowly_for_ever() -> None:
    desk = Desk()
    desk.send(Woken())
    waits = []
    for _ in range(8):
        desk.send(LineFailed("no provider"))
        wakeup = wakeup_for(desk.phone)
        assert wakeup is not None
        waits.append(wakeup - desk.now)
        assert OpenLine() in desk.wait(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_broken_connection_registers_again_without_a_new_session() -> None:
    desk = ready()
    desk.send(SipUnregistered(503, "gone"))
    assert desk.wait(1.0) == [RegisterSip()]


def test_credentials_are_renewed_while_the_line_stays_up() -> None:
    desk = Desk()
    desk.send(Woken(), LineOpened(ME, NUMBER, 0, Credit(HOME, 0, 0, 0), 0, 400.0), SipRegistered())
    assert OpenLine() in desk.wait(300.0)
    desk.send(LineFailed("busy"))
    assert desk.phone.line.step is LineStep.UP


def test_the_tenth_digit_dials() -> None:
    desk = ready()
    desk.send(OffHook(), *(KeyPressed(key) for key in NUMBER[:9]))
    assert desk.send(KeyPressed(NUMBER[9])) == [Resolve(CALL, NUMBER)]
    assert desk.send(RouteFound(CALL, ROUTE)) == [OpenSession(CALL, ROUTE)]
    assert desk.send(SessionOpened(CALL, Credit(HOME, 0, PRICE, 0))) == [PlaceCall(CALL, ROUTE.uri)]
    assert sound_for(desk.phone).tone is None
    desk.send(FarEndRinging(CALL))
    assert sound_for(desk.phone).tone is Tone.RINGBACK
    assert "0.08 a minute" in screen_for(desk.phone).text


@pytest.mark.parametrize("digits", ["0#", "14", "23#", "*0", "23*"])
def test_a_wrong_number_is_refused_before_anything_is_asked(digits: str) -> None:
    desk = ready()
    desk.send(OffHook())
    assert desk.send(*(KeyPressed(key) for key in digits)) == []
    assert desk.phone.mode == Over(Cause.WRONG_NUMBER, desk.now, digits)
    assert sound_for(desk.phone).tone is Tone.REORDER


def test_a_wrong_check_digit_is_the_directorys_to_find() -> None:
    desk = ready()
    desk.send(OffHook(), *(KeyPressed(key) for key in "2345678901"))
    desk.send(RouteNotFound(CALL, Cause.WRONG_NUMBER))
    assert "Check the digits" in screen_for(desk.phone).text


def test_a_pause_between_digits_ends_dialling() -> None:
    desk = ready()
    desk.send(OffHook(), KeyPressed("2"))
    desk.wait(6.0)
    assert isinstance(desk.phone.mode, Over)
    assert desk.phone.mode.cause is Cause.DIALLED_TOO_SLOWLY


def test_no_credit_is_said_before_the_far_phone_rings() -> None:
    desk = ready(deposited=PRICE - 1)
    desk.send(OffHook(), *(KeyPressed(key) for key in NUMBER), RouteFound(CALL, ROUTE))
    commands = desk.send(SessionOpened(CALL, Credit(HOME, 0, PRICE - 1, 0)))
    assert not any(isinstance(command, PlaceCall) for command in commands)
    assert "No credit" in screen_for(desk.phone).text


def test_the_first_voucher_goes_with_the_answer_and_one_more_each_period() -> None:
    desk = calling(ready())
    assert signed(desk.send(CallAnswered(CALL))) == [PRICE]
    assert sound_for(desk.phone) == Sound(None, (CALL,))
    assert signed(desk.wait(14.5)) == []
    assert signed(desk.wait(1.0)) == [2 * PRICE]
    assert signed(desk.wait(30.0)) == [3 * PRICE, 4 * PRICE]


def test_hanging_up_ends_call_and_payment() -> None:
    desk = talking()
    desk.wait(20.0)
    assert desk.send(OnHook()) == [
        HangUp(CALL),
        EndPayment(CALL, HOME, 2, 2 * PRICE),
        LogCall(CALL, True, NUMBER, PEER, Cause.HUNG_UP, 20, 2 * PRICE),
    ]
    assert desk.phone.mode == Idle()
    assert signed(desk.wait(60.0)) == []


def test_a_call_ends_cleanly_where_the_credit_does() -> None:
    desk = talking(deposited=2 * PRICE)
    commands = desk.wait(29.0)
    assert signed(commands) == [2 * PRICE]
    assert sound_for(desk.phone).tone is Tone.LOW_CREDIT
    assert "Left 0:01" in screen_for(desk.phone).text
    assert HangUp(CALL) in desk.wait(2.0)
    assert "Credit used up" in screen_for(desk.phone).text


def test_a_top_up_in_the_call_keeps_it_up() -> None:
    desk = talking(deposited=2 * PRICE)
    desk.wait(20.0)
    desk.send(CreditChanged(0, Credit(HOME, 0, 4 * PRICE, 0)))
    assert signed(desk.wait(20.0)) == [3 * PRICE]


def test_a_lost_provider_is_waited_for_and_nothing_is_signed_meanwhile() -> None:
    desk = talking()
    desk.wait(12.0)
    desk.send(SipUnregistered(503, "gone"))
    assert "Reconnecting" in screen_for(desk.phone).text
    desk.wait(5.0)
    assert signed(desk.commands) == []
    desk.send(SipRegistered())
    assert signed(desk.wait(1.0)) == [2 * PRICE]


def test_a_provider_that_stays_away_ends_the_call() -> None:
    desk = talking()
    desk.send(SipUnregistered(503, "gone"))
    commands = desk.wait(9.0)
    assert HangUp(CALL) in commands
    assert isinstance(desk.phone.mode, Over)
    assert desk.phone.mode.cause is Cause.PROVIDER_LOST


def test_a_phone_that_slept_pays_nothing_for_it() -> None:
    desk = talking()
    desk.now += 3600.0
    commands = desk.send(Woken())
    assert signed(commands) == []
    assert HangUp(CALL) in commands


def test_a_refused_voucher_ends_the_call_with_words() -> None:
    desk = talking()
    assert HangUp(CALL) in desk.send(VoucherRefused(CALL, PRICE, "above the deposit"))
    assert "Payment refused" in screen_for(desk.phone).text


def test_an_incoming_call_rings_names_the_caller_and_is_answered() -> None:
    desk = ready()
    call = CallId(2)
    assert desk.send(IncomingCall(call, PEER)) == [AlertCaller(call), IdentifyCaller(call, PEER)]
    assert ring_for(desk.phone)
    desk.send(CallerIdentified(call, NUMBER))
    assert "234 567 8900" in screen_for(desk.phone).text
    assert desk.send(OffHook()) == [AnswerCall(call)]
    assert not ring_for(desk.phone)
    assert signed(desk.send(CallAnswered(call))) == []
    assert isinstance(desk.phone.mode, InCall)


def test_the_called_side_pays_its_share() -> None:
    desk = ready(incoming_price=700)
    desk.send(IncomingCall(CallId(2), PEER), OffHook())
    assert signed(desk.send(CallAnswered(CallId(2)))) == [700]


def test_a_second_caller_hears_busy_where_call_waiting_is_off() -> None:
    desk = talking()
    desk.phone = replace(desk.phone, settings=Settings(call_waiting=False))
    assert RejectCall(CallId(2), 486) in desk.send(IncomingCall(CallId(2), PEER))
    assert isinstance(desk.phone.mode, InCall)


def test_a_call_nobody_took_is_counted_as_missed() -> None:
    desk = ready()
    desk.send(IncomingCall(CallId(2), PEER), CallEnded(CallId(2), 487, ""))
    desk.send(IncomingCall(CallId(4), PEER))
    commands = desk.wait(80.0)
    assert RejectCall(CallId(4), 480) in commands
    assert desk.phone.mode == Idle()
    assert desk.phone.missed == 2
    assert "Missed calls: 2" in screen_for(desk.phone).text


@pytest.mark.parametrize(
    ("code", "cause", "tone"),
    [
        (486, Cause.BUSY, Tone.BUSY),
        (480, Cause.UNREACHABLE, Tone.REORDER),
        (404, Cause.NOT_LISTED, Tone.REORDER),
        (402, Cause.NO_CREDIT, Tone.REORDER),
        (603, Cause.DECLINED, Tone.BUSY),
        (500, Cause.FAILED, Tone.REORDER),
    ],
)
def test_what_the_network_says_is_heard_and_read(code: int, cause: Cause, tone: Tone) -> None:
    desk = calling(ready())
    desk.send(CallEnded(CALL, code, ""))
    assert isinstance(desk.phone.mode, Over)
    assert desk.phone.mode.cause is cause
    assert sound_for(desk.phone).tone is tone


def test_a_cut_for_money_is_told_to_each_side_in_its_own_words() -> None:
    paying = talking()
    paying.send(CallEnded(CALL, 402, "Credit ended"))
    assert "Credit used up" in screen_for(paying.phone).text
    called = ready()
    called.send(
        IncomingCall(CallId(2), PEER), OffHook(), CallAnswered(CallId(2)), CallEnded(CallId(2), 402, "")
    )
    assert "Their credit ran out" in screen_for(called.phone).text


def test_nobody_answers() -> None:
    desk = calling(ready())
    assert HangUp(CALL) in desk.wait(60.0)
    assert isinstance(desk.phone.mode, Over)
    assert desk.phone.mode.cause is Cause.NO_ANSWER


def test_a_forgotten_handset_howls() -> None:
    desk = ready()
    desk.send(OffHook())
    desk.wait(60.0)
    assert sound_for(desk.phone).tone is Tone.HOWLER
    desk.send(OnHook())
    assert sound_for(desk.phone) == Sound()


def test_stale_answers_change_nothing() -> None:
    desk = calling(ready())
    before = desk.phone
    for event in (
        RouteNotFound(CallId(99), Cause.NO_ROUTE),
        CallEnded(CallId(99), 200, ""),
        CallAnswered(CallId(99)),
    ):
        assert desk.send(event) == []
        assert desk.phone == before


def test_keys_in_a_call_are_sent_as_digits() -> None:
    desk = talking()
    assert desk.send(KeyPressed("7")) == [SendDigit(CALL, "7")]


def test_a_new_epoch_replaces_the_channel_and_an_old_one_is_ignored() -> None:
    desk = talking()
    desk.send(CreditChanged(0, Credit(HOME, 1, 5 * PRICE, 0)))
    assert desk.phone.home_credit == Credit(HOME, 1, 5 * PRICE, 0)
    desk.send(CreditChanged(0, Credit(HOME, 0, 9 * PRICE, PRICE)))
    assert desk.phone.home_credit == Credit(HOME, 1, 5 * PRICE, 0)


def test_answer_and_lowered_handset_crossing_leave_no_call() -> None:
    desk = calling(ready())
    assert HangUp(CALL) in desk.send(OnHook())
    assert desk.send(CallAnswered(CALL)) == []
    assert desk.phone.mode == Idle()


def test_modes_know_the_hook() -> None:
    assert Phone().on_hook
    assert Phone(mode=Ringing(Caller(CallId(2), PEER), 0.0)).on_hook
    assert not replace(Phone(), mode=Calling(Errand(CALL, NUMBER), ROUTE, 0.0)).on_hook
