"""Contacts as vCards: versions 3.0 (RFC 2426) and 4.0 (RFC 6350) are read, 4.0 is written.

A Kall number stands in X-KALL, or else in TEL or IMPP. What a telephone has no place for (addresses,
pictures, other numbers) is neither kept nor written. A file can't make anybody's calls answer themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import vobject
from vobject.base import VObjectError

from kallnet.errors import NumberInvalid
from kallnet.number import parse_number
from kallphone.phone.book import LONGEST_NAME, MOST_CONTACTS, Book, Contact

_CARD = re.compile(r"^BEGIN:VCARD[ \t]*\r?$.*?^END:VCARD[ \t]*\r?$", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_SCHEME = re.compile(r"^(tel|kall|sip|sips):", re.IGNORECASE)
_KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9")
_LARGEST = 2**62


@dataclass(frozen=True)
class Skipped:
    """`card` counts from 1."""

    card: int
    who: str
    why: str


@dataclass(frozen=True)
class Imported:
    """`book` is the phonebook afterwards, `contacts` those of it that are new or changed."""

    book: Book
    contacts: tuple[Contact, ...]
    added: int
    skipped: tuple[Skipped, ...]


def merge(book: Book, text: str) -> Imported:
    """A number that is known keeps its contact, under the card's name; nobody is there twice."""
    merging = _Merging(book)
    for place, found in enumerate(_cards(text), start=1):
        if isinstance(found, str):
            merging.skip(place, "", found)
        else:
            merging.take(place, found)
    return merging.done()


class _Merging:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._changed: set[str] = set()
        self._added = 0
        self._skipped: list[Skipped] = []

    def skip(self, place: int, who: str, why: str) -> None:
        self._skipped.append(Skipped(place, who, why))

    def take(self, place: int, card: Any) -> None:
        contacts = _contacts(card)
        if not contacts:
            self.skip(place, _name(card), "it has no Kall number")
        for contact in contacts:
            self._take(place, contact)

    def done(self) -> Imported:
        changed = tuple(one for one in self._book.contacts if one.number in self._changed)
        return Imported(self._book, changed, self._added, tuple(self._skipped))

    def _take(self, place: int, contact: Contact) -> None:
        known = self._book.by_number(contact.number)
        if known is None and self._book.full:
            self.skip(place, contact.name, f"the phonebook is full with {MOST_CONTACTS} contacts")
            return
        joined = _joined(known, contact)
        if joined != known:
            self._book = self._book.with_contact(joined)
            self._changed.add(joined.number)
            self._added += known is None


def written(book: Book) -> str:
    """The account is left out, since each phone asks the ledger itself."""
    return "".join(_card(contact).serialize(validate=False) for contact in book.contacts)


def _cards(text: str) -> Iterator[Any]:
    """Each card, or why it can't be read."""
    for match in _CARD.finditer(text.removeprefix("\ufeff")):
        try:
            yield vobject.readOne(match[0])
        except (VObjectError, ValueError, LookupError) as error:
            yield f"it is no vCard that can be read: {error}"[:120]


def _contacts(card: Any) -> list[Contact]:
    lines = card.contents.get("x-kall") or [*card.contents.get("tel", ()), *card.contents.get("impp", ())]
    numbers = dict.fromkeys(number for line in lines if (number := _kall_number(line.value)))
    return [_contact(card, number) for number in numbers]


def _contact(card: Any, number: str) -> Contact:
    key, limit, ring = _extra(card, "key"), _extra(card, "limit"), _extra(card, "ring")
    return Contact(
        number=number,
        name=_name(card) or number,
        favourite=_extra(card, "favourite") == "1",
        blocked=_extra(card, "blocked") == "1",
        key=key if key in _KEYS else "",
        limit=min(int(limit), _LARGEST) if limit.isascii() and limit.isdigit() else 0,
        ring=int(ring) if ring in _KEYS else 0,
    )


def _joined(known: Contact | None, new: Contact) -> Contact:
    """A card that says nothing of how a contact is treated leaves that as it is."""
    if known is None:
        return new
    return replace(
        known,
        name=new.name,
        favourite=known.favourite or new.favourite,
        blocked=known.blocked or new.blocked,
        key=new.key or known.key,
        limit=new.limit or known.limit,
        ring=new.ring or known.ring,
    )


def _kall_number(value: Any) -> str:
    """Empty where these digits are no Kall number."""
    bare = _SCHEME.sub("", str(value)).partition(";")[0].partition("@")[0]
    digits = re.sub(r"[\s().\-/]", "", bare)
    try:
        return f"{parse_number(digits):010d}"
    except NumberInvalid:
        return ""


def _name(card: Any) -> str:
    for field in ("fn", "n", "nickname", "org"):
        for line in card.contents.get(field, ()):
            value = line.value if isinstance(line.value, str | list) else str(line.value)
            text = " ".join(value) if isinstance(value, list) else value
            printable = "".join(c if c.isprintable() else " " for c in text)
            if name := " ".join(printable.split())[:LONGEST_NAME].strip():
                return name
    return ""


def _extra(card: Any, name: str) -> str:
    lines = card.contents.get(f"x-kall-{name}", ())
    return str(lines[0].value).strip() if lines else ""


def _card(contact: Contact) -> Any:
    card = vobject.vCard()
    card.add("version").value = "4.0"
    card.add("fn").value = contact.name
    telephone = card.add("tel")
    telephone.value, telephone.type_param = contact.number, "voice"
    extras = {
        "favourite": contact.favourite, "blocked": contact.blocked, "key": contact.key,
        "limit": contact.limit, "ring": contact.ring,
    }  # fmt: skip
    for name, value in extras.items():
        if value:
            card.add(f"x-kall-{name}").value = str(int(value)) if isinstance(value, bool) else str(value)
    return card
