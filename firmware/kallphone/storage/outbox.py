from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from kallnet.account import Address
from kallnet.mail_names import TEXT, message_id
from kallphone.phone.messages import MessageState
from kallphone.storage.database import Database


@dataclass(frozen=True)
class Pending:
    """`taken`: a provider has it, and the receipt is waited for."""

    serial: int
    taken: bool


@dataclass(frozen=True)
class Letter:
    """What is to be sent. `peer` and `sealed` are empty until the ledger told them; `at` is Unix seconds.

    `message` is None for a receipt.
    """

    serial: int
    message: int | None
    peer: Address
    number: str
    kind: str
    body: bytes = field(repr=False)
    at: int
    sealed: bytes = field(repr=False)
    taken: bool


class OutboxStore:
    """What is on its way from here. Every method is one transaction; raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, id_: int, number: str, text: str, at: int) -> bool:
        """False where there is a message with this id already."""
        with self._database.transaction() as connection:
            added = connection.execute(
                "INSERT OR IGNORE INTO messages (id, incoming, peer, number, text, at, read, state)"
                " VALUES (?, 0, x'', ?, ?, ?, 1, ?)",
                (id_, number, text, at, MessageState.WAITING.name),
            )
            if added.rowcount == 0:
                return False
            connection.execute(
                "INSERT INTO outbox (message, peer, number, kind, body, at) VALUES (?, x'', ?, ?, ?, ?)",
                (id_, number, TEXT, text.encode(), at),
            )
        return True

    def pending(self) -> list[Pending]:
        rows = self._database.rows("SELECT serial, taken FROM outbox ORDER BY serial")
        return [Pending(row["serial"], bool(row["taken"])) for row in rows]

    def letter(self, serial: int) -> Letter | None:
        """None where it was deleted meanwhile."""
        rows = self._database.rows("SELECT * FROM outbox WHERE serial = ?", serial)
        return _letter(rows[0]) if rows else None

    def seal(self, letter: Letter, peer: Address, sealed: bytes) -> bool:
        """Before it leaves: what is tried again must be the same message. False where it was deleted."""
        with self._database.transaction() as connection:
            found = connection.execute(
                "UPDATE outbox SET peer = ?, seal = ?, sealed = ? WHERE serial = ?",
                (peer, message_id(sealed), sealed, letter.serial),
            )
            connection.execute("UPDATE messages SET peer = ? WHERE id = ?", (peer, letter.message))
            return found.rowcount == 1

    def take(self, letter: Letter) -> bool:
        """A provider has it: a receipt is done with. Whether there is news of a message."""
        with self._database.transaction() as connection:
            if letter.message is None:
                connection.execute("DELETE FROM outbox WHERE serial = ?", (letter.serial,))
                return False
            connection.execute("UPDATE outbox SET taken = 1 WHERE serial = ?", (letter.serial,))
            return _move(connection, letter.message, MessageState.WAITING, MessageState.TAKEN)

    def fail(self, letter: Letter, words: str) -> bool:
        """It is not tried again. Whether there is news of a message."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM outbox WHERE serial = ?", (letter.serial,))
            if letter.message is None:
                return False
            return _move(connection, letter.message, MessageState.WAITING, MessageState.FAILED, words)

    def deliver(self, seal: bytes, peer: Address) -> int | None:
        """The message that `peer` has a receipt for; None where it is none of those on their way to it."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT serial, message FROM outbox WHERE seal = ? AND peer = ? AND message IS NOT NULL",
                (seal, peer),
            ).fetchone()
            if row is None:
                return None
            connection.execute("DELETE FROM outbox WHERE serial = ?", (row["serial"],))
            connection.execute(
                "UPDATE messages SET state = ? WHERE id = ?", (MessageState.DELIVERED.name, row["message"])
            )
        return int(row["message"])


def _move(
    connection: sqlite3.Connection, message: int, before: MessageState, after: MessageState, words: str = ""
) -> bool:
    changed = connection.execute(
        "UPDATE messages SET state = ?, words = ? WHERE id = ? AND state = ?",
        (after.name, words, message, before.name),
    )
    return changed.rowcount == 1


def _letter(row: sqlite3.Row) -> Letter:
    return Letter(
        serial=row["serial"],
        message=row["message"],
        peer=Address(row["peer"]),
        number=row["number"],
        kind=row["kind"],
        body=bytes(row["body"]),
        at=row["at"],
        sealed=bytes(row["sealed"] or b""),
        taken=bool(row["taken"]),
    )
