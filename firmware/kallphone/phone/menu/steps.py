"""What keys do: each step takes the phone and the time, and gives the phone and what is to be kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kallphone.phone.book import Contact
from kallphone.phone.commands import Command, DeleteContact, SaveContact, SaveSettings
from kallphone.phone.settings import Settings
from kallphone.phone.states import Page, Phone

Change = tuple[Phone, tuple[Command, ...]]
Act = Callable[[Phone, float], Change]


def opens(name: str, subject: str = "", *, text: str = "", chosen: str = "") -> Act:
    page = Page(name, subject=subject, text=text, chosen=chosen)
    return lambda phone, now: (push(phone, page, now), ())


def push(phone: Phone, page: Page, now: float) -> Phone:
    return replace(phone, pages=(*phone.pages, replace(page, since=now)))


def pop(phone: Phone, pages: int = 1) -> Phone:
    return replace(phone, pages=phone.pages[:-pages])


def turn(phone: Phone, page: Page, now: float, *, pages: int = 1) -> Phone:
    """Puts a page in the place of the last ones."""
    return push(pop(phone, pages), page, now)


def turns(name: str, subject: str = "") -> Act:
    """Opens a page in the place of the one on top."""
    return lambda phone, now: (turn(phone, Page(name, subject=subject), now), ())


def back(phone: Phone, _now: float) -> Change:
    return pop(phone), ()


def stay(phone: Phone, _now: float) -> Change:
    return phone, ()


def on_top(phone: Phone, **changes: Any) -> Phone:
    return replace(phone, pages=(*phone.pages[:-1], replace(phone.pages[-1], **changes)))


def refused(phone: Phone, words: str) -> Change:
    """The page stays and says why."""
    return on_top(phone, error=words), ()


def typed(phone: Phone) -> str:
    return phone.pages[-1].text.strip()


def settled(phone: Phone, **changes: Any) -> Change:
    """Changes settings by their names."""
    settings: Settings = replace(phone.settings, **changes)
    return replace(phone, settings=settings), (SaveSettings(settings),)


def saved(phone: Phone, contact: Contact, replaces: str = "") -> Change:
    return replace(phone, book=phone.book.with_contact(contact, replaces)), (SaveContact(contact, replaces),)


def deleted(phone: Phone, number: str) -> Change:
    return replace(phone, book=phone.book.without(number)), (DeleteContact(number),)


def after(change: Change, pages: int = 1) -> Change:
    """The change, and the pages that asked for it closed."""
    phone, commands = change
    return pop(phone, pages), commands
