"""The rules that move the phone, all of them.

`transition(phone, event, now)` is pure: the same phone, event and clock always give the same phone and
commands. The mode says where the handset and the call are; the hook is not stored beside it, since
every mode is either on-hook (Idle, Ringing) or off-hook (all others):

    Idle -> DialTone -> Dialing -> Resolving -> Opening -> Calling -> InCall -> Over
    Idle -> Ringing -> Answering -> InCall -> Over
    any off-hook mode -> Idle with OnHook

There are no timers to start or forget: `wakeup_for(phone)` is a function of the phone, and the engine
sends Woken at that time. An answer whose call id is not the mode's is stale and changes nothing. Line
rules are in line.py, those of a paid call in talking.py.
"""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import line, talking
from kallphone.phone.causes import Cause, cause_before_answer, cause_of_goodbye
from kallphone.phone.commands import (
    AlertCaller,
    AnswerCall,
    Command,
    HangUp,
    IdentifyCaller,
    LogCall,
    OpenSession,
    PlaceCall,
    RejectCall,
    Resolve,
    SendDigit,
)
from kallphone.phone.dialplan import INTERDIGIT_S, Complete, KallNumber, Unfinished, classify
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallerIdentified,
    CallId,
    CallMeasured,
    CreditChanged,
    Event,
    FarEndRinging,
    IncomingCall,
    KeyPressed,
    LineFailed,
    LineOpened,
    LineProgressed,
    MediaStarted,
    OffHook,
    OnHook,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SessionRefused,
    SipRegistered,
    SipUnregistered,
    VoucherAccepted,
    VoucherRefused,
    Woken,
)
from kallphone.phone.states import (
    Answering,
    Calling,
    Dialing,
    DialTone,
    Idle,
    InCall,
    Mode,
    Opening,
    Over,
    Phone,
    Resolving,
    Ringing,
)

Transition = tuple[Phone, tuple[Command, ...]]

DIAL_TONE_S = 20.0
LOOK_UP_S = 15.0
CALLING_S = 60.0
RINGING_S = 75.0
ANSWERING_S = 20.0
HOWL_AFTER_S = 30.0

BUSY_HERE = 486
TEMPORARILY_UNAVAILABLE = 480


def transition(phone: Phone, event: Event, now: float) -> Transition:
    """Move the phone by one event; `now` is the engine's monotonic clock in seconds."""
    match event:
        case OffHook():
            return _lifted(phone, now)
        case OnHook():
            return _lowered(phone, now)
        case KeyPressed(key=key):
            return _key(phone, key, now)
        case Woken():
            phone, line_commands = line.due(phone, now)
            phone, mode_commands = _mode_due(phone, now)
            return phone, line_commands + mode_commands
        case LineProgressed() | LineOpened() | LineFailed() | CreditChanged():
            return _line_moved(phone, event, now)
        case SipRegistered() | SipUnregistered():
            return _registration_moved(phone, event, now)
        case RouteFound() | RouteNotFound() | SessionOpened() | SessionRefused() | FarEndRinging():
            return _outgoing_moved(phone, event, now)
        case IncomingCall():
            return _incoming(phone, event, now)
        case CallerIdentified(call=call, number=number):
            if isinstance(phone.mode, Ringing | Answering | InCall) and phone.mode.call == call:
                return replace(phone, mode=replace(phone.mode, number=number)), ()
            return phone, ()
        case CallAnswered(call=call):
            return _answered(phone, call, now)
        case CallEnded(call=call, code=code):
            return _ended(phone, call, code, now)
        case CallMeasured():
            return talking.measured(phone, event)
        case MediaStarted() | VoucherAccepted() | VoucherRefused():
            return _in_call(phone, event, now)
        case _:
            return phone, ()


def wakeup_for(phone: Phone) -> float | None:
    """When the phone wants its next Woken, on the clock that `transition` is given."""
    times = line.wakeups(phone.line)
    deadline = _deadline(phone.mode)
    return min([*times, deadline] if deadline is not None else times, default=None)


def _lifted(phone: Phone, now: float) -> Transition:
    mode = phone.mode
    phone = replace(phone, missed=0)
    if isinstance(mode, Ringing):
        answering = Answering(mode.call, mode.caller, mode.number, now)
        return replace(phone, mode=answering), (AnswerCall(mode.call),)
    if not isinstance(mode, Idle):
        return phone, ()
    return replace(phone, mode=DialTone(now) if phone.line.up else Over(Cause.LINE_DOWN, now)), ()


def _lowered(phone: Phone, now: float) -> Transition:
    mode = phone.mode
    match mode:
        case Idle() | Ringing():
            return phone, ()
        case InCall():
            return talking.end(phone, mode, Cause.HUNG_UP, now, hang_up=True, on_hook=True)
        case Resolving() | Opening():
            return replace(phone, mode=Idle()), (_not_reached(mode, Cause.HUNG_UP),)
        case Calling():
            return replace(phone, mode=Idle()), (HangUp(mode.call), _not_reached(mode, Cause.HUNG_UP))
        case Answering():
            return replace(phone, mode=Idle()), (HangUp(mode.call), _not_answered(mode, Cause.HUNG_UP))
        case _:
            return replace(phone, mode=Idle()), ()


def _key(phone: Phone, key: str, now: float) -> Transition:
    match phone.mode:
        case DialTone():
            return _dialled(phone, key, now)
        case Dialing(digits=digits):
            return _dialled(phone, digits + key, now)
        case InCall(call=call):
            return phone, (SendDigit(call, key),)
        case _:
            return phone, ()


def _dialled(phone: Phone, digits: str, now: float) -> Transition:
    match classify(digits, phone.settings.country):
        case Unfinished():
            return replace(phone, mode=Dialing(digits, now)), ()
        case Complete(KallNumber(number)):
            call = CallId(phone.next_call)
            mode = Resolving(call, number, now)
            return replace(phone, mode=mode, next_call=phone.next_call + 2), (Resolve(call, number),)
        case _:
            return replace(phone, mode=Over(Cause.WRONG_NUMBER, now, digits.rstrip("#"))), ()


def _line_moved(
    phone: Phone, event: LineProgressed | LineOpened | LineFailed | CreditChanged, now: float
) -> Transition:
    match event:
        case LineProgressed(words=words):
            return line.progressed(phone, words), ()
        case LineOpened():
            return line.opened(phone, event, now)
        case LineFailed(words=words):
            return line.failed(phone, words, now), ()
        case CreditChanged():
            return line.credit_changed(phone, event), ()


def _registration_moved(phone: Phone, event: SipRegistered | SipUnregistered, now: float) -> Transition:
    if isinstance(event, SipUnregistered):
        phone = line.unregistered(phone, event.words, now)
        return talking.lost(phone, phone.mode, now) if isinstance(phone.mode, InCall) else phone, ()
    phone = line.registered(phone)
    match phone.mode:
        case Over(cause=Cause.LINE_DOWN):
            return replace(phone, mode=DialTone(now)), ()
        case InCall():
            return talking.found(phone, phone.mode), ()
        case _:
            return phone, ()


OutgoingEvent = RouteFound | RouteNotFound | SessionOpened | SessionRefused | FarEndRinging


def _outgoing_moved(phone: Phone, event: OutgoingEvent, now: float) -> Transition:
    mode = phone.mode
    if not isinstance(mode, Resolving | Opening | Calling) or mode.call != event.call:
        return (line.with_credit(phone, event.credit) if isinstance(event, SessionOpened) else phone), ()
    match mode, event:
        case Resolving(), RouteFound(route=route):
            opening = Opening(mode.call, mode.number, route, now)
            return replace(phone, mode=opening), (OpenSession(mode.call, route),)
        case Resolving(), RouteNotFound(cause=cause):
            return _given_up(phone, mode, cause, now)
        case Opening(), SessionOpened(credit=credit):
            return _session_opened(line.with_credit(phone, credit), mode, now)
        case Opening(), SessionRefused(cause=cause):
            return _given_up(phone, mode, cause, now)
        case Calling(), FarEndRinging():
            return replace(phone, mode=replace(mode, alerted=True)), ()
        case _:
            return phone, ()


def _session_opened(phone: Phone, mode: Opening, now: float) -> Transition:
    """Without credit for one period nobody's phone rings."""
    credit = phone.credit_with(mode.route.provider)
    if mode.route.price > (credit.available if credit else 0):
        return _given_up(phone, mode, Cause.NO_CREDIT, now)
    calling = Calling(mode.call, mode.number, mode.route, now)
    return replace(phone, mode=calling), (PlaceCall(mode.call, mode.route.uri),)


def _given_up(phone: Phone, mode: Resolving | Opening | Calling, cause: Cause, now: float) -> Transition:
    return replace(phone, mode=Over(cause, now, mode.number)), (_not_reached(mode, cause),)


def _incoming(phone: Phone, event: IncomingCall, now: float) -> Transition:
    if not isinstance(phone.mode, Idle):
        return phone, (RejectCall(event.call, BUSY_HERE),)
    ringing = Ringing(event.call, event.caller, "", now)
    return replace(phone, mode=ringing), (AlertCaller(event.call), IdentifyCaller(event.call, event.caller))


def _answered(phone: Phone, call: CallId, now: float) -> Transition:
    mode = phone.mode
    if isinstance(mode, Calling) and mode.call == call:
        route = mode.route
        talk = InCall(call, True, route.peer, mode.number, route.provider, route.price, now, now)
    elif isinstance(mode, Answering) and mode.call == call:
        own = phone.line
        talk = InCall(call, False, mode.caller, mode.number, own.home, own.incoming_price, now, now)
    else:
        return phone, ()
    if not phone.line.up:
        talk = replace(talk, lost_since=now)
    return talking.answered(phone, talk, now)


def _in_call(phone: Phone, event: MediaStarted | VoucherAccepted | VoucherRefused, now: float) -> Transition:
    mode = phone.mode
    if not isinstance(mode, InCall) or mode.call != event.call:
        return phone, ()
    match event:
        case MediaStarted(codec=codec, srtp=srtp):
            return replace(phone, mode=replace(mode, codec=codec, srtp=srtp)), ()
        case VoucherAccepted(cumulative=cumulative):
            return talking.voucher_accepted(phone, mode, cumulative), ()
        case VoucherRefused():
            return talking.end(phone, mode, Cause.PAYMENT_REFUSED, now, hang_up=True)


def _ended(phone: Phone, call: CallId, code: int, now: float) -> Transition:
    mode = phone.mode
    if not isinstance(mode, Ringing | Calling | Answering | InCall) or mode.call != call:
        return phone, ()
    match mode:
        case InCall():
            cause = cause_of_goodbye(code, paying=mode.price > 0)
            return talking.end(phone, mode, cause, now, hang_up=False)
        case Calling():
            return _given_up(phone, mode, cause_before_answer(code), now)
        case Answering():
            over = Over(Cause.FAR_END_HUNG_UP, now, mode.number)
            return replace(phone, mode=over), (_not_answered(mode, Cause.FAR_END_HUNG_UP),)
        case Ringing():
            return _missed(phone, mode)


def _missed(phone: Phone, mode: Ringing) -> Transition:
    return replace(phone, mode=Idle(), missed=phone.missed + 1), (_not_answered(mode, Cause.NO_ANSWER),)


def _mode_due(phone: Phone, now: float) -> Transition:
    mode = phone.mode
    deadline = _deadline(mode)
    if deadline is None or now < deadline:
        return phone, ()
    match mode:
        case DialTone() | Dialing():
            digits = mode.digits if isinstance(mode, Dialing) else ""
            return replace(phone, mode=Over(Cause.DIALLED_TOO_SLOWLY, now, digits)), ()
        case Resolving():
            return _given_up(phone, mode, Cause.LEDGER_AWAY, now)
        case Opening():
            return _given_up(phone, mode, Cause.PROVIDER_LOST, now)
        case Calling():
            phone, commands = _given_up(phone, mode, Cause.NO_ANSWER, now)
            return phone, (HangUp(mode.call), *commands)
        case Ringing():
            phone, commands = _missed(phone, mode)
            return phone, (RejectCall(mode.call, TEMPORARILY_UNAVAILABLE), *commands)
        case Answering():
            over = Over(Cause.FAILED, now, mode.number)
            return replace(phone, mode=over), (HangUp(mode.call), _not_answered(mode, Cause.FAILED))
        case InCall():
            return talking.second_passed(phone, mode, now)
        case Over():
            return replace(phone, mode=replace(mode, howling=True)), ()
        case _:
            return phone, ()


def _deadline(mode: Mode) -> float | None:
    match mode:
        case DialTone():
            return mode.since + DIAL_TONE_S
        case Dialing():
            return mode.since + INTERDIGIT_S
        case Resolving() | Opening():
            return mode.since + LOOK_UP_S
        case Calling():
            return mode.since + CALLING_S
        case Ringing():
            return mode.since + RINGING_S
        case Answering():
            return mode.since + ANSWERING_S
        case InCall():
            return talking.next_second(mode)
        case Over():
            return None if mode.howling else mode.since + HOWL_AFTER_S
        case _:
            return None


def _not_reached(mode: Resolving | Opening | Calling, cause: Cause) -> LogCall:
    peer = b"" if isinstance(mode, Resolving) else mode.route.peer
    return LogCall(mode.call, True, mode.number, peer, cause, 0, 0)


def _not_answered(mode: Ringing | Answering, cause: Cause) -> LogCall:
    return LogCall(mode.call, False, mode.number, mode.caller, cause, 0, 0)
