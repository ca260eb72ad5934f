"""Supplementary services (ITU-T Q.83): hold, call waiting, three-way conference, transfer.

A call that is not talked in stays connected and paid for; it hears a hold tone, and its phone is told. The
far ends agree on a transfer by notes within their calls: whoever is put through calls the new party itself,
and so decides itself what that may cost.
"""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import incoming, talking
from kallphone.phone.causes import Cause
from kallphone.phone.commands import AnswerCall, Command, TellPeer
from kallphone.phone.events import ExpectNote, HoldNote, Note, TransferNote, TransferRefusedNote
from kallphone.phone.states import (
    Answering,
    Attempt,
    Dialing,
    DialTone,
    InCall,
    Notice,
    Over,
    Page,
    Phone,
    Waiting,
)
from kallphone.phone.words import N_

Transition = tuple[Phone, tuple[Command, ...]]

CALL_PAGE = "call"
"""The menu during a call."""

BACK_AFTER_S = 4.0
"""How long it is said why a second call is over, before the first one goes on."""

NOTICE_S = 4.0


def flashed(phone: Phone, now: float) -> Transition:
    """The hook was flashed: another call is taken, begun, or gone back to."""
    mode = phone.mode
    if isinstance(mode, InCall) and phone.waiting is not None and not phone.aside:
        return take_waiting(phone, now)
    if isinstance(mode, InCall) and not phone.aside:
        return hold(phone, now)
    if isinstance(mode, InCall):
        return replace(phone, pages=(Page(CALL_PAGE, since=now),)), ()
    if phone.aside and isinstance(mode, DialTone | Dialing | Over):
        return resume(phone)
    if phone.waiting is not None and isinstance(mode, Over):
        return _answer(phone, phone.waiting, now)
    return phone, ()


def hold(phone: Phone, now: float, *, putting_through: bool = False) -> Transition:
    """Puts the call aside, with a tone to dial another number."""
    mode = phone.mode
    if not isinstance(mode, InCall) or phone.aside or phone.hands_free:
        return phone, ()
    phone = replace(
        phone, mode=DialTone(now), aside=(mode,), putting_through=putting_through, muted=False, pages=()
    )
    return phone, (TellPeer(mode.call, HoldNote(held=True)),)


def resume(phone: Phone) -> Transition:
    """Back to the call that waits aside; what was begun meanwhile must be over."""
    if not phone.aside:
        return phone, ()
    back, rest = phone.aside[0], phone.aside[1:]
    phone = replace(phone, mode=back, aside=rest, putting_through=False, pages=())
    return phone, (TellPeer(back.call, HoldNote(held=False)),)


def swap(phone: Phone) -> Transition:
    mode = phone.mode
    if not isinstance(mode, InCall) or not phone.aside or phone.joined:
        return phone, ()
    other = phone.aside[0]
    phone = replace(phone, mode=other, aside=(mode, *phone.aside[1:]), muted=False, pages=())
    notes = (TellPeer(mode.call, HoldNote(held=True)), TellPeer(other.call, HoldNote(held=False)))
    return phone, notes


def join(phone: Phone) -> Transition:
    """All talk with all."""
    if not isinstance(phone.mode, InCall) or not phone.aside or phone.joined:
        return phone, ()
    notes = tuple(TellPeer(one.call, HoldNote(held=False)) for one in phone.aside)
    return replace(phone, joined=True, pages=()), notes


def take_waiting(phone: Phone, now: float) -> Transition:
    mode, waiting = phone.mode, phone.waiting
    if not isinstance(mode, InCall) or waiting is None or phone.aside:
        return phone, ()
    answering = Answering(waiting.caller, now)
    phone = replace(phone, mode=answering, aside=(mode,), waiting=None, muted=False, pages=())
    return phone, (TellPeer(mode.call, HoldNote(held=True)), AnswerCall(waiting.caller.call))


def reject_waiting(phone: Phone) -> Transition:
    if phone.waiting is None:
        return phone, ()
    return incoming.declined(replace(phone, pages=()), phone.waiting.caller)


def end_active(phone: Phone, now: float) -> Transition:
    """Ends the call that is talked in; whoever waits comes next."""
    mode = phone.mode
    if not isinstance(mode, InCall):
        return phone, ()
    phone, commands = talking.end(phone, mode, Cause.HUNG_UP, now, hang_up=True)
    if isinstance(phone.mode, InCall):
        return phone, commands
    more: tuple[Command, ...] = ()
    if phone.aside:
        phone, more = resume(phone)
    elif phone.waiting is not None:
        phone, more = _answer(phone, phone.waiting, now)
    return phone, commands + more


def _answer(phone: Phone, waiting: Waiting, now: float) -> Transition:
    caller = waiting.caller
    return replace(phone, mode=Answering(caller, now), waiting=None), (AnswerCall(caller.call),)


def transfer(phone: Phone, now: float) -> Transition:
    """Two calls: connects them with each other. One: asks for the number to put it through to."""
    mode = phone.mode
    if not isinstance(mode, InCall):
        return phone, ()
    if not phone.aside:
        return hold(phone, now, putting_through=True)
    held = phone.aside[0]
    if not mode.number:
        return _noticed(phone, N_("They have no number"), now), ()
    active, waiting = replace(mode, transferring=True), replace(held, transferring=True)
    phone = replace(phone, mode=active, aside=(waiting, *phone.aside[1:]), pages=())
    return phone, (
        TellPeer(mode.call, ExpectNote(held.peer)),
        TellPeer(held.call, TransferNote(mode.number)),
    )


def transfer_to(phone: Phone, number: str) -> Transition:
    """A number was dialled to put the call aside through to."""
    phone, commands = resume(phone)
    mode = phone.mode
    if not isinstance(mode, InCall):
        return phone, commands
    phone = replace(phone, mode=replace(mode, transferring=True))
    return phone, (*commands, TellPeer(mode.call, TransferNote(number)))


def told(phone: Phone, call: InCall, note: Note, now: float) -> Transition:
    """The far end of a call said something; a TransferNote that is followed is the machine's."""
    match note:
        case HoldNote(held=held):
            return talking.put(phone, replace(call, remote_hold=held)), ()
        case ExpectNote(account=account):
            return talking.put(phone, replace(call, expected=account)), ()
        case TransferRefusedNote():
            if not call.transferring:
                return phone, ()
            phone = talking.put(phone, replace(call, transferring=False))
            return _noticed(phone, N_("They stay with you"), now), ()
        case TransferNote():
            return phone, (TellPeer(call.call, TransferRefusedNote()),)


def put_through(phone: Phone, now: float) -> Transition:
    """The new party has answered: whoever put us through is let go."""
    if not phone.aside:
        return phone, ()
    return talking.end(phone, phone.aside[0], Cause.TRANSFERRED, now, hang_up=True)


def transfer_failed(phone: Phone, mode: Attempt) -> Transition:
    """Nobody answered where we were put through to: the old call goes on."""
    if not mode.errand.transfer or not phone.aside:
        return phone, ()
    return phone, (TellPeer(phone.aside[0].call, TransferRefusedNote()),)


def _noticed(phone: Phone, words: str, now: float) -> Phone:
    return replace(phone, notice=Notice(words, now + NOTICE_S))
