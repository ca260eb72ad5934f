"""What a person does with keypad and glass outside of a call: a stack of pages over the phone's data.

Every change is made in the phone at once; the commands have it kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from kallphone.phone import presence
from kallphone.phone.events import (
    DeviceAnswered,
    MessageArrived,
    MessageSent,
    PinChecked,
    RecordingArrived,
    RecordingEnded,
    StorageFailed,
    Withdrawn,
    WordsRead,
)
from kallphone.phone.menu import backup, call, device, entry, kind_of_page, listing, lock, wallet
from kallphone.phone.menu.call import CALL
from kallphone.phone.menu.contacts import CONTACT
from kallphone.phone.menu.kinds import EntryPage, Kind, ListPage, Spec
from kallphone.phone.menu.letters import CAPITAL
from kallphone.phone.menu.main import MAIN
from kallphone.phone.menu.steps import Change, on_top, push, turn
from kallphone.phone.menu.tree import PAGES
from kallphone.phone.screens import Screen
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import Words

MenuEvent = (
    PinChecked | WordsRead | Withdrawn | MessageArrived | MessageSent | RecordingArrived | RecordingEnded
    | StorageFailed | DeviceAnswered
)  # fmt: skip

CLOSES_AFTER_S = 60.0
PAYING_S = 600.0
"""Somebody with a wallet in the hand needs longer."""

WORTH_KEEPING = 3
"""A text longer than this is not closed away."""


def open_menu(phone: Phone, now: float) -> Phone:
    return lock.counted(push(phone, Page(lock.LOCKED if phone.lock.locked else MAIN), now), now)


def key(phone: Phone, key: str, now: float, *, held: bool = False) -> Change:
    """`held` is a long press, whose ordinary press came just before."""
    before, page = phone, phone.pages[-1]
    spec = PAGES[page.name]
    phone = on_top(phone, since=now, error="")
    if held:
        return _forgotten(_held(spec, phone, page, key)), ()
    phone, commands = _pressed(spec, phone, page, key, now)
    phone, more = _followed(before, phone, now)
    return _drafted(phone, key), commands + more


def event(phone: Phone, event: MenuEvent, now: float) -> Change:
    """The menu's own part; what came is in the phone already."""
    if not phone.pages:
        return _forgotten(phone), ()
    match event:
        case PinChecked(ok=ok, wait_s=wait):
            return _begun(lock.checked(phone, now, ok=ok, wait_s=wait)), ()
        case WordsRead(trouble=trouble):
            return _forgotten(backup.read(phone, trouble)), ()
        case Withdrawn(amount=amount, trouble=trouble):
            return wallet.withdrawn(phone, amount, trouble), ()
        case DeviceAnswered(action=action, words=words):
            return device.answered(phone, action, words), ()
        case StorageFailed(words=words):
            return on_top(phone, error=words), ()
        case MessageArrived():
            return _slid(phone, "messages"), ()
        case RecordingArrived():
            return _slid(phone, "voicemail"), ()
        case MessageSent() | RecordingEnded():
            return phone, ()
        case _:
            assert_never(event)


def due(phone: Phone, now: float) -> Change:
    if not phone.pages:
        return _forgotten(phone), ()
    closes = _closes_at(phone)
    if closes is not None and now >= closes:
        return _forgotten(replace(phone, pages=())), ()
    before, page = phone, phone.pages[-1]
    spec = PAGES[page.name]
    if isinstance(spec, EntryPage) and spec.kind is Kind.PIN:
        return lock.counted(phone, now), ()
    if isinstance(spec, EntryPage):
        phone, commands = entry.due(spec, phone, page, now)
        phone, more = _followed(before, phone, now)
        return phone, commands + more
    return (wallet.watched(phone, now) if page.name == wallet.TOP_UP else phone), ()


def wakeup(phone: Phone) -> float | None:
    if not phone.pages:
        return None
    page = phone.pages[-1]
    times = [_closes_at(phone), entry.wakeup(page), lock.wakeup(phone)]
    return min((at for at in times if at is not None), default=None)


def screen(phone: Phone, words: Words) -> Screen:
    page = phone.pages[-1]
    if page.name == CALL:
        return call.screen(phone, page, words)
    spec = PAGES[page.name]
    return kind_of_page.screen(spec, phone, page, words)


def number(phone: Phone) -> str:
    """The Kall number that lifting the handset now would call, empty for none."""
    if not phone.pages:
        return ""
    page = phone.pages[-1]
    spec = PAGES[page.name]
    if isinstance(spec, EntryPage):
        return ""
    row = listing.chosen(spec, phone, page) if isinstance(spec, ListPage) else None
    return spec.number(phone, page) or (row.number if row else "")


def recording(phone: Phone) -> str:
    """The file that plays when the handset is lifted now, empty for none."""
    if not phone.pages:
        return ""
    page = phone.pages[-1]
    spec = PAGES[page.name]
    if not isinstance(spec, ListPage):
        return ""
    row = listing.chosen(spec, phone, page)
    return spec.recording(phone, page) or (row.recording if row else "")


def _pressed(spec: Spec, phone: Phone, page: Page, key: str, now: float) -> Change:
    if page.name == CALL:
        return phone, ()
    if isinstance(spec, EntryPage) and spec.kind is Kind.PIN and lock.waits(phone, now) and key not in "*C":
        return phone, ()
    return kind_of_page.pressed(spec, phone, page, key, now)


def _held(spec: Spec, phone: Phone, page: Page, key: str) -> Phone:
    if key == "*":
        return replace(phone, pages=())
    return entry.held(spec, phone, page, key) if isinstance(spec, EntryPage) else phone


def _followed(before: Phone, phone: Phone, now: float) -> Change:
    """What goes for every page that was opened or left."""
    phone = _forgotten(phone)
    if not phone.pages or _same_page(before, phone):
        return phone, ()
    phone = _begun(_guarded(before, on_top(phone, since=now), now))
    page = phone.pages[-1]
    return presence.asked(phone, page.subject, now) if page.name == CONTACT else (phone, ())


def _same_page(before: Phone, phone: Phone) -> bool:
    return [page.name for page in before.pages] == [page.name for page in phone.pages]


def _begun(phone: Phone) -> Phone:
    """A text begins with a capital, or where it was left."""
    page = phone.pages[-1] if phone.pages else Page(MAIN)
    spec = PAGES[page.name]
    if not isinstance(spec, EntryPage) or not spec.kind.capitals or spec.kind is Kind.EXACT or page.text:
        return phone
    number, text = phone.draft
    if spec.kind is Kind.TEXT and text and number == page.subject:
        return on_top(phone, text=text)
    return on_top(phone, shift=CAPITAL)


def _drafted(phone: Phone, key: str) -> Phone:
    """A call may come in before a message is finished; a * may become the long one that leaves it."""
    page = phone.pages[-1] if phone.pages else Page(MAIN)
    spec = PAGES[page.name]
    if not isinstance(spec, EntryPage) or spec.kind is not Kind.TEXT or (key == "*" and page.text):
        return phone
    return replace(phone, draft=(page.subject, page.text))


def _guarded(before: Phone, phone: Phone, now: float) -> Phone:
    """The owner's pages open behind the PIN; whoever is on one of them has shown it."""
    page = phone.pages[-1]
    goes_back = len(phone.pages) < len(before.pages)
    if goes_back or not phone.settings.has_pin or not _needs_pin(phone, page):
        return phone
    if any(_needs_pin(phone, one) for one in before.pages):
        return phone
    return lock.counted(turn(phone, Page(lock.ASKED, subject=page.name, chosen=page.subject), now), now)


def _needs_pin(phone: Phone, page: Page) -> bool:
    return PAGES[page.name].needs_pin(phone)


def _forgotten(phone: Phone) -> Phone:
    """The words of the backup are gone with their pages."""
    if not phone.backup or any(page.name in backup.NAMES for page in phone.pages):
        return phone
    return replace(phone, backup=())


def _slid(phone: Phone, name: str) -> Phone:
    """Rows moved down by one: what was chosen stays so."""
    page = phone.pages[-1]
    return on_top(phone, cursor=page.cursor + 1) if page.name == name and page.cursor else phone


def _closes_at(phone: Phone) -> float | None:
    page = phone.pages[-1]
    if any(one.name in backup.NAMES or _worth_keeping(one) for one in phone.pages):
        return None
    return page.since + (PAYING_S if page.name == wallet.TOP_UP else CLOSES_AFTER_S)


def _worth_keeping(page: Page) -> bool:
    spec = PAGES[page.name]
    return isinstance(spec, EntryPage) and spec.kind.letters and len(page.text) > WORTH_KEEPING
