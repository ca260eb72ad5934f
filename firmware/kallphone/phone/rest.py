"""Rules of what goes on while nobody calls: the clock, messages, notices, the lock, sleep."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import presence
from kallphone.phone.causes import Cause
from kallphone.phone.commands import Command, LoadSpent, ReopenSound
from kallphone.phone.events import (
    CallRefused,
    DeviceAnswered,
    Located,
    MessageArrived,
    MessageSent,
    MinutePassed,
    PinChecked,
    Reachable,
    RecordingArrived,
    RecordingEnded,
    RecordingLoaded,
    SoundCardsChanged,
    SpentLoaded,
    StorageFailed,
    Withdrawn,
    WordsRead,
)
from kallphone.phone.states import (
    DialTone,
    Idle,
    Listening,
    Lock,
    Notice,
    Over,
    Phone,
    Reminding,
    Retry,
    Spent,
    Wall,
)
from kallphone.phone.words import N_

Transition = tuple[Phone, tuple[Command, ...]]

SLEEP_S = 180.0
"""An OLED that shows the same thing for long burns in."""

RETRY_S = 30.0
RETRIES = 10

REMINDING_S = 20.0
REMIND_AGAIN_S = 60.0
NOTICE_S = 6.0
MOST_MESSAGES = 200

KeptEvent = (
    CallRefused | MinutePassed | MessageArrived | RecordingArrived | MessageSent | RecordingLoaded
    | RecordingEnded | PinChecked | WordsRead | Withdrawn | SoundCardsChanged | StorageFailed
    | SpentLoaded | Located | Reachable | DeviceAnswered
)  # fmt: skip


def moved(phone: Phone, event: KeptEvent, now: float) -> Transition:
    match event:
        case MinutePassed(clock=clock, date=date, day=day, at=at, offset_s=offset_s):
            phone = replace(phone, wall=Wall(clock, date, day, at, offset_s))
            if phone.spent.day == day:
                return phone, ()
            # Midnight, or a clock that was set: only the disk knows what this day has cost.
            return replace(phone, spent=Spent(day)), (LoadSpent(),)
        case SpentLoaded(day=day, total=total, numbers=numbers):
            news = day == phone.spent.day and total > phone.spent.total
            return (replace(phone, spent=Spent(day, total, numbers)) if news else phone), ()
        case MessageArrived(message=message):
            messages = (message, *phone.messages)[:MOST_MESSAGES]
            return _woken_up(replace(phone, messages=messages), now), ()
        case RecordingArrived(recording=recording):
            recordings = (recording, *phone.recordings)[:MOST_MESSAGES]
            return _woken_up(replace(phone, recordings=recordings), now), ()
        case MessageSent(id=id_, state=state, words=why):
            sent = (replace(one, state=state, words=why) if one.id == id_ else one for one in phone.messages)
            return replace(phone, messages=tuple(sent)), ()
        case RecordingLoaded() | RecordingEnded():
            return _listening(phone, event, now), ()
        case PinChecked(ok=ok, wait_s=wait):
            return replace(phone, lock=Lock(phone.lock.locked and not ok, until=now + wait)), ()
        case WordsRead(words=words):
            return replace(phone, backup=words), ()
        case CallRefused():
            return _noticed(phone, N_("A false call refused"), now), ()
        case StorageFailed(words=words):
            return _noticed(phone, words, now), ()
        case SoundCardsChanged(names=names):
            if not names:
                phone = _noticed(phone, N_("Plug the handset in"), now)
            return phone, (ReopenSound(),)
        case Located() | Reachable():
            return presence.moved(phone, event)
        case Withdrawn() | DeviceAnswered():
            return phone, ()


def due(phone: Phone, now: float) -> Transition:
    if phone.notice is not None and now >= phone.notice.until:
        phone = replace(phone, notice=None)
    mode, retry = phone.mode, phone.retry
    if isinstance(mode, Reminding) and now >= mode.since + REMINDING_S:
        phone = replace(phone, mode=Idle())
    elif isinstance(mode, Idle) and retry is not None and now >= retry.at:
        phone = _reminded(phone, now)
    if _sleeps(phone) and now >= phone.touched_at + SLEEP_S:
        locked = phone.lock.locked or (phone.settings.auto_lock and phone.settings.has_pin)
        phone = replace(phone, asleep=True, mode=Idle(), lock=replace(phone.lock, locked=locked))
    return phone, ()


def wakeups(phone: Phone) -> list[float]:
    times = [phone.notice.until] if phone.notice is not None else []
    if isinstance(phone.mode, Reminding):
        times.append(phone.mode.since + REMINDING_S)
    if isinstance(phone.mode, Idle) and phone.retry is not None:
        times.append(phone.retry.at)
    if _sleeps(phone):
        times.append(phone.touched_at + SLEEP_S)
    return times


def tried_again(phone: Phone, number: str, now: float) -> Phone:
    """From now on the number is tried again by itself."""
    return replace(phone, retry=Retry(number, now + RETRY_S, RETRIES))


def _sleeps(phone: Phone) -> bool:
    return isinstance(phone.mode, Idle) and not phone.asleep and not phone.pages


def _reminded(phone: Phone, now: float) -> Phone:
    retry = phone.retry
    if retry is None or retry.left <= 0:
        return replace(phone, retry=None)
    later = replace(retry, at=now + REMIND_AGAIN_S, left=retry.left - 1)
    if not phone.line.up:
        return replace(phone, retry=later)
    return replace(phone, mode=Reminding(retry.number, now), retry=later, touched_at=now, asleep=False)


def _listening(phone: Phone, event: RecordingLoaded | RecordingEnded, now: float) -> Phone:
    mode = phone.mode
    if not isinstance(mode, Listening):
        return phone
    match event:
        case RecordingLoaded(file=file, sound=sound) if file == mode.file:
            if not sound:
                return replace(phone, mode=Over(Cause.FAILED, now, words=event.trouble))
            return replace(phone, mode=replace(mode, sound=sound))
        case RecordingEnded(file=file) if file == mode.sound:
            return replace(phone, mode=DialTone(now), pages=())
        case _:
            return phone


def _woken_up(phone: Phone, now: float) -> Phone:
    return replace(phone, touched_at=now, asleep=False) if phone.asleep else phone


def _noticed(phone: Phone, words: str, now: float) -> Phone:
    return replace(phone, notice=Notice(words, now + NOTICE_S))
