"""The PIN: asked for, set, changed."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from kallphone.phone.commands import CheckPin, SetPin
from kallphone.phone.menu.kinds import EntryPage, Kind, ListPage, ReadPage, Row, Spec, owner, says
from kallphone.phone.menu.rows import link, setting
from kallphone.phone.menu.steps import Change, on_top, opens, refused, settled, turn, typed
from kallphone.phone.menu.text import Text, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

LOCKED = "locked"
ASKED = "pin"
_CHECKED = (LOCKED, ASKED)

SHORTEST_PIN, LONGEST_PIN = 4, 8


def waits(phone: Phone, now: float) -> bool:
    return phone.pages[-1].name in _CHECKED and phone.lock.until > now


def counted(phone: Phone, now: float) -> Phone:
    """Puts the seconds until the next PIN is looked at where the page shows them."""
    if not phone.pages or phone.pages[-1].name not in _CHECKED:
        return phone
    return on_top(phone, cursor=max(0, ceil(phone.lock.until - now)))


def wakeup(phone: Phone) -> float | None:
    page = phone.pages[-1]
    return phone.lock.until - page.cursor + 1 if page.name in _CHECKED and page.cursor else None


def checked(phone: Phone, now: float, *, ok: bool, wait_s: int) -> Phone:
    """A PIN was looked at: opens what it was asked for, or says no."""
    page = phone.pages[-1]
    if page.name not in _CHECKED:
        return phone
    if not ok:
        return on_top(phone, text="", cursor=wait_s, error=N_("Wrong PIN"))
    if page.name == LOCKED:
        return replace(phone, pages=())
    return turn(phone, Page(page.subject, subject=page.chosen), now)


def _entered(phone: Phone, _now: float) -> Change:
    pin = typed(phone)
    if len(pin) < SHORTEST_PIN:
        return refused(phone, N_("Four digits or more"))
    phone = on_top(phone, text="")
    return replace(phone, lock=replace(phone.lock, checking=True)), (CheckPin(pin),)


def _prompt(phone: Phone, page: Page) -> tuple[Text, ...]:
    if page.cursor:
        return (text(N_("Wait {seconds} s"), seconds=str(page.cursor)),)
    if phone.lock.checking and not page.text:
        return (text(N_("One moment...")),)
    help_comes = [text(N_("Help: lift and dial"))] if page.name == LOCKED else []
    return (text(N_("Enter the PIN")), *help_comes)


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    if not phone.settings.has_pin:
        return (link(N_("Set a PIN"), "new pin"),)
    return (
        link(N_("Change the PIN"), "new pin"),
        Row(text(N_("Remove the PIN")), _remove),
        setting(N_("Lock itself"), phone.settings, "auto_lock"),
    )


def _remove(phone: Phone, _now: float) -> Change:
    phone, commands = settled(phone, has_pin=False, auto_lock=False)
    return phone, (SetPin(""), *commands)


def _new(phone: Phone, now: float) -> Change:
    pin = typed(phone)
    if len(pin) < SHORTEST_PIN:
        return refused(phone, N_("Four digits or more"))
    return turn(phone, Page("repeat pin", chosen=pin), now), ()


def _repeated(phone: Phone, now: float) -> Change:
    page = phone.pages[-1]
    if page.text != page.chosen:
        return refused(turn(phone, Page("new pin"), now), N_("They differ. Again"))
    phone, commands = settled(turn(phone, Page("pin set"), now), has_pin=True)
    return phone, (SetPin(page.text), *commands)


def lock_now(phone: Phone, now: float) -> Change:
    if not phone.settings.has_pin:
        return opens("new pin")(phone, now)
    return replace(phone, lock=replace(phone.lock, locked=True), pages=()), ()


PAGES: dict[str, Spec] = {
    LOCKED: EntryPage(says(N_("Locked")), Kind.PIN, LONGEST_PIN, _entered, _prompt),
    ASKED: EntryPage(says(N_("For the owner")), Kind.PIN, LONGEST_PIN, _entered, _prompt),
    "pin settings": ListPage(says(N_("PIN")), _rows, needs_pin=owner),
    "new pin": EntryPage(
        says(N_("New PIN")),
        Kind.PIN,
        LONGEST_PIN,
        _new,
        lambda _phone, _page: (text(N_("4 to 8 digits")),),
        owner,
    ),
    "repeat pin": EntryPage(
        says(N_("New PIN")),
        Kind.PIN,
        LONGEST_PIN,
        _repeated,
        lambda _phone, _page: (text(N_("Once more")),),
        owner,
    ),
    "pin set": ReadPage(
        says(N_("New PIN")),
        lambda _phone, _page: (text(N_("The PIN is set. Whoever forgets it needs the 12 words.")),),
        hint=N_("# good"),
        needs_pin=owner,
    ),
}
