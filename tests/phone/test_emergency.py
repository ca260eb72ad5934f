"""Nothing stands between a hand and an emergency number: no lock, limit, balance, hotline or speed dial."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kallphone.phone.book import Book, Contact
from kallphone.phone.causes import Cause
from kallphone.phone.events import KeyPressed, OffHook, SipUnregistered
from kallphone.phone.numbering import EVERYWHERE, PLANS
from kallphone.phone.settings import Limits, Screening, Settings
from kallphone.phone.states import Lock, Over
from tests.phone.test_machine import NUMBER, Desk, ready

NUMBERS = sorted(
    {(country, one) for country, plan in PLANS.items() for one in (*plan.emergency, *EVERYWHERE)}
)
EVERY_KEY = Book(tuple(Contact(f"{key}345678900", key, key=key) for key in "123456789"))


def barred(desk: Desk, country: str, **settings: object) -> Desk:
    strict = Settings(
        country=country, one_key=True, ask_above=0, hotline=NUMBER, hotline_after_s=20, has_pin=True,
        do_not_disturb=True, screening=Screening.FAVOURITES, limits=Limits(1, 1, contacts_only=True),
    )  # fmt: skip
    desk.phone = replace(
        desk.phone,
        settings=replace(strict, **settings),  # type: ignore[arg-type]
        book=EVERY_KEY,
        lock=Lock(locked=True),
    )
    return desk


def helped(desk: Desk, number: str) -> bool:
    """Whether the keys, and silence after them, reach an emergency call's announcement."""
    desk.send(*map(KeyPressed, number))
    desk.wait(10)
    mode = desk.phone.mode
    return isinstance(mode, Over) and (mode.cause, mode.number) == (Cause.NO_EMERGENCY, number)


@pytest.mark.parametrize(("country", "number"), NUMBERS)
def test_help_is_dialled_past_every_bar(country: str, number: str) -> None:
    desk = barred(ready(0), country)
    desk.send(OffHook())
    assert helped(desk, number)


@pytest.mark.parametrize(("country", "number"), NUMBERS)
def test_help_is_dialled_on_an_open_phone_with_a_contact_on_every_key(country: str, number: str) -> None:
    desk = barred(ready(0), country)
    desk.phone = replace(desk.phone, lock=Lock())
    desk.send(OffHook())
    assert helped(desk, number)


@pytest.mark.parametrize(("country", "number"), NUMBERS)
def test_help_is_dialled_without_a_line(country: str, number: str) -> None:
    desk = barred(ready(), country)
    desk.send(SipUnregistered(503, "gone"), OffHook())
    assert helped(desk, number)


def test_a_hotline_that_calls_at_once_leaves_dialling_before_the_handset_is_lifted() -> None:
    desk = barred(ready(), "de", hotline_after_s=0)
    desk.phone = replace(desk.phone, lock=Lock())
    desk.send(*map(KeyPressed, "112"), OffHook())
    assert isinstance(desk.phone.mode, Over)
    assert desk.phone.mode.cause is Cause.NO_EMERGENCY
