from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import astuple

from kallphone.phone.book import MOST_CONTACTS, Book, Contact
from kallphone.storage.database import Database
from kallphone.storage.errors import BookFull

_INSERT = """INSERT OR REPLACE INTO contacts
    (number, name, account, favourite, blocked, auto_answer, key, "limit", ring)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class ContactStore:
    """The phonebook on disk; a number, and a speed-dial key, belong to one contact."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Book:
        contacts = [_contact(row) for row in self._database.rows("SELECT * FROM contacts")]
        # The book sorts when one is added.
        return Book(tuple(contacts[:-1])).with_contact(contacts[-1]) if contacts else Book()

    def save(self, contact: Contact, replaces: str = "") -> None:
        """`replaces`: the number that it was kept under before. Raises BookFull."""
        self.save_all([contact], replaces)

    def save_all(self, contacts: Sequence[Contact], replaces: str = "") -> None:
        """All of them or none."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM contacts WHERE number = ?", (replaces,))
            for contact in contacts:
                connection.execute("UPDATE contacts SET key = '' WHERE key = ?", (contact.key,))
                connection.execute(_INSERT, astuple(contact))
            if connection.execute("SELECT count(*) FROM contacts").fetchone()[0] > MOST_CONTACTS:
                raise BookFull(f"the phonebook holds {MOST_CONTACTS} contacts: delete some first")

    def delete(self, number: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM contacts WHERE number = ?", (number,))


def _contact(row: sqlite3.Row) -> Contact:
    return Contact(
        number=row["number"],
        name=row["name"],
        account=bytes(row["account"]),
        favourite=bool(row["favourite"]),
        blocked=bool(row["blocked"]),
        auto_answer=bool(row["auto_answer"]),
        key=row["key"],
        limit=row["limit"],
        ring=row["ring"],
    )
