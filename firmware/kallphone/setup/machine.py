"""First boot as one pure machine: events in, commands out; its pages are the menu's kinds of pages."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from kallphone.phone.commands import Command
from kallphone.phone.events import KeyHeld, KeyPressed, StorageFailed, Woken, WordsRead
from kallphone.phone.menu import backup, entry, kind_of_page
from kallphone.phone.menu.kinds import EntryPage, Spec
from kallphone.phone.menu.steps import Change, on_top
from kallphone.phone.screens import Screen
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import ENGLISH, Words
from kallphone.setup import ending, helper_phone, key, welcome, wifi
from kallphone.setup.states import (
    ConfigWritten,
    HotspotChanged,
    KeyReady,
    KeyRefused,
    LinkFound,
    NetworksFound,
    Newcomer,
    PortalFilled,
    Progress,
    Setup,
    SetupChange,
    SetupEvent,
    WifiJoined,
    WifiRefused,
    setup_of,
    told,
)
from kallphone.setup.steps import NETWORK_ONLY, NO_NETWORK, begun, on_card

PAGES: dict[str, Spec] = {
    name: spec
    for subject in (welcome, wifi, helper_phone, key, ending)
    for name, spec in subject.PAGES.items()
}


def start(setup: Setup, progress: Progress, now: float) -> Newcomer:
    """Where the last start was left. No steps: nothing is left to be asked."""
    phone = begun(Newcomer(setup=setup), progress, now)
    return phone if setup.steps else told(phone, finished=True)


def without_network(card: tuple[str, ...] = ()) -> Newcomer:
    """The card names nothing that a phone could be a phone of."""
    return on_card(Newcomer(pages=(Page(NO_NETWORK),), setup=Setup(card=card)), 0.0)


def transition(phone: Newcomer, event: SetupEvent, now: float) -> SetupChange:
    if phone.setup.finished:
        return phone, ()
    moved, commands = _moved(phone, event, now)
    return _drained(helper_phone.followed(phone, _forgotten(moved), now), commands)


def wakeup_for(phone: Newcomer) -> float | None:
    times = (entry.wakeup(phone.pages[-1]), phone.setup.closes_at) if phone.pages else ()
    return min((at for at in times if at is not None), default=None)


def screen_for(phone: Newcomer, words: Words = ENGLISH) -> Screen:
    if not phone.pages:
        return Screen(())
    page = phone.pages[-1]
    return kind_of_page.screen(PAGES[page.name], phone, page, words)


def _moved(phone: Newcomer, event: SetupEvent, now: float) -> Change:
    match event:
        case KeyPressed(key=pressed):
            return _pressed(phone, pressed, now)
        case KeyHeld(key=held):
            return _held(phone, held), ()
        case Woken():
            return _due(phone, now)
        case LinkFound():
            return told(phone, link=event), ()
        case NetworksFound():
            return wifi.searched(phone, event), ()
        case WifiJoined():
            return wifi.joined(phone, event, now), ()
        case WifiRefused():
            return wifi.not_joined(phone, event), ()
        case HotspotChanged():
            return helper_phone.changed(phone, event), ()
        case PortalFilled(answers=answers):
            return helper_phone.filled(phone, answers, now)
        case KeyReady():
            return key.ready(phone, event, now), ()
        case KeyRefused():
            return key.not_ready(phone, event, now), ()
        case ConfigWritten():
            return ending.written(phone, event, now), ()
        case WordsRead(words=words, trouble=trouble):
            return backup.read(replace(phone, backup=words), trouble), ()
        case StorageFailed(words=words):
            return on_top(phone, error=words), ()
        case _:
            assert_never(event)


def _pressed(phone: Newcomer, pressed: str, now: float) -> Change:
    page = phone.pages[-1]
    before: Phone = on_top(phone, since=now, error="")
    moved, commands = kind_of_page.pressed(PAGES[page.name], before, page, pressed, now)
    if moved.pages:
        return _stamped(before, moved, now), commands
    if setup_of(phone).steps == NETWORK_ONLY:
        return told(phone, finished=True), ()
    return before, ()


def _stamped(before: Phone, phone: Phone, now: float) -> Phone:
    same = [page.name for page in before.pages] == [page.name for page in phone.pages]
    return phone if same else on_top(phone, since=now)


def _held(phone: Phone, held: str) -> Phone:
    page = phone.pages[-1]
    spec = PAGES[page.name]
    return entry.held(spec, phone, page, held) if isinstance(spec, EntryPage) else phone


def _due(phone: Phone, now: float) -> Change:
    page = phone.pages[-1]
    spec = PAGES[page.name]
    if isinstance(spec, EntryPage):
        return entry.due(spec, phone, page, now)
    return helper_phone.due(phone, now), ()


def _forgotten(phone: Phone) -> Phone:
    """The words of the backup are gone with their pages, those of a restored key with theirs."""
    if phone.backup and not any(page.name in backup.NAMES for page in phone.pages):
        phone = replace(phone, backup=())
    if setup_of(phone).restored and not any(page.name == "restore word" for page in phone.pages):
        phone = told(phone, restored=(), guesses=())
    return phone


def _drained(phone: Phone, commands: tuple[Command, ...]) -> SetupChange:
    asks = setup_of(phone).asks
    return told(phone, asks=()), (*commands, *asks)
