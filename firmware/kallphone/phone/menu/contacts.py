"""The phonebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kallphone.phone.book import LONGEST_NAME, Contact
from kallphone.phone.dialplan import KALL_NUMBER_DIGITS, grouped
from kallphone.phone.menu.kinds import EntryPage, Kind, ListPage, Row, Spec, owner, says
from kallphone.phone.menu.letters import keys_of
from kallphone.phone.menu.rows import (
    called,
    link,
    option,
    shown_sum,
    sum_typed,
    switch,
    wrong_number,
)
from kallphone.phone.menu.steps import (
    Act,
    Change,
    after,
    back,
    deleted,
    opens,
    pop,
    refused,
    saved,
    turn,
    turns,
    typed,
)
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.presence import reachable
from kallphone.phone.states import Page, Phone
from kallphone.phone.tones import DISTINCTIVE_RINGS
from kallphone.phone.words import N_

CONTACT = "contact"
SPEED_KEYS = "123456789"
ANSWERS = {True: text(N_("yes")), False: text(N_("no")), None: own("...")}


def matching(phone: Phone, keys: str) -> tuple[Contact, ...]:
    """Those with a word of the name on these keys, or with a number that begins so."""
    return tuple(one for one in phone.book.contacts if _matches(one, keys))


def known_row(phone: Phone, number: str) -> Row:
    """To the contact, or to make one of a stranger."""
    if phone.book.by_number(number):
        return link(N_("Contact"), CONTACT, subject=number)
    return link(N_("Save as contact"), "new name", subject=number)


def block_row(phone: Phone, number: str) -> Row:
    contact = phone.book.by_number(number)
    if contact is None and restricted(phone):
        return switch(N_("Blocked"), False, lambda one, _now: refused(one, N_("Only the owner may")))
    contact = contact or Contact(number, grouped(number))
    return switch(N_("Blocked"), contact.blocked, _changes(contact, blocked=not contact.blocked))


def restricted(phone: Phone) -> bool:
    """Where only contacts can be called, only the owner says who they are."""
    return phone.settings.limits.contacts_only


def _matches(contact: Contact, keys: str) -> bool:
    words = contact.name.split()
    return contact.number.startswith(keys) or any(
        keys_of("".join(words[place:])).startswith(keys) for place in range(len(words))
    )


def _found(phone: Phone, page: Page) -> tuple[Row, ...]:
    people = tuple(_person(one) for one in matching(phone, page.text))
    new = Row(text(N_("New contact")), _new)
    return (*people, new) if page.text else (new, *people)


def _person(contact: Contact) -> Row:
    sign = own(contact.key) if contact.key else Text()
    return Row(own(contact.name), opens(CONTACT, contact.number), sign, number=contact.number)


def _new(phone: Phone, now: float) -> Change:
    if phone.book.full:
        return refused(phone, N_("The phonebook is full"))
    return opens("new number")(phone, now)


def _number_typed(phone: Phone, now: float) -> Change:
    number = typed(phone)
    wrong = wrong_number(number) or _taken(phone, number)
    return refused(phone, wrong) if wrong else turns("new name", number)(phone, now)


def _taken(phone: Phone, number: str) -> str:
    return N_("It is saved already") if phone.book.by_number(number) else ""


def _name_typed(phone: Phone, now: float) -> Change:
    name, number = typed(phone), phone.pages[-1].subject
    if not name:
        return refused(phone, N_("Type a name"))
    if phone.book.full:
        return refused(phone, N_("The phonebook is full"))
    return saved(turn(phone, Page(CONTACT, subject=number), now), Contact(number, name))


def _of(phone: Phone, page: Page) -> Contact | None:
    return phone.book.by_number(page.subject)


def _title(phone: Phone, page: Page) -> Text:
    return called(phone, page.subject)


def _changes(contact: Contact, **changes: Any) -> Act:
    return lambda phone, _now: saved(phone, replace(contact, **changes))


def _actions(phone: Phone, page: Page) -> tuple[Row, ...]:
    one = _of(phone, page)
    if one is None:
        return ()
    return (
        link(N_("Write"), "write", subject=one.number),
        link(N_("Speed-dial key"), "speed dial", own(one.key or "-"), subject=one.number),
        switch(N_("Favourite"), one.favourite, _changes(one, favourite=not one.favourite)),
        switch(N_("Blocked"), one.blocked, _changes(one, blocked=not one.blocked)),
        switch(N_("Answer itself"), one.auto_answer, _changes(one, auto_answer=not one.auto_answer)),
        link(N_("Limit a day"), "contact limit", shown_sum(one.limit), subject=one.number),
        link(N_("Ring"), "contact ring", own(str(one.ring or "-")), subject=one.number),
        link(N_("Change"), "change contact", subject=one.number),
        link(N_("Delete"), "delete contact", subject=one.number),
    )


def _facts(phone: Phone, page: Page) -> tuple[Text, ...]:
    answer = ANSWERS[reachable(phone, page.subject)]
    return (
        text(N_("Lift: {number}"), number=grouped(page.subject)),
        text(N_("Reachable: {answer}"), answer=answer),
    )


def _subject(_phone: Phone, page: Page) -> str:
    return page.subject


def _change_rows(phone: Phone, page: Page) -> tuple[Row, ...]:
    one = _of(phone, page)
    if one is None:
        return ()
    return (
        Row(text(N_("Name")), opens("change name", one.number, text=one.name), own(one.name)),
        Row(text(N_("Number")), opens("change number", one.number), own(grouped(one.number))),
    )


def _number_prompt(_phone: Phone, page: Page) -> tuple[Text, ...]:
    return (text(N_("Now {number}"), number=grouped(page.subject)),)


def _name_changed(phone: Phone, _now: float) -> Change:
    one, name = _of(phone, phone.pages[-1]), typed(phone)
    if one is None:
        return pop(phone), ()
    return after(saved(phone, replace(one, name=name))) if name else refused(phone, N_("Type a name"))


def _number_changed(phone: Phone, _now: float) -> Change:
    """The new number may be another account's."""
    one, number = _of(phone, phone.pages[-1]), typed(phone)
    if one is None or number == one.number:
        return pop(phone), ()
    wrong = wrong_number(number) or _taken(phone, number)
    if wrong:
        return refused(phone, wrong)
    phone, commands = saved(pop(phone), replace(one, number=number, account=b""), one.number)
    pages = (replace(page, subject=number) if page.subject == one.number else page for page in phone.pages)
    return replace(phone, pages=tuple(pages)), commands


def _speed_rows(phone: Phone, page: Page) -> tuple[Row, ...]:
    one = _of(phone, page)
    return tuple(_speed_row(phone, one, key) for key in SPEED_KEYS) if one else ()


def _speed_row(phone: Phone, contact: Contact, key: str) -> Row:
    """The key that is the contact's already is given back."""
    has = phone.book.by_key(key)
    label = own(has.name) if has else text(N_("free"))
    change = _changes(contact, key="" if contact.key == key else key)
    return option(label, change, is_set=contact.key == key)


def _ring_rows(phone: Phone, page: Page) -> tuple[Row, ...]:
    one = _of(phone, page)
    return ring_rows(one.ring, lambda ring: _changes(one, ring=ring)) if one else ()


def ring_rows(current: int, act: Callable[[int], Act]) -> tuple[Row, ...]:
    """The usual ring and the distinctive ones."""
    usual = option(text(N_("The usual ring")), act(0), is_set=current == 0)
    others = range(1, len(DISTINCTIVE_RINGS) + 1)
    return (
        usual,
        *(option(text(N_("Ring {which}"), which=str(n)), act(n), is_set=current == n) for n in others),
    )


def _limited(phone: Phone, _now: float) -> Change:
    one = _of(phone, phone.pages[-1])
    return after(saved(phone, replace(one, limit=sum_typed(phone)))) if one else (pop(phone), ())


def _limit_prompt(phone: Phone, page: Page) -> tuple[Text, ...]:
    one = _of(phone, page)
    return (text(N_("Now {sum}. 0: no limit"), sum=shown_sum(one.limit if one else 0)),)


def _delete_rows(_phone: Phone, page: Page) -> tuple[Row, ...]:
    return (
        Row(text(N_("Keep")), back),
        Row(text(N_("Delete")), lambda phone, _now: after(deleted(phone, page.subject), 2)),
    )


def _delete_title(phone: Phone, page: Page) -> Text:
    return text(N_("Delete {name}?"), name=called(phone, page.subject))


PAGES: dict[str, Spec] = {
    "contacts": ListPage(says(N_("Find by keys")), _found, search=True),
    "new number": EntryPage(
        says(N_("New contact")),
        Kind.NUMBER,
        KALL_NUMBER_DIGITS,
        _number_typed,
        lambda _phone, _page: (text(N_("Kall number:")),),
        restricted,
    ),
    "new name": EntryPage(
        says(N_("New contact")),
        Kind.NAME,
        LONGEST_NAME,
        _name_typed,
        lambda _phone, page: (text(N_("Name of {number}:"), number=grouped(page.subject)),),
        restricted,
    ),
    CONTACT: ListPage(_title, _actions, _facts, N_("No longer there"), number=_subject),
    "change contact": ListPage(_title, _change_rows, empty=N_("No longer there"), needs_pin=restricted),
    "change name": EntryPage(_title, Kind.NAME, LONGEST_NAME, _name_changed),
    "change number": EntryPage(_title, Kind.NUMBER, KALL_NUMBER_DIGITS, _number_changed, _number_prompt),
    "speed dial": ListPage(_title, _speed_rows, empty=N_("No longer there")),
    "contact ring": ListPage(_title, _ring_rows, empty=N_("No longer there")),
    "contact limit": EntryPage(_title, Kind.AMOUNT, 6, _limited, _limit_prompt, owner),
    "delete contact": ListPage(_delete_title, _delete_rows),
}
