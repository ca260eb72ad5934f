"""Rules of paid calls: the one that is talked in, and those that wait aside.

Every answered call is paid for as it passes, also while it is on hold, since its provider meters it.
"""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import limits
from kallphone.phone.causes import Cause
from kallphone.phone.commands import Command, EndPayment, HangUp, LogCall, RateService, SignVoucher
from kallphone.phone.events import CallId, CallMeasured
from kallphone.phone.meter import started_periods
from kallphone.phone.states import DialTone, Idle, InCall, LastCall, Mode, Over, Phone

RECONNECT_S = 8.0
"""How long a call outlives the connection to its provider."""

STALLED_S = 30.0
"""A phone that slept this long in a call (suspended, clock jumped) pays for none of it."""

SHORTEST_RATED_S = 5.0
"""A greeting tells little of a line, and RTCP reports come every 5 s at most (RFC 3550, 6.2)."""

_LAST_CALLS = 4

Transition = tuple[Phone, tuple[Command, ...]]


def calls(phone: Phone) -> tuple[InCall, ...]:
    """All answered calls, the one in the foreground first."""
    return ((phone.mode,) if isinstance(phone.mode, InCall) else ()) + phone.aside


def find(phone: Phone, call: CallId) -> InCall | None:
    return next((one for one in calls(phone) if one.call == call), None)


def put(phone: Phone, call: InCall) -> Phone:
    """The phone with this state of one of its answered calls."""
    if isinstance(phone.mode, InCall) and phone.mode.call == call.call:
        return replace(phone, mode=call)
    return replace(phone, aside=tuple(call if one.call == call.call else one for one in phone.aside))


def answered(phone: Phone, mode: InCall, now: float) -> Transition:
    """The first voucher goes out with the answer; whoever was to be tried again is reached."""
    retry = None if phone.retry and phone.retry.number == mode.number else phone.retry
    return _pay(replace(phone, mode=mode, pages=(), retry=retry), mode, now)


def due(phone: Phone, now: float) -> Transition:
    """Everything about answered calls whose second has come."""
    commands: tuple[Command, ...] = ()
    for call in calls(phone):
        if next_second(call) <= now:
            phone, more = _second_passed(phone, call, now)
            commands += more
    return phone, commands


def end(phone: Phone, call: InCall, cause: Cause, now: float, *, hang_up: bool) -> Transition:
    """The one way out of a call: its payment ends with it."""
    commands: tuple[Command, ...] = (
        EndPayment(call.call, call.provider, call.periods, call.paid),
        LogCall(call.call, call.outgoing, call.number, call.peer, cause, int(now - call.since), call.paid),
    )
    last = (LastCall(call.call, call.provider), *phone.last_calls)[:_LAST_CALLS]
    phone = _without(replace(phone, last_calls=last), call, cause, now)
    return phone, ((HangUp(call.call), *commands) if hang_up else commands)


def end_all(phone: Phone, now: float) -> Transition:
    """The handset is down."""
    commands: tuple[Command, ...] = ()
    for call in calls(phone):
        phone, more = end(phone, call, Cause.HUNG_UP, now, hang_up=True)
        commands += more
    return replace(phone, mode=Idle(), aside=(), joined=False), commands


def measured(phone: Phone, event: CallMeasured) -> Transition:
    """Rates who carried a call that ended lately, once."""
    last = next((one for one in phone.last_calls if one.call == event.call), None)
    if last is None:
        return phone, ()
    phone = replace(phone, last_calls=tuple(one for one in phone.last_calls if one != last))
    if event.seconds < SHORTEST_RATED_S or not last.provider:
        return phone, ()
    heard = (event.loss, event.jitter, event.delay, event.seconds)
    return phone, (RateService(last.call, last.provider, *heard),)


def voucher_accepted(phone: Phone, call: InCall, cumulative: int) -> Phone:
    return put(phone, replace(call, accepted=max(call.accepted, cumulative)))


def lost(phone: Phone, now: float) -> Phone:
    """The connection to the provider broke."""
    for call in calls(phone):
        if call.lost_since is None:
            phone = put(phone, replace(call, lost_since=now))
    return phone


def found(phone: Phone) -> Phone:
    for call in calls(phone):
        phone = put(phone, replace(call, lost_since=None))
    return phone


def next_second(call: InCall) -> float:
    return call.since + int(call.now - call.since) + 1


def _second_passed(phone: Phone, call: InCall, now: float) -> Transition:
    if now - call.now > STALLED_S:
        return end(phone, call, Cause.PROVIDER_LOST, now, hang_up=True)
    if call.lost_since is not None and now - call.lost_since >= RECONNECT_S:
        return end(phone, call, Cause.PROVIDER_LOST, now, hang_up=True)
    call = replace(call, now=now)
    phone = put(phone, call)
    return (phone, ()) if call.lost_since is not None else _pay(phone, call, now)


def _without(phone: Phone, call: InCall, cause: Cause, now: float) -> Phone:
    """Whoever is left of a conference goes on talking; otherwise it is said why the call is over."""
    aside = tuple(one for one in phone.aside if one.call != call.call)
    after: Mode = phone.mode
    if isinstance(after, InCall) and after.call == call.call:
        if phone.joined and aside:
            after, aside = aside[0], aside[1:]
        elif phone.hands_free:
            after = Idle()
        else:
            after = Over(cause, now, call.number, expected=call.expected)
        phone = replace(phone, muted=phone.muted and isinstance(after, InCall), pages=())
    elif not aside:
        after = _alone(after, cause, call.number, now)
    return replace(
        phone,
        mode=after,
        aside=aside,
        joined=phone.joined and bool(aside),
        hands_free=phone.hands_free and isinstance(after, InCall),
        putting_through=phone.putting_through and bool(aside),
    )


def _alone(mode: Mode, cause: Cause, number: str, now: float) -> Mode:
    """The call on hold is over, and what was begun beside it stands for itself."""
    match mode:
        case Over(cause=Cause.ON_HOLD):
            return Over(cause, now, number)
        case DialTone():
            return DialTone(now)
        case _:
            return mode


def _pay(phone: Phone, call: InCall, now: float) -> Transition:
    due = started_periods(now - call.since) - call.periods
    if due <= 0:
        return phone, ()
    if call.price == 0:
        return put(phone, replace(call, periods=call.periods + due)), ()
    amount = due * call.price
    credit = phone.credit_with(call.provider)
    if credit is None or credit.available < amount:
        return end(phone, call, Cause.CREDIT_ENDED, now, hang_up=True)
    if limits.reached(phone, call.number, call.paid, amount):
        return end(phone, call, Cause.LIMIT_REACHED, now, hang_up=True)
    credit = replace(credit, signed=credit.signed + amount)
    others = tuple(other for other in phone.credits if other.provider != call.provider)
    phone = put(phone, replace(call, periods=call.periods + due, paid=call.paid + amount))
    phone = replace(phone, credits=(*others, credit), spent=phone.spent.plus(call.number, amount))
    return phone, (SignVoucher(call.call, credit.provider, credit.epoch, credit.signed),)
