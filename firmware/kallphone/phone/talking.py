from __future__ import annotations

from dataclasses import replace

from kallphone.phone.causes import Cause
from kallphone.phone.commands import Command, EndPayment, HangUp, LogCall, RateService, SignVoucher
from kallphone.phone.events import CallMeasured
from kallphone.phone.meter import started_periods
from kallphone.phone.states import Idle, InCall, LastCall, Mode, Over, Phone

RECONNECT_S = 8.0
"""How long a call outlives the connection to its provider."""

STALLED_S = 30.0
"""A phone that slept this long in a call (suspended, clock jumped) pays for none of it."""

SHORTEST_RATED_S = 5.0
"""A greeting tells little of a line, and RTCP reports come every 5 s at most (RFC 3550, 6.2)."""


def answered(phone: Phone, mode: InCall, now: float) -> tuple[Phone, tuple[Command, ...]]:
    """The first voucher goes out with the answer."""
    return _pay(replace(phone, mode=mode), mode, now)


def second_passed(phone: Phone, mode: InCall, now: float) -> tuple[Phone, tuple[Command, ...]]:
    if now - mode.now > STALLED_S:
        return end(phone, mode, Cause.PROVIDER_LOST, now, hang_up=True)
    if mode.lost_since is not None and now - mode.lost_since >= RECONNECT_S:
        return end(phone, mode, Cause.PROVIDER_LOST, now, hang_up=True)
    mode = replace(mode, now=now)
    phone = replace(phone, mode=mode)
    return (phone, ()) if mode.lost_since is not None else _pay(phone, mode, now)


def end(
    phone: Phone, mode: InCall, cause: Cause, now: float, *, hang_up: bool, on_hook: bool = False
) -> tuple[Phone, tuple[Command, ...]]:
    """The one way out of a call: its payment ends with it."""
    after: Mode = Idle() if on_hook else Over(cause, now, mode.number)
    commands: tuple[Command, ...] = (
        EndPayment(mode.call, mode.provider, mode.periods, mode.paid),
        LogCall(mode.call, mode.outgoing, mode.number, mode.peer, cause, int(now - mode.since), mode.paid),
    )
    phone = replace(phone, mode=after, last_call=LastCall(mode.call, mode.provider))
    return phone, ((HangUp(mode.call), *commands) if hang_up else commands)


def measured(phone: Phone, event: CallMeasured) -> tuple[Phone, tuple[Command, ...]]:
    """Rates who carried the call that ended last, once."""
    last = phone.last_call
    if last is None or last.call != event.call:
        return phone, ()
    phone = replace(phone, last_call=None)
    if event.seconds < SHORTEST_RATED_S or not last.provider:
        return phone, ()
    heard = (event.loss, event.jitter, event.delay, event.seconds)
    return phone, (RateService(last.call, last.provider, *heard),)


def voucher_accepted(phone: Phone, mode: InCall, cumulative: int) -> Phone:
    return replace(phone, mode=replace(mode, accepted=max(mode.accepted, cumulative)))


def lost(phone: Phone, mode: InCall, now: float) -> Phone:
    return phone if mode.lost_since is not None else replace(phone, mode=replace(mode, lost_since=now))


def found(phone: Phone, mode: InCall) -> Phone:
    return replace(phone, mode=replace(mode, lost_since=None))


def next_second(mode: InCall) -> float:
    return mode.since + int(mode.now - mode.since) + 1


def _pay(phone: Phone, mode: InCall, now: float) -> tuple[Phone, tuple[Command, ...]]:
    due = started_periods(now - mode.since) - mode.periods
    if due <= 0:
        return phone, ()
    if mode.price == 0:
        return replace(phone, mode=replace(mode, periods=mode.periods + due)), ()
    amount = due * mode.price
    credit = phone.credit_with(mode.provider)
    if credit is None or credit.available < amount:
        return end(phone, mode, Cause.CREDIT_ENDED, now, hang_up=True)
    credit = replace(credit, signed=credit.signed + amount)
    others = tuple(other for other in phone.credits if other.provider != mode.provider)
    mode = replace(mode, periods=mode.periods + due, paid=mode.paid + amount)
    return (
        replace(phone, mode=mode, credits=(*others, credit)),
        (SignVoucher(mode.call, credit.provider, credit.epoch, credit.signed),),
    )
