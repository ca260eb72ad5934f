from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kallnet.account import Address

TABLE = """
-- Sealed messages until their recipient has them on its own disk, oldest first by `serial`.
CREATE TABLE mail (
    serial INTEGER PRIMARY KEY, recipient BLOB NOT NULL, id BLOB NOT NULL, sender BLOB NOT NULL,
    received REAL NOT NULL, sealed BLOB NOT NULL,
    UNIQUE (recipient, id)
) STRICT;
CREATE INDEX mail_by_age ON mail (received);
"""


@dataclass(frozen=True, slots=True)
class HeldMessage:
    """`received` is Unix time."""

    recipient: Address
    id: bytes
    sender: Address
    received: float
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """How many messages wait, and their bytes."""

    count: int
    size: int


class HeldMail:
    """The store's mail. What a method has written is on disk when it returns."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, message: HeldMessage) -> None:
        self._db.execute(
            "INSERT INTO mail (recipient, id, sender, received, sealed) VALUES (?, ?, ?, ?, ?)",
            (message.recipient, message.id, message.sender, message.received, message.sealed),
        )

    def has(self, recipient: Address, id_: bytes) -> bool:
        query = "SELECT 1 FROM mail WHERE recipient = ? AND id = ?"
        return self._db.execute(query, (recipient, id_)).fetchone() is not None

    def held(self, recipient: Address) -> Held:
        query = "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM mail WHERE recipient = ?"
        return Held(*self._db.execute(query, (recipient,)).fetchone())

    def held_from(self, sender: Address, recipient: Address) -> Held:
        query = (
            "SELECT count(*), coalesce(sum(length(sealed)), 0) FROM mail WHERE recipient = ? AND sender = ?"
        )
        return Held(*self._db.execute(query, (recipient, sender)).fetchone())

    def of(self, recipient: Address, most: int) -> list[HeldMessage]:
        """The oldest: as many as have no more than `most` bytes together, and one in any case."""
        rows = self._db.execute(
            "SELECT recipient, id, sender, received, sealed FROM mail WHERE recipient = ? ORDER BY serial",
            (recipient,),
        )
        found: list[HeldMessage] = []
        for row in rows:
            most -= len(row[4])
            if found and most < 0:
                break
            found.append(HeldMessage(Address(row[0]), row[1], Address(row[2]), row[3], row[4]))
        return found

    def delete(self, recipient: Address, id_: bytes) -> None:
        self._db.execute("DELETE FROM mail WHERE recipient = ? AND id = ?", (recipient, id_))

    def forget(self, before: float) -> None:
        """What was received before that Unix time."""
        self._db.execute("DELETE FROM mail WHERE received < ?", (before,))
