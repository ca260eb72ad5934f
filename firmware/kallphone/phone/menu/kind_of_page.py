"""What a key does to a page and how it looks, by its kind."""

from __future__ import annotations

from typing import assert_never

from kallphone.phone.menu import entry, listing, reading
from kallphone.phone.menu.kinds import EntryPage, ListPage, ReadPage, Spec
from kallphone.phone.menu.steps import Change
from kallphone.phone.screens import Screen
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import Words


def pressed(spec: Spec, phone: Phone, page: Page, key: str, now: float) -> Change:
    match spec:
        case ListPage():
            return listing.pressed(spec, phone, page, key, now)
        case ReadPage():
            return reading.pressed(spec, phone, page, key, now)
        case EntryPage():
            return entry.pressed(spec, phone, page, key, now)
        case _:
            assert_never(spec)


def screen(spec: Spec, phone: Phone, page: Page, words: Words) -> Screen:
    match spec:
        case ListPage():
            return listing.screen(spec, phone, page, words)
        case ReadPage():
            return reading.screen(spec, phone, page, words)
        case EntryPage():
            return entry.screen(spec, phone, page, words)
        case _:
            assert_never(spec)
