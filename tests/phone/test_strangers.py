"""What a caller, or a far end with bad intentions, must not get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kallphone.phone.book import Book, Contact
from kallphone.phone.causes import Cause
from kallphone.phone.commands import (
    AnswerCall,
    HangUp,
    IdentifyCaller,
    LogCall,
    PlaceCall,
    RejectCall,
    SignVoucher,
    TellPeer,
)
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallerIdentified,
    CallForwarded,
    CallId,
    CallTold,
    CreditChanged,
    ExpectNote,
    IncomingCall,
    KeyPressed,
    OffHook,
    Route,
    RouteFound,
    SessionOpened,
    TransferNote,
    TransferRefusedNote,
)
from kallphone.phone.settings import Limits, Screening, Settings
from kallphone.phone.states import Answering, Idle, InCall, Over, Quoting, Ringing
from tests.phone.test_machine import CALL, HOME, NUMBER, PEER, PRICE, Desk, calling, ready, talking

STRANGER, FRIEND = b"\x05" * 20, b"\x06" * 20
IN = CallId(2)
OTHER, THIRD = "3456789012", "4567890123"


def chosen(desk: Desk, book: tuple[Contact, ...] = (), **settings: object) -> Desk:
    changed = replace(desk.phone.settings, **settings)  # type: ignore[arg-type]
    desk.phone = replace(desk.phone, settings=changed, book=Book(book))
    return desk


def expecting(**settings: object) -> Desk:
    desk = chosen(talking(), (), **settings)
    desk.send(CallTold(CALL, ExpectNote(STRANGER)))
    return desk


def test_an_expected_caller_is_put_through_without_ringing() -> None:
    desk = expecting()
    assert {HangUp(CALL), AnswerCall(IN), IdentifyCaller(IN, STRANGER)} <= set(
        desk.send(IncomingCall(IN, STRANGER))
    )
    assert isinstance(desk.phone.mode, Answering)


def test_an_expected_caller_who_proves_nothing_is_not_put_through() -> None:
    desk = expecting(allow_unverified=True)
    assert AnswerCall(IN) not in desk.send(IncomingCall(IN, STRANGER, verified=False))
    assert isinstance(desk.phone.mode, InCall)


def test_nobody_without_an_account_is_expected_by_a_call_that_expects_nobody() -> None:
    desk = chosen(talking(), allow_unverified=True)
    assert AnswerCall(IN) not in desk.send(IncomingCall(IN, b""))


def test_a_blocked_caller_is_not_put_through_by_a_friend() -> None:
    desk = expecting()
    chosen(desk, (Contact(OTHER, "Pest", STRANGER, blocked=True),))
    assert RejectCall(IN, 603) in desk.send(IncomingCall(IN, STRANGER))
    assert isinstance(desk.phone.mode, InCall)


def test_whom_only_contacts_may_call_no_stranger_is_put_through_to() -> None:
    desk = expecting(screening=Screening.CONTACTS)
    desk.send(IncomingCall(IN, STRANGER))
    assert RejectCall(IN, 603) in desk.send(CallerIdentified(IN, OTHER, STRANGER))


def test_a_caller_on_the_loudspeaker_puts_nobody_through_to_it() -> None:
    desk = chosen(ready(), (Contact(OTHER, "Friend", FRIEND, auto_answer=True),))
    desk.send(IncomingCall(IN, FRIEND), CallAnswered(IN), CallTold(IN, ExpectNote(STRANGER)))
    assert desk.phone.hands_free
    assert RejectCall(CallId(4), 486) in desk.send(IncomingCall(CallId(4), STRANGER))
    assert desk.phone.on_hook


def test_do_not_disturb_opens_no_loudspeaker() -> None:
    friend = Contact(OTHER, "Friend", FRIEND, favourite=True, auto_answer=True)
    desk = chosen(ready(), (friend,), do_not_disturb=True)
    desk.send(IncomingCall(IN, FRIEND))
    assert isinstance(desk.phone.mode, Ringing)


def test_a_blocked_number_stops_ringing_when_a_slow_ledger_names_it() -> None:
    desk = chosen(ready(), (Contact(OTHER, "Pest", blocked=True),))
    desk.send(IncomingCall(IN, STRANGER))
    desk.wait(4)
    assert isinstance(desk.phone.mode, Ringing)
    assert RejectCall(IN, 603) in desk.send(CallerIdentified(IN, OTHER, STRANGER))
    assert isinstance(desk.phone.mode, Idle)


def test_a_waiting_blocked_number_is_turned_away_when_a_slow_ledger_names_it() -> None:
    desk = chosen(talking(), (Contact(OTHER, "Pest", blocked=True),))
    desk.send(IncomingCall(IN, STRANGER))
    desk.wait(4)
    assert desk.phone.waiting is not None
    assert RejectCall(IN, 603) in desk.send(CallerIdentified(IN, OTHER, STRANGER))
    assert desk.phone.waiting is None


def test_a_second_caller_during_a_look_up_is_missed_with_a_number() -> None:
    desk = chosen(ready(), reject_anonymous=True)
    desk.send(IncomingCall(IN, STRANGER))
    commands = desk.send(IncomingCall(CallId(4), FRIEND))
    assert RejectCall(CallId(4), 486) in commands
    assert IdentifyCaller(CallId(4), FRIEND) in commands
    desk.send(CallerIdentified(CallId(4), THIRD, FRIEND))
    assert [(one.number, one.cause) for one in desk.phone.log] == [(THIRD, Cause.NO_ANSWER)]


def put_through(desk: Desk, call: int, number: str, price: int = PRICE) -> None:
    """The far end asks for it, and the look-ups are done."""
    mode = desk.phone.mode
    assert isinstance(mode, InCall)
    desk.send(CallTold(mode.call, TransferNote(number)))
    credit = desk.phone.home_credit
    assert credit is not None
    route = Route(HOME, PEER, "sip:0x02@kall", price)
    desk.send(RouteFound(CallId(call), route), SessionOpened(CallId(call), credit))


def test_phones_in_league_pass_a_caller_around_only_once_unasked() -> None:
    desk = talking()
    put_through(desk, 3, OTHER)
    desk.send(CallAnswered(CallId(3)))
    assert isinstance(desk.phone.mode, InCall)
    put_through(desk, 5, THIRD)
    assert isinstance(desk.phone.mode, Quoting)


def test_a_dearer_transfer_is_asked_about() -> None:
    desk = talking()
    put_through(desk, 3, OTHER, price=PRICE + 1)
    assert isinstance(desk.phone.mode, Quoting)


def test_a_transfer_that_the_child_lock_refuses_is_refused_to_the_far_end() -> None:
    desk = chosen(talking(), limits=Limits(contacts_only=True))
    commands = desk.send(CallTold(CALL, TransferNote(OTHER)))
    assert TellPeer(CALL, TransferRefusedNote()) in commands
    assert isinstance(desk.phone.mode, Over)


def test_a_forward_past_the_child_lock_is_refused_and_logged() -> None:
    desk = chosen(ready(), (Contact(NUMBER, "Peer", PEER),), limits=Limits(contacts_only=True))
    commands = calling(desk).send(CallForwarded(CALL, OTHER))
    causes = [one.cause for one in commands if isinstance(one, LogCall)]
    assert causes == [Cause.FORWARDED, Cause.NOT_IN_CONTACTS]


def test_a_forward_to_the_callers_own_number_is_a_circle() -> None:
    desk = ready()
    own = OTHER
    desk.phone = replace(desk.phone, line=replace(desk.phone.line, number=own))
    calling(desk).send(CallForwarded(CALL, own))
    assert isinstance(desk.phone.mode, Over)
    assert desk.phone.mode.cause is Cause.FORWARDED_IN_CIRCLES


def test_a_free_call_that_is_forwarded_to_a_dear_number_is_asked_about() -> None:
    desk = chosen(calling(ready()), ask_above=PRICE * 4 - 1)
    desk.send(CallForwarded(CALL, OTHER))
    credit = desk.phone.home_credit
    assert credit is not None
    route = Route(HOME, PEER, "sip:0x02@kall", PRICE)
    commands = desk.send(RouteFound(CallId(3), route), SessionOpened(CallId(3), credit))
    assert not [one for one in commands if isinstance(one, PlaceCall)]
    assert isinstance(desk.phone.mode, Quoting)


@pytest.mark.parametrize("hotline_after_s", [0, 5])
def test_a_locked_phone_calls_no_hotline(hotline_after_s: int) -> None:
    desk = ready()
    desk.phone = replace(
        desk.phone,
        settings=Settings(hotline=OTHER, hotline_after_s=hotline_after_s),
        lock=replace(desk.phone.lock, locked=True),
    )
    desk.send(OffHook())
    desk.wait(10)
    assert desk.phone.next_call == 1


def test_two_calls_at_once_stay_within_the_days_limit() -> None:
    desk = chosen(talking(), limits=Limits(per_day=5 * PRICE))
    desk.send(IncomingCall(IN, FRIEND))
    desk.phone = replace(desk.phone, line=replace(desk.phone.line, incoming_price=PRICE))
    desk.send(KeyPressed("D"), KeyPressed("2"), CallAnswered(IN))
    signed = [one for one in desk.wait(120) if isinstance(one, SignVoucher)]
    assert desk.phone.spent.total == 5 * PRICE
    assert len(signed) == 3


def test_a_forwarded_call_is_in_the_log_under_the_number_that_was_dialled() -> None:
    desk = calling(ready())
    logged = [one for one in desk.send(CallForwarded(CALL, OTHER)) if isinstance(one, LogCall)]
    assert [(one.call, one.number, one.cause) for one in logged] == [(CALL, NUMBER, Cause.FORWARDED)]


def test_credit_that_went_while_the_price_was_shown_rings_nobodys_phone() -> None:
    desk = calling(chosen(ready(PRICE * 2), ask_above=0))
    assert isinstance(desk.phone.mode, Quoting)
    credit = desk.phone.home_credit
    assert credit is not None
    desk.send(CreditChanged(0, replace(credit, signed=PRICE * 2)))
    desk.wait(1)
    assert not [one for one in desk.send(KeyPressed("#")) if isinstance(one, PlaceCall)]
    assert isinstance(desk.phone.mode, Over)
    assert desk.phone.mode.cause is Cause.NO_CREDIT


def test_the_last_caller_is_nobody_who_was_kept_out() -> None:
    desk = chosen(ready(), (Contact(OTHER, "Pest", STRANGER, blocked=True),))
    desk.send(IncomingCall(IN, FRIEND), CallerIdentified(IN, THIRD, FRIEND), CallEnded(IN, 487, ""))
    desk.send(IncomingCall(CallId(4), STRANGER), CallerIdentified(CallId(4), OTHER, STRANGER))
    desk.send(OffHook(), KeyPressed("*"), KeyPressed("6"), KeyPressed("9"))
    desk.wait(8)
    assert desk.phone.redial == THIRD


@pytest.mark.parametrize(("known_as", "answered"), [(b"", True), (FRIEND, False)])
def test_a_number_that_changed_hands_opens_no_loudspeaker(known_as: bytes, answered: bool) -> None:
    desk = chosen(ready(), (Contact(OTHER, "Friend", known_as, auto_answer=True),), reject_anonymous=True)
    desk.send(IncomingCall(IN, STRANGER))
    assert (AnswerCall(IN) in desk.send(CallerIdentified(IN, OTHER, STRANGER))) is answered


@pytest.mark.parametrize("settings", [{"do_not_disturb": True}, {"screening": Screening.FAVOURITES}])
def test_who_only_says_that_they_are_a_favourite_is_none(settings: dict[str, object]) -> None:
    friend = Contact(OTHER, "Friend", FRIEND, favourite=True)
    desk = chosen(ready(), (friend,), allow_unverified=True, **settings)
    desk.send(IncomingCall(IN, FRIEND, verified=False))
    assert isinstance(desk.phone.mode, Idle)
    desk.send(IncomingCall(CallId(4), FRIEND))
    assert isinstance(desk.phone.mode, Ringing)
