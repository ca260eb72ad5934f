"""Rules of calls that come in: whom the phone rings for, and what others hear instead."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import records, talking
from kallphone.phone.causes import Cause
from kallphone.phone.commands import (
    AlertCaller,
    AnswerCall,
    Command,
    HangUp,
    IdentifyCaller,
    LogCall,
    RejectCall,
    SaveContact,
    Speak,
)
from kallphone.phone.events import CallerIdentified, CallId, IncomingCall
from kallphone.phone.settings import Screening
from kallphone.phone.states import Answering, Caller, Idle, InCall, Over, Phone, Reminding, Ringing, Waiting

Transition = tuple[Phone, tuple[Command, ...]]

RINGING_S = 75.0
ANSWERING_S = 20.0

LOOK_UP_S = 3.0
"""How long a call waits for its caller's number, where the owner's rules go by it."""

EXPECTED_S = 10.0
"""How long a caller is expected by whom the far end left without waiting for it."""

MOVED = 302
USE_IDENTITY = 428
ANONYMITY_DISALLOWED = 433
TEMPORARILY_UNAVAILABLE = 480
BUSY_HERE = 486
DECLINE = 603


def arrived(phone: Phone, event: IncomingCall, now: float) -> Transition:
    caller = Caller(event.call, event.caller, "", event.verified, event.diverted_from)
    if not caller.verified and not phone.settings.allow_unverified:
        return _turned_away(phone, caller, USE_IDENTITY, Cause.NOT_VERIFIED)
    if not _needs_number(phone, caller):
        phone, commands = _admitted(phone, caller, now)
    elif phone.arriving is not None:
        phone, commands = _turned_away(phone, caller, BUSY_HERE, Cause.NO_ANSWER)
    else:
        phone, commands = replace(phone, arriving=Waiting(caller, now)), ()
    return phone, (*commands, IdentifyCaller(caller.call, caller.account))


def identified(phone: Phone, event: CallerIdentified, now: float) -> Transition:
    mode, number = phone.mode, event.number
    phone = records.named(phone, event.account, number)
    if phone.arriving is not None and phone.arriving.caller.call == event.call:
        caller = replace(phone.arriving.caller, number=number, looked_up=True)
        phone, learned = _learned(replace(phone, arriving=None), caller)
        phone, commands = _admitted(phone, caller, now)
        return phone, learned + commands
    if isinstance(mode, Ringing | Answering) and mode.caller.call == event.call:
        caller = replace(mode.caller, number=number, looked_up=True)
        return _recognised(replace(phone, mode=replace(mode, caller=caller)), caller)
    if phone.waiting is not None and phone.waiting.caller.call == event.call:
        caller = replace(phone.waiting.caller, number=number, looked_up=True)
        return _recognised(replace(phone, waiting=replace(phone.waiting, caller=caller)), caller)
    call = talking.find(phone, event.call)
    return (talking.put(phone, replace(call, number=number)) if call else phone), ()


def _recognised(phone: Phone, caller: Caller) -> Transition:
    """The ledger was slow: whom the owner's rules keep out rings no longer."""
    phone, learned = _learned(phone, caller)
    code = _refusal(phone, caller)
    if code is None or (isinstance(phone.mode, Answering) and phone.mode.caller == caller):
        return phone, learned
    phone, commands = _turned_away(_let_go(phone, caller), caller, code, Cause.REFUSED_BY_RULE)
    return phone, learned + commands


def answered(phone: Phone, mode: Answering, now: float) -> Transition:
    own, caller = phone.line, mode.caller
    talk = InCall(
        caller.call, False, caller.account, caller.number, own.home, own.incoming_price, now, now,
        verified=caller.verified,
    )  # fmt: skip
    if not own.up:
        talk = replace(talk, lost_since=now)
    return talking.answered(phone, talk, now)


def lifted(phone: Phone, mode: Ringing, now: float) -> Transition:
    return replace(phone, mode=Answering(mode.caller, now)), (AnswerCall(mode.caller.call),)


def declined(phone: Phone, caller: Caller) -> Transition:
    """By hand: a voicemail takes it where there is one."""
    voicemail = phone.settings.voicemail
    phone = _let_go(phone, caller)
    return phone, (_instead(caller, voicemail, DECLINE), _not_answered(caller, Cause.DECLINED))


def gone(phone: Phone, call: CallId, now: float) -> Transition | None:
    """The caller gave up; None where no call that comes in has that id."""
    mode = phone.mode
    if isinstance(mode, Answering) and mode.caller.call == call:
        return _not_connected(phone, mode, Cause.FAR_END_HUNG_UP, now)
    for caller in _callers(phone):
        if caller.call == call:
            return _let_go(phone, caller), (_not_answered(caller, Cause.NO_ANSWER),)
    return None


def due(phone: Phone, now: float) -> Transition:
    mode = phone.mode
    commands: tuple[Command, ...] = ()
    if phone.arriving is not None and now >= phone.arriving.since + LOOK_UP_S:
        caller = phone.arriving.caller
        phone, more = _admitted(replace(phone, arriving=None), caller, now)
        commands += more
    if isinstance(mode, Ringing) and now >= rings_until(phone, mode.since):
        phone, more = _not_taken(phone, mode.caller)
        commands += more
    if phone.waiting is not None and now >= rings_until(phone, phone.waiting.since):
        phone, more = _not_taken(phone, phone.waiting.caller)
        commands += more
    if isinstance(mode, Answering) and now >= mode.since + ANSWERING_S:
        phone, more = _not_connected(phone, mode, Cause.FAILED, now)
        commands += (HangUp(mode.caller.call), *more)
    return phone, commands


def wakeups(phone: Phone) -> list[float]:
    mode = phone.mode
    times = [phone.arriving.since + LOOK_UP_S] if phone.arriving else []
    times += [rings_until(phone, phone.waiting.since)] if phone.waiting else []
    if isinstance(mode, Ringing):
        times.append(rings_until(phone, mode.since))
    if isinstance(mode, Answering):
        times.append(mode.since + ANSWERING_S)
    return times


def rings_until(phone: Phone, since: float) -> float:
    return since + (phone.settings.forwarding.after_s if _when_not_taken(phone) else RINGING_S)


def waiting_rings(phone: Phone, now: float) -> Phone:
    """The handset is down, and somebody still waits."""
    waiting = phone.waiting
    if waiting is None:
        return phone
    return replace(phone, waiting=None, mode=Ringing(waiting.caller, now))


def _needs_number(phone: Phone, caller: Caller) -> bool:
    """Whether the owner's rules can't be applied to the account alone."""
    settings, book = phone.settings, phone.book
    if book.by_account(caller.account) is not None:
        return False
    by_rule = settings.reject_anonymous or settings.do_not_disturb
    unknown = any(not one.account for one in book.contacts)
    return by_rule or unknown or settings.screening is not Screening.EVERYBODY


def _admitted(phone: Phone, caller: Caller, now: float) -> Transition:
    """Rings, waits, or is told something else."""
    settings, mode = phone.settings, phone.mode
    contact = phone.contact(caller.number, caller.account)
    code = _refusal(phone, caller)
    if code is not None:
        return _turned_away(phone, caller, code, Cause.REFUSED_BY_RULE)
    if isinstance(mode, InCall | Over) and _is_expected(phone, mode, caller, now):
        return _put_through(phone, mode, caller, now)
    if settings.forwarding.always:
        target = settings.forwarding.always
        return phone, (RejectCall(caller.call, MOVED, target), _not_answered(caller, Cause.FORWARDED))
    if settings.do_not_disturb and not (contact and contact.favourite and caller.verified):
        reject = _instead(caller, settings.voicemail, TEMPORARILY_UNAVAILABLE)
        return phone, (reject, _not_answered(caller, Cause.NO_ANSWER))
    if isinstance(mode, Idle | Reminding):
        return _rings(phone, caller, now)
    return _knocks(phone, caller, now)


def _refusal(phone: Phone, caller: Caller) -> int | None:
    """What a caller is told whom the owner's rules keep out."""
    contact = phone.contact(caller.number, caller.account)
    if contact is not None and contact.blocked:
        return DECLINE
    if phone.settings.reject_anonymous and caller.looked_up and not caller.number:
        return ANONYMITY_DISALLOWED
    return None if _wanted(phone, caller) else DECLINE


def _is_expected(phone: Phone, mode: InCall | Over, caller: Caller, now: float) -> bool:
    """Nobody is put through who does not prove who they are, nor onto a loudspeaker."""
    named = bool(caller.account) and mode.expected == caller.account and caller.verified
    late = isinstance(mode, Over) and now > mode.since + EXPECTED_S
    return named and not late and not phone.aside and not phone.hands_free


def _wanted(phone: Phone, caller: Caller) -> bool:
    contact = phone.contact(caller.number, caller.account) if caller.verified else None
    match phone.settings.screening:
        case Screening.EVERYBODY:
            return True
        case Screening.CONTACTS:
            return contact is not None
        case Screening.FAVOURITES:
            return contact is not None and contact.favourite


def _rings(phone: Phone, caller: Caller, now: float) -> Transition:
    contact = phone.contact(caller.number, caller.account)
    phone = replace(phone, touched_at=now, asleep=False)
    alone = phone.lock.locked or phone.settings.do_not_disturb
    if contact is not None and contact.auto_answer and caller.verified and not alone:
        answering = replace(phone, mode=Answering(caller, now), hands_free=True)
        return answering, (AnswerCall(caller.call),)
    commands: tuple[Command, ...] = (AlertCaller(caller.call),)
    if phone.settings.speak_caller and contact is not None:
        commands = (*commands, Speak(contact.name, aloud=True))
    return replace(phone, mode=Ringing(caller, now)), commands


def _knocks(phone: Phone, caller: Caller, now: float) -> Transition:
    """Somebody is talking here already."""
    settings = phone.settings
    free = phone.waiting is None and len(talking.calls(phone)) == 1 and not phone.hands_free
    if settings.call_waiting and free and isinstance(phone.mode, InCall):
        return replace(phone, waiting=Waiting(caller, now)), (AlertCaller(caller.call),)
    target = settings.forwarding.busy or settings.voicemail
    return phone, (_instead(caller, target, BUSY_HERE), _not_answered(caller, Cause.NO_ANSWER))


def _put_through(phone: Phone, old: InCall | Over, caller: Caller, now: float) -> Transition:
    """The far end said that this account would call in its place."""
    commands: tuple[Command, ...] = ()
    if isinstance(old, InCall):
        phone, commands = talking.end(phone, old, Cause.TRANSFERRED, now, hang_up=True)
    return replace(phone, mode=Answering(caller, now)), (*commands, AnswerCall(caller.call))


def _not_taken(phone: Phone, caller: Caller) -> Transition:
    target = _when_not_taken(phone)
    reject = _instead(caller, target, TEMPORARILY_UNAVAILABLE)
    return _let_go(phone, caller), (reject, _not_answered(caller, Cause.NO_ANSWER))


def _when_not_taken(phone: Phone) -> str:
    return phone.settings.forwarding.no_answer or phone.settings.voicemail


def _turned_away(phone: Phone, caller: Caller, code: int, cause: Cause) -> Transition:
    return phone, (RejectCall(caller.call, code), _not_answered(caller, cause))


def _instead(caller: Caller, forward_to: str, code: int) -> RejectCall:
    """A caller who was sent here is not sent on to where it came from."""
    if forward_to and forward_to != caller.diverted_from:
        return RejectCall(caller.call, MOVED, forward_to)
    return RejectCall(caller.call, code)


def _not_connected(phone: Phone, mode: Answering, cause: Cause, now: float) -> Transition:
    after = Idle() if phone.hands_free else Over(cause, now, mode.caller.number)
    return replace(phone, mode=after, hands_free=False), (_not_answered(mode.caller, cause),)


def _callers(phone: Phone) -> list[Caller]:
    callers = [one.caller for one in (phone.waiting, phone.arriving) if one is not None]
    return [phone.mode.caller, *callers] if isinstance(phone.mode, Ringing) else callers


def _let_go(phone: Phone, caller: Caller) -> Phone:
    if isinstance(phone.mode, Ringing) and phone.mode.caller.call == caller.call:
        phone = replace(phone, mode=Idle())
    waiting = phone.waiting if phone.waiting and phone.waiting.caller.call != caller.call else None
    arriving = phone.arriving if phone.arriving and phone.arriving.caller.call != caller.call else None
    return replace(phone, waiting=waiting, arriving=arriving)


def _learned(phone: Phone, caller: Caller) -> Transition:
    """A contact whose number the ledger gives to this account is known by it; one that changed hands opens
    no loudspeaker."""
    contact = phone.book.by_number(caller.number)
    if contact is None or contact.account == caller.account:
        return phone, ()
    auto_answer = contact.auto_answer and not contact.account
    contact = replace(contact, account=caller.account, auto_answer=auto_answer)
    return replace(phone, book=phone.book.with_contact(contact)), (SaveContact(contact),)


def _not_answered(caller: Caller, cause: Cause) -> LogCall:
    return LogCall(caller.call, False, caller.number, caller.account, cause, 0, 0)
