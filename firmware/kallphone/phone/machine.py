"""The rules that move the phone, all of them begin here.

`transition(phone, event, now)` is pure: the same phone, event and clock always give the same phone and
commands. The mode says where the handset and the call in the foreground are; the hook is not stored beside
it, since every mode is either on-hook (Idle, Ringing, Reminding) or off-hook (all others):

    Idle -> DialTone -> Dialing -> Resolving -> Opening -> [Quoting ->] Calling -> InCall -> Over
    Idle -> Ringing -> Answering -> InCall -> Over
    Idle -> Listening
    any off-hook mode -> Idle with OnHook

A second answered call waits aside (`Phone.aside`), on hold or joined with the first; a caller who knocks
meanwhile is `Phone.waiting`. There are no timers to start or forget: `wakeup_for(phone)` is a function of the
phone, and the engine sends Woken at that time. An answer whose call id is nobody's is stale and changes
nothing. The rules are in one file for each subject: hand, dialing, outgoing, incoming, talking,
supplementary, line, rest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from kallphone.phone import (
    dialing,
    hand,
    incoming,
    line,
    menu,
    outgoing,
    records,
    rest,
    supplementary,
    talking,
)
from kallphone.phone.causes import Cause, cause_of_goodbye
from kallphone.phone.commands import Command
from kallphone.phone.dialplan import pause_s
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallerIdentified,
    CallForwarded,
    CallId,
    CallMeasured,
    CallQuality,
    CallRefused,
    CallTold,
    CreditChanged,
    DeviceAnswered,
    Event,
    FarEndRinging,
    HookFlashed,
    IncomingCall,
    KeyHeld,
    KeyPressed,
    LineFailed,
    LineOpened,
    LineProgressed,
    Located,
    MediaStarted,
    MessageArrived,
    MessageSent,
    MinutePassed,
    OffHook,
    OnHook,
    PinChecked,
    Reachable,
    RecordingArrived,
    RecordingEnded,
    RecordingLoaded,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SessionRefused,
    SipRegistered,
    SipUnregistered,
    SoundCardsChanged,
    SpentLoaded,
    StorageFailed,
    TransferNote,
    VoucherAccepted,
    VoucherRefused,
    Withdrawn,
    Woken,
    WordsRead,
)
from kallphone.phone.states import (
    Answering,
    Calling,
    Dialing,
    DialTone,
    Heard,
    InCall,
    Opening,
    Over,
    Phone,
    Quoting,
    Resolving,
)

Transition = tuple[Phone, tuple[Command, ...]]

DIAL_TONE_S = 20.0
HOWL_AFTER_S = 30.0


def transition(phone: Phone, event: Event, now: float) -> Transition:
    """Move the phone by one event; `now` is the engine's monotonic clock in seconds."""
    phone, commands = _moved(phone, event, now)
    return records.kept(phone, commands), commands


def wakeup_for(phone: Phone) -> float | None:
    """When the phone wants its next Woken, on the clock that `transition` is given."""
    times = line.wakeups(phone.line) + incoming.wakeups(phone) + rest.wakeups(phone)
    times += [talking.next_second(call) for call in talking.calls(phone)]
    times += [at for at in (_deadline(phone), menu.wakeup(phone)) if at is not None]
    return min(times, default=None)


def _moved(phone: Phone, event: Event, now: float) -> Transition:
    match event:
        case OffHook():
            return hand.lifted(phone, now)
        case OnHook():
            return hand.lowered(phone, now)
        case HookFlashed():
            return hand.flashed(phone, now)
        case KeyPressed(key=key):
            return hand.pressed(phone, key, now)
        case KeyHeld(key=key):
            return hand.held(phone, key, now)
        case Woken():
            return _woken(phone, now)
        case LineProgressed() | LineOpened() | LineFailed() | CreditChanged():
            return _line_moved(phone, event, now)
        case SipRegistered() | SipUnregistered():
            return _registration_moved(phone, event, now)
        case (
            RouteFound() | RouteNotFound() | SessionOpened() | SessionRefused() | FarEndRinging()
            | CallForwarded()
        ):  # fmt: skip
            return outgoing.moved(phone, event, now)
        case IncomingCall():
            return incoming.arrived(phone, event, now)
        case CallerIdentified():
            return incoming.identified(phone, event, now)
        case CallAnswered(call=call, verified=verified):
            return _answered(phone, call, verified, now)
        case CallEnded(call=call, code=code):
            return _ended(phone, call, code, now)
        case CallMeasured():
            return talking.measured(phone, event)
        case MediaStarted() | VoucherAccepted() | VoucherRefused() | CallQuality() | CallTold():
            return _in_call(phone, event, now)
        case _:
            return _kept(phone, event, now)


def _woken(phone: Phone, now: float) -> Transition:
    phone, commands = line.due(phone, now)
    for due in (incoming.due, talking.due, _mode_due, rest.due, menu.due):
        phone, more = due(phone, now)
        commands += more
    return phone, commands


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
            return line.credit_changed(phone, event, now), ()


def _registration_moved(phone: Phone, event: SipRegistered | SipUnregistered, now: float) -> Transition:
    if isinstance(event, SipUnregistered):
        return talking.lost(line.unregistered(phone, event.words, now), now), ()
    phone = talking.found(line.registered(phone))
    mode = phone.mode
    if isinstance(mode, Over) and mode.cause is Cause.LINE_DOWN and not phone.aside:
        return replace(phone, mode=DialTone(now)), ()
    return phone, ()


def _answered(phone: Phone, call: CallId, verified: bool, now: float) -> Transition:
    mode = phone.mode
    if isinstance(mode, Calling) and mode.errand.call == call:
        return outgoing.answered(phone, mode, now, verified=verified)
    if isinstance(mode, Answering) and mode.caller.call == call:
        return incoming.answered(phone, mode, now)
    return phone, ()


def _in_call(
    phone: Phone,
    event: MediaStarted | VoucherAccepted | VoucherRefused | CallQuality | CallTold,
    now: float,
) -> Transition:
    call = talking.find(phone, event.call)
    if call is None:
        return phone, ()
    match event:
        case MediaStarted(codec=codec, srtp=srtp):
            return talking.put(phone, replace(call, codec=codec, srtp=srtp)), ()
        case VoucherAccepted(cumulative=cumulative):
            return talking.voucher_accepted(phone, call, cumulative), ()
        case VoucherRefused():
            return talking.end(phone, call, Cause.PAYMENT_REFUSED, now, hang_up=True)
        case CallQuality():
            heard = Heard(event.loss, event.jitter, event.mos)
            return talking.put(phone, replace(call, heard=heard)), ()
        case CallTold(note=TransferNote(number=number)) if _may_be_put_through(phone, call):
            phone, commands = supplementary.hold(phone, now)
            phone, more = outgoing.dial_instead(phone, call, number, now)
            return phone, commands + more
        case CallTold(note=note):
            return supplementary.told(phone, call, note, now)


def _may_be_put_through(phone: Phone, call: InCall) -> bool:
    """Only out of the one call that is talked in."""
    return phone.mode == call and not phone.aside and not phone.hands_free and not phone.lock.locked


def _ended(phone: Phone, call: CallId, code: int, now: float) -> Transition:
    talk = talking.find(phone, call)
    if talk is not None:
        cause = Cause.TRANSFERRED if talk.transferring else cause_of_goodbye(code, paying=talk.price > 0)
        return talking.end(phone, talk, cause, now, hang_up=False)
    mode = phone.mode
    if isinstance(mode, Calling) and mode.errand.call == call:
        return outgoing.ended(phone, mode, code, now)
    return incoming.gone(phone, call, now) or (phone, ())


def _kept(phone: Phone, event: rest.KeptEvent, now: float) -> Transition:
    """What the phone keeps, and the menu shows."""
    phone, commands = rest.moved(phone, event, now)
    match event:
        case (
            CallRefused() | MinutePassed() | RecordingLoaded() | SoundCardsChanged() | SpentLoaded()
            | Located() | Reachable()
        ):  # fmt: skip
            return phone, commands
        case (
            MessageArrived() | RecordingArrived() | MessageSent() | RecordingEnded() | PinChecked()
            | WordsRead() | Withdrawn() | StorageFailed() | DeviceAnswered()
        ):  # fmt: skip
            phone, more = menu.event(phone, event, now)
            return phone, commands + more
        case _:
            assert_never(event)


def _mode_due(phone: Phone, now: float) -> Transition:
    deadline = _deadline(phone)
    mode = phone.mode
    if deadline is None or now < deadline:
        return phone, ()
    match mode:
        case DialTone() if phone.aside:
            return replace(phone, mode=Over(Cause.ON_HOLD, now)), ()
        case DialTone() if dialing.hotline_after_s(phone):
            return outgoing.call(phone, phone.settings.hotline, now)
        case DialTone():
            return replace(phone, mode=Over(Cause.DIALLED_TOO_SLOWLY, now)), ()
        case Dialing(digits=digits):
            return dialing.finished(phone, digits, now, otherwise=Cause.DIALLED_TOO_SLOWLY)
        case Resolving() | Opening() | Quoting() | Calling():
            return outgoing.due(phone, mode, now)
        case Over() if phone.aside:
            return supplementary.resume(phone)
        case Over() if mode.again and phone.retry is not None:
            return outgoing.call(phone, phone.retry.number, now)
        case Over():
            return replace(phone, mode=replace(mode, howling=True)), ()
        case _:
            return phone, ()


def _deadline(phone: Phone) -> float | None:
    mode = phone.mode
    match mode:
        case DialTone(since=since):
            return since + (dialing.hotline_after_s(phone) or DIAL_TONE_S)
        case Dialing(digits=digits, since=since):
            return since + pause_s(digits, phone.settings.country)
        case Resolving() | Opening() | Quoting() | Calling():
            return outgoing.deadline(mode)
        case Over() if phone.aside:
            return None if mode.cause is Cause.ON_HOLD else mode.since + supplementary.BACK_AFTER_S
        case Over() if mode.again:
            return phone.retry.at if phone.retry else None
        case Over():
            return None if mode.howling else mode.since + HOWL_AFTER_S
        case _:
            return None
