from __future__ import annotations

from dataclasses import dataclass, replace

LONGEST_NAME = 32
MOST_CONTACTS = 500


@dataclass(frozen=True)
class Contact:
    """Somebody in the phonebook.

    `account` is who the ledger said held the number, empty until then. `key` is a speed-dial digit, `limit`
    base units a day (0: none), `ring` one of the distinctive cadences (0: the usual one).
    """

    number: str
    name: str
    account: bytes = b""
    favourite: bool = False
    blocked: bool = False
    auto_answer: bool = False
    key: str = ""
    limit: int = 0
    ring: int = 0


@dataclass(frozen=True)
class Book:
    """The phonebook, sorted by name; a number, and a speed-dial key, belong to one contact."""

    contacts: tuple[Contact, ...] = ()

    @property
    def full(self) -> bool:
        return len(self.contacts) >= MOST_CONTACTS

    def by_number(self, number: str) -> Contact | None:
        return next((one for one in self.contacts if number and one.number == number), None)

    def by_account(self, account: bytes) -> Contact | None:
        return next((one for one in self.contacts if account and one.account == account), None)

    def by_key(self, key: str) -> Contact | None:
        return next((one for one in self.contacts if key and one.key == key), None)

    def with_contact(self, contact: Contact, replaces: str = "") -> Book:
        """A contact that had the number or the key before loses it."""
        others = (one for one in self.contacts if one.number not in (contact.number, replaces))
        kept = [_without_key(one, contact.key) for one in others]
        return Book(tuple(sorted([*kept, contact], key=_order)))

    def without(self, number: str) -> Book:
        return Book(tuple(one for one in self.contacts if one.number != number))

    def search(self, text: str) -> tuple[Contact, ...]:
        """Those with a word of the name, or the number, beginning like this."""
        wanted = text.casefold().strip()
        return tuple(one for one in self.contacts if _matches(one, wanted))


def _without_key(contact: Contact, key: str) -> Contact:
    return replace(contact, key="") if key and contact.key == key else contact


def _order(contact: Contact) -> tuple[str, str]:
    return contact.name.casefold(), contact.number


def _matches(contact: Contact, wanted: str) -> bool:
    words = contact.name.casefold().split()
    whole = contact.name.casefold().startswith(wanted)
    return whole or contact.number.startswith(wanted) or any(word.startswith(wanted) for word in words)
