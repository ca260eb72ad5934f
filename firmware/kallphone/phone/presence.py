"""Rules of presence: whether a contact's phone can be reached now, asked when its page is opened."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import AskReachable, Command, Probe
from kallphone.phone.events import Located, Reachable
from kallphone.phone.states import Phone, Presence

Transition = tuple[Phone, tuple[Command, ...]]

ASK_AGAIN_S = 15.0
MOST_PRESENCES = 8


def asked(phone: Phone, number: str, now: float) -> Transition:
    """An answer, or a question that is open, holds for ASK_AGAIN_S."""
    known = _of(phone, number)
    if not phone.line.up or (known is not None and now < known.since + ASK_AGAIN_S):
        return phone, ()
    return _noted(phone, Presence(number, now)), (AskReachable(number),)


def moved(phone: Phone, event: Located | Reachable) -> Transition:
    known = _of(phone, event.number)
    if known is None or known.reachable is not None:
        return phone, ()
    match event:
        case Located(number=number, uri=uri) if uri:
            return phone, (Probe(number, uri),) if phone.line.up else ()
        case Located():
            return _noted(phone, replace(known, reachable=False)), ()
        case Reachable(reachable=reachable):
            return _noted(phone, replace(known, reachable=reachable)), ()


def reachable(phone: Phone, number: str) -> bool | None:
    """None while that is not known."""
    known = _of(phone, number)
    return known.reachable if known else None


def _of(phone: Phone, number: str) -> Presence | None:
    return next((one for one in phone.presences if one.number == number), None)


def _noted(phone: Phone, presence: Presence) -> Phone:
    others = tuple(one for one in phone.presences if one.number != presence.number)
    return replace(phone, presences=(presence, *others)[:MOST_PRESENCES])
