"""Rules of dialling: from the first digit to what it means."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import outgoing, service_codes
from kallphone.phone.causes import Cause
from kallphone.phone.commands import Command, Speak
from kallphone.phone.dialplan import (
    Complete,
    Emergency,
    KallNumber,
    Outside,
    Redial,
    Service,
    SpeedDial,
    Target,
    Unfinished,
    Wrong,
    at_timeout,
    classify,
)
from kallphone.phone.numbering import EVERYWHERE, PLANS
from kallphone.phone.states import Dialing, Over, Phone

Transition = tuple[Phone, tuple[Command, ...]]


def dialled(phone: Phone, digits: str, now: float) -> Transition:
    """One more key; `digits` are all so far."""
    spoken: tuple[Command, ...] = (Speak(digits[-1]),) if phone.settings.speak_digits else ()
    one_key = Complete(SpeedDial(digits)) if _is_one_key(phone, digits) else None
    result = one_key or classify(digits, phone.settings.country)
    match result:
        case Unfinished():
            return replace(phone, mode=Dialing(digits, now)), spoken
        case Wrong():
            return replace(phone, mode=Over(Cause.WRONG_NUMBER, now, digits)), spoken
        case Complete(target=target):
            phone, commands = reach(phone, target, now)
            return phone, spoken + commands


def finished(phone: Phone, digits: str, now: float, *, otherwise: Cause) -> Transition:
    """The dialler says no more; `otherwise` is what is wrong with digits that mean nothing."""
    match at_timeout(digits, phone.settings.country):
        case Complete(target=target):
            return reach(phone, target, now)
        case _:
            return replace(phone, mode=Over(otherwise, now, digits)), ()


def reach(phone: Phone, target: Target, now: float) -> Transition:
    if isinstance(target, Emergency):
        return outgoing.over(phone, Cause.NO_EMERGENCY, target.number, now), ()
    if phone.lock.locked:
        return outgoing.over(phone, Cause.LOCKED, "", now), ()
    match target:
        case KallNumber(digits=digits):
            return outgoing.call(phone, digits, now)
        case SpeedDial(key=key):
            contact = phone.book.by_key(key)
            return outgoing.call(phone, contact.number if contact else "", now)
        case Redial():
            return outgoing.call(phone, phone.redial, now)
        case Outside(e164=e164):
            return outgoing.over(phone, Cause.NO_GATEWAY, e164, now), ()
        case Service():
            return service_codes.apply(phone, target, now)


def hotline_after_s(phone: Phone) -> int:
    """How long a dial tone lasts until the hotline is called; 0 where none is."""
    settings = phone.settings
    free = settings.hotline and not phone.aside and not phone.lock.locked
    return settings.hotline_after_s if free else 0


def _is_one_key(phone: Phone, digits: str) -> bool:
    """A key that may begin a call for help is none."""
    helps = (*PLANS[phone.settings.country].emergency, *EVERYWHERE)
    begins_help = any(number.startswith(digits) for number in helps)
    known = len(digits) == 1 and phone.book.by_key(digits) is not None
    return phone.settings.one_key and known and not begins_help
