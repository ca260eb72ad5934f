"""Rules of reaching somebody: from a number to the INVITE."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import limits, line, supplementary, talking
from kallphone.phone.causes import Cause, cause_before_answer
from kallphone.phone.commands import Command, HangUp, LogCall, OpenSession, PlaceCall, Resolve
from kallphone.phone.dialplan import KALL_NUMBER_DIGITS
from kallphone.phone.events import (
    CallForwarded,
    CallId,
    FarEndRinging,
    Route,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SessionRefused,
)
from kallphone.phone.meter import a_minute
from kallphone.phone.states import (
    Attempt,
    Calling,
    Errand,
    InCall,
    Opening,
    Over,
    Phone,
    Quoting,
    Resolving,
)

Transition = tuple[Phone, tuple[Command, ...]]

LOOK_UP_S = 15.0
QUOTING_S = 45.0
CALLING_S = 60.0

LONGEST_VIA = 3
"""Phones that may send one call on."""

OutgoingEvent = RouteFound | RouteNotFound | SessionOpened | SessionRefused | FarEndRinging | CallForwarded


def call(phone: Phone, number: str, now: float) -> Transition:
    """Calls a number, or puts the call aside through to it."""
    if not number:
        return over(phone, Cause.NOTHING_STORED, "", now), ()
    if not phone.line.up and not phone.aside:
        return over(phone, Cause.LINE_DOWN, number, now), ()
    if phone.putting_through:
        return supplementary.transfer_to(phone, number)
    return dial(phone, number, now)


def dial(phone: Phone, number: str, now: float) -> Transition:
    """Goes to find who holds that Kall number."""
    phone = replace(phone, redial=number)
    return _look_up(phone, Errand(CallId(phone.next_call), number), now)


def dial_instead(phone: Phone, old: InCall, number: str, now: float) -> Transition:
    """The far end of `old`, which is held, asks for it.

    Each answer costs a period: whoever was put through once is asked about the price of the next time, or
    phones in league could pass a caller around and be paid each time.
    """
    agreed = old.price if old.outgoing and not old.put_through else 0
    return _look_up(phone, Errand(CallId(phone.next_call), number, transfer=True, agreed=agreed), now)


def _look_up(phone: Phone, errand: Errand, now: float) -> Transition:
    number = errand.number
    retry = None if phone.retry and phone.retry.number == number else phone.retry
    phone = replace(phone, next_call=phone.next_call + 2, retry=retry)
    if phone.settings.limits.contacts_only and phone.book.by_number(number) is None:
        return given_up(phone, Resolving(errand, now), Cause.NOT_IN_CONTACTS, now)
    return replace(phone, mode=Resolving(errand, now)), (Resolve(errand.call, number),)


def moved(phone: Phone, event: OutgoingEvent, now: float) -> Transition:
    mode = phone.mode
    if not isinstance(mode, Attempt) or mode.errand.call != event.call:
        return (line.with_credit(phone, event.credit) if isinstance(event, SessionOpened) else phone), ()
    match mode, event:
        case Resolving(), RouteFound(route=route):
            opening = Opening(mode.errand, route, now)
            return replace(phone, mode=opening), (OpenSession(mode.errand.call, route),)
        case Resolving(), RouteNotFound(cause=cause):
            return given_up(phone, mode, cause, now)
        case Opening(), SessionOpened(credit=credit):
            return _session_opened(line.with_credit(phone, credit), mode, now)
        case Opening(), SessionRefused(cause=cause):
            return given_up(phone, mode, cause, now)
        case Calling(), FarEndRinging():
            return replace(phone, mode=replace(mode, alerted=True)), ()
        case Calling(), CallForwarded(number=number):
            return _forwarded(phone, mode, number, now)
        case _:
            return phone, ()


def agreed(phone: Phone, mode: Quoting, now: float) -> Transition:
    """Somebody has seen the price and wants the call; another call may have used up the credit meanwhile."""
    cause = _too_dear(phone, mode.errand, mode.route)
    if cause is not None:
        return given_up(phone, mode, cause, now)
    return _place(phone, mode.errand, mode.route, now)


def answered(phone: Phone, mode: Calling, now: float, *, verified: bool) -> Transition:
    route, errand = mode.route, mode.errand
    if not verified and not phone.settings.allow_unverified:
        phone, commands = given_up(phone, mode, Cause.NOT_VERIFIED, now)
        return phone, (HangUp(errand.call), *commands)
    talk = InCall(
        errand.call, True, route.peer, errand.number, route.provider, route.price, now, now,
        verified=verified, put_through=errand.transfer,
    )  # fmt: skip
    if not phone.line.up:
        talk = replace(talk, lost_since=now)
    phone, commands = talking.answered(phone, talk, now)
    if errand.transfer:
        phone, more = supplementary.put_through(phone, now)
        return phone, commands + more
    return phone, commands


def ended(phone: Phone, mode: Calling, code: int, now: float) -> Transition:
    return given_up(phone, mode, cause_before_answer(code), now)


def due(phone: Phone, mode: Attempt, now: float) -> Transition:
    """Its patience is over."""
    match mode:
        case Resolving():
            return given_up(phone, mode, Cause.LEDGER_AWAY, now)
        case Opening():
            return given_up(phone, mode, Cause.PROVIDER_LOST, now)
        case Quoting():
            return given_up(phone, mode, Cause.NOT_AGREED, now)
        case Calling():
            phone, commands = given_up(phone, mode, Cause.NO_ANSWER, now)
            return phone, (HangUp(mode.errand.call), *commands)


def deadline(mode: Attempt) -> float:
    match mode:
        case Resolving() | Opening():
            return mode.since + LOOK_UP_S
        case Quoting():
            return mode.since + QUOTING_S
        case Calling():
            return mode.since + CALLING_S


def given_up(phone: Phone, mode: Attempt, cause: Cause, now: float) -> Transition:
    phone, refused = supplementary.transfer_failed(phone, mode)
    return over(phone, cause, mode.errand.number, now), (not_reached(mode, cause), *refused)


def not_reached(mode: Attempt, cause: Cause) -> LogCall:
    peer = b"" if isinstance(mode, Resolving) else mode.route.peer
    return LogCall(mode.errand.call, True, mode.errand.number, peer, cause, 0, 0)


def _session_opened(phone: Phone, mode: Opening, now: float) -> Transition:
    errand, route = mode.errand, mode.route
    cause = _too_dear(phone, errand, route)
    if cause is not None:
        return given_up(phone, mode, cause, now)
    if _asks_first(phone, errand, route):
        return replace(phone, mode=Quoting(errand, route, now)), ()
    return _place(phone, errand, route, now)


def _too_dear(phone: Phone, errand: Errand, route: Route) -> Cause | None:
    """Without credit for one period nobody's phone rings."""
    credit = phone.credit_with(route.provider)
    if route.price > (credit.available if credit else 0):
        return Cause.NO_CREDIT
    return Cause.LIMIT_REACHED if limits.reached(phone, errand.number, 0, route.price) else None


def _asks_first(phone: Phone, errand: Errand, route: Route) -> bool:
    """Where we are put through, unless that costs no more than the call that it replaces."""
    if errand.transfer:
        return route.price > errand.agreed
    return a_minute(route.price) > phone.settings.ask_above


def _place(phone: Phone, errand: Errand, route: Route, now: float) -> Transition:
    place = PlaceCall(errand.call, route.uri, errand.diverted_from)
    return replace(phone, mode=Calling(errand, route, now)), (place,)


def _forwarded(phone: Phone, mode: Calling, number: str, now: float) -> Transition:
    errand = mode.errand
    via = (*errand.via, errand.number)
    if number in (*via, phone.line.number) or len(via) > LONGEST_VIA or len(number) != KALL_NUMBER_DIGITS:
        return given_up(phone, mode, Cause.FORWARDED_IN_CIRCLES, now)
    phone, commands = _look_up(
        phone, replace(errand, call=CallId(phone.next_call), number=number, via=via), now
    )
    return phone, (not_reached(mode, Cause.FORWARDED), *commands)


def over(phone: Phone, cause: Cause, number: str, now: float) -> Phone:
    """Off-hook, with nothing going on any more; a tone and words say why."""
    return replace(phone, mode=Over(cause, now, number))
