"""Rules of the hand on the phone: handset, hook and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from kallphone.phone import dialing, incoming, menu, outgoing, rest, supplementary, talking
from kallphone.phone.causes import RETRIED, Cause
from kallphone.phone.commands import (
    Command,
    ForgetMissed,
    HangUp,
    LoadRecording,
    LogCall,
    MarkRead,
    SaveSettings,
    SendDigit,
)
from kallphone.phone.settings import Volumes
from kallphone.phone.states import (
    Answering,
    Attempt,
    Calling,
    Dialing,
    DialTone,
    Idle,
    InCall,
    Listening,
    Mode,
    Notice,
    Opening,
    Over,
    Page,
    Phone,
    Quoting,
    Reminding,
    Resolving,
    Ringing,
)
from kallphone.phone.words import N_

Transition = tuple[Phone, tuple[Command, ...]]

NOTICE_S = 3.0

READ_FIRST_S = 0.7
"""A # out of habit, behind the number or for a machine that talks, agrees to no price."""

LOUDEST = 10
DIGITS = "0123456789"
LOUDER, SOFTER, MUTE, MENU = "A", "B", "C", "D"
TRY_AGAIN = "5"
HOLD_TO_LOCK = N_("Hold * to lock")


def lifted(phone: Phone, now: float) -> Transition:
    mode = phone.mode
    seen: tuple[Command, ...] = (ForgetMissed(),) if phone.missed else ()
    phone = _awake(replace(phone, missed=0), now)
    if phone.hands_free:
        return replace(phone, hands_free=False), seen
    if not isinstance(mode, Idle | Ringing | Reminding):
        return phone, seen
    phone, commands = _off_hook(phone, mode, now)
    return phone, seen + commands


def _off_hook(phone: Phone, mode: Idle | Ringing | Reminding, now: float) -> Transition:
    match mode:
        case Ringing():
            return incoming.lifted(phone, mode, now)
        case Reminding(number=number):
            return outgoing.call(phone, number, now)
        case Idle(digits=digits):
            return _begun(phone, digits, now)
        case _:
            assert_never(mode)


def _begun(phone: Phone, digits: str, now: float) -> Transition:
    """What lifting the handset begins: it depends on what was chosen or dialled before."""
    settings = phone.settings
    file, number = ("", "") if not phone.pages else (menu.recording(phone), menu.number(phone))
    if file:
        return _listening(phone, file, now)
    phone = replace(phone, pages=())
    if phone.lock.locked:
        return replace(phone, mode=DialTone(now)), ()
    if number:
        return outgoing.call(phone, number, now)
    if digits:
        return dialing.finished(phone, digits, now, otherwise=Cause.WRONG_NUMBER)
    if not phone.line.up:
        return replace(phone, mode=Over(Cause.LINE_DOWN, now)), ()
    if settings.hotline and settings.hotline_after_s == 0:
        return outgoing.call(phone, settings.hotline, now)
    return replace(phone, mode=DialTone(now)), ()


def _listening(phone: Phone, file: str, now: float) -> Transition:
    played = next((one for one in phone.recordings if one.file == file), None)
    read = tuple(replace(one, read=True) if one is played else one for one in phone.recordings)
    commands: tuple[Command, ...] = (LoadRecording(file),)
    if played is not None and not played.read:
        commands = (*commands, MarkRead(played.id))
    return replace(phone, mode=Listening(file, now), recordings=read), commands


def lowered(phone: Phone, now: float) -> Transition:
    phone, commands = _ended(phone, phone.mode)
    phone, more = talking.end_all(phone, now) if not phone.on_hook else (phone, ())
    phone = replace(phone, putting_through=False, muted=False, hands_free=False, touched_at=now)
    return incoming.waiting_rings(phone, now), commands + more


def _ended(phone: Phone, mode: Mode) -> Transition:
    """What the handset down means for what is not talked in."""
    match mode:
        case Resolving() | Opening() | Quoting() | Calling():
            commands: tuple[Command, ...] = (outgoing.not_reached(mode, Cause.HUNG_UP),)
            return phone, (HangUp(mode.errand.call), *commands) if isinstance(mode, Calling) else commands
        case Answering(caller=caller):
            refused = LogCall(caller.call, False, caller.number, caller.account, Cause.HUNG_UP, 0, 0)
            return replace(phone, hands_free=False), (HangUp(caller.call), refused)
        case InCall() if phone.hands_free:
            return replace(phone, hands_free=False), ()
        case InCall() | Over():
            return replace(phone, pages=()), ()
        case _:
            return phone, ()


def flashed(phone: Phone, now: float) -> Transition:
    """With a call aside, a flash gives up what was begun beside it."""
    mode = phone.mode
    if not phone.aside or not isinstance(mode, Attempt):
        return supplementary.flashed(phone, now)
    phone, commands = _ended(phone, mode)
    _, refused = supplementary.transfer_failed(phone, mode)
    phone, more = supplementary.resume(phone)
    return phone, commands + refused + more


def pressed(phone: Phone, key: str, now: float) -> Transition:
    asleep = phone.asleep
    phone = _awake(phone, now)
    if isinstance(phone.mode, InCall):
        return _in_call_key(phone, phone.mode, key, now)
    if isinstance(phone.mode, Idle | Listening) and phone.pages:
        return menu.key(phone, key, now)
    match phone.mode:
        case Idle(digits=digits):
            return _idle_key(phone, digits, key, now, asleep=asleep)
        case Ringing(caller=caller) if key == "*":
            return incoming.declined(phone, caller)
        case Reminding() if key == "*":
            return replace(phone, mode=Idle(), retry=None), ()
        case Ringing() if key == "#":
            return replace(phone, mode=replace(phone.mode, silenced=True)), ()
        case DialTone():
            return dialing.dialled(phone, key, now)
        case Dialing(digits=digits):
            return dialing.dialled(phone, digits + key, now)
        case Quoting(since=since) if key == "#" and now >= since + READ_FIRST_S:
            return outgoing.agreed(phone, phone.mode, now)
        case Over(cause=Cause.LINE_DOWN) if key in DIGITS:
            return dialing.dialled(phone, key, now)  # help must be reachable, or be told that it isn't
        case Over() if key == TRY_AGAIN:
            return _again(phone, phone.mode, now), ()
        case _:
            return phone, ()


def held(phone: Phone, key: str, now: float) -> Transition:
    """A long press; the ordinary one came just before."""
    phone = _awake(phone, now)
    mode = phone.mode
    if isinstance(mode, Idle | Listening) and phone.pages:
        return menu.key(phone, key, now, held=True)
    if isinstance(mode, InCall) and key == "#":
        return replace(phone, pages=(Page(supplementary.CALL_PAGE, since=now),)), ()
    if isinstance(mode, InCall) and phone.hands_free and key == "*":
        return supplementary.end_active(phone, now)
    if isinstance(mode, Idle) and mode.digits == key and key in DIGITS:
        contact = phone.book.by_key(key)
        return replace(phone, mode=Idle(contact.number if contact else "")), ()
    if isinstance(mode, Idle) and key == "*" and phone.notice and phone.notice.words == HOLD_TO_LOCK:
        return replace(phone, lock=replace(phone.lock, locked=True), notice=None), ()
    return phone, ()


def _idle_key(phone: Phone, digits: str, key: str, now: float, *, asleep: bool) -> Transition:
    if phone.lock.locked:
        phone = menu.open_menu(phone, now)
        return menu.key(phone, key, now) if key in DIGITS else (phone, ())
    if key in DIGITS:
        return replace(phone, mode=Idle((digits + key)[-16:])), ()
    if key == "*" and digits:
        return replace(phone, mode=Idle(digits[:-1])), ()
    if key in (LOUDER, SOFTER):
        return _turned(phone, "ringer", 1 if key == LOUDER else -1, now)
    if key == "*" and phone.settings.has_pin:
        # Also what tells a held * here from one that has just closed the menu.
        return replace(phone, notice=Notice(HOLD_TO_LOCK, now + NOTICE_S)), ()
    if asleep and key == "#":
        return phone, ()
    return (menu.open_menu(phone, now), ()) if key in ("#", MENU) else (phone, ())


def _in_call_key(phone: Phone, mode: InCall, key: str, now: float) -> Transition:
    path = "speaker" if phone.hands_free else "handset"
    if key in (LOUDER, SOFTER):
        return _turned(phone, path, 1 if key == LOUDER else -1, now)
    if key == MUTE:
        return replace(phone, muted=not phone.muted), ()
    if key == MENU:
        return replace(phone, pages=(Page(supplementary.CALL_PAGE, since=now),)), ()
    if not phone.pages:
        return phone, (SendDigit(mode.call, key),)
    return _call_page_key(phone, key, path, now)


def _call_page_key(phone: Phone, key: str, path: str, now: float) -> Transition:
    """What the rows of the call page do."""
    match key:
        case "1":
            return replace(phone, muted=not phone.muted), ()
        case "2":
            if phone.waiting is not None:
                return supplementary.take_waiting(phone, now)
            return supplementary.swap(phone) if phone.aside else supplementary.hold(phone, now)
        case "3":
            return supplementary.join(phone)
        case "4":
            return supplementary.transfer(phone, now)
        case "5":
            return supplementary.end_active(phone, now)
        case "6":
            page = phone.pages[-1]
            return replace(phone, pages=(replace(page, cursor=1 - page.cursor),)), ()
        case "7" | "9":
            return _turned(phone, path, 1 if key == "9" else -1, now)
        case "0":
            return supplementary.reject_waiting(phone)
        case _:
            return replace(phone, pages=()), ()


def _turned(phone: Phone, path: str, by: int, now: float) -> Transition:
    """A volume key."""
    volumes: Volumes = phone.settings.volumes
    level = min(LOUDEST, max(0, getattr(volumes, path) + by))
    turned: dict[str, Any] = {path: level}
    settings = replace(phone.settings, volumes=replace(volumes, **turned))
    notice = Notice("▮" * level + "▯" * (LOUDEST - level), now + NOTICE_S)
    return replace(phone, settings=settings, notice=notice), (SaveSettings(settings),)


def _again(phone: Phone, mode: Over, now: float) -> Phone:
    if not mode.number or mode.cause not in RETRIED:
        return phone
    return rest.tried_again(replace(phone, mode=replace(mode, again=True)), mode.number, now)


def _awake(phone: Phone, now: float) -> Phone:
    return replace(phone, touched_at=now, asleep=False)
