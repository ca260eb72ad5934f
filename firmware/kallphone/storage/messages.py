from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from kallnet.account import Address
from kallnet.mail_names import RECEIPT
from kallphone.phone.messages import Message, MessageState, Recording
from kallphone.storage.database import Database
from kallphone.storage.errors import file_error
from kallphone.storage.files import write_private

log = logging.getLogger(__name__)

MOST_SHOWN = 200
FIRST_INCOMING = 1 << 32
"""The phone numbers what it writes itself, from 1 on."""

_REMEMBERED_S = 90 * 86_400
"""Longer than any provider keeps a message, so that none comes twice."""

_INSERT = """INSERT INTO messages (id, incoming, peer, number, text, at, read, state, seconds, file)
    VALUES (?, 1, ?, ?, ?, ?, 0, ?, ?, ?)"""
_NEXT = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'messages'"
_RECEIPT = """INSERT INTO outbox (peer, number, kind, body, at) SELECT ?1, '', ?2, ?3, ?4
    WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE peer = ?1 AND kind = ?2 AND body = ?3)"""

_UNNAMED = "SELECT DISTINCT peer FROM messages WHERE incoming = 1 AND number = '' AND peer != x''"


class MessageStore:
    """Texts and recordings. What a method has written is on disk when it returns; raises StorageError."""

    def __init__(
        self, database: Database, directory: Path, clock: Callable[[], float] = time.time
    ) -> None:
        """Recordings are files in `directory`; those that nothing tells of any more are removed."""
        self._database = database
        self._directory = directory
        self._clock = clock
        self._remove_strays()

    def messages(self) -> tuple[Message, ...]:
        """The newest, newest first."""
        query = "SELECT * FROM messages WHERE file = '' ORDER BY serial DESC LIMIT ?"
        return tuple(_message(row) for row in self._database.rows(query, MOST_SHOWN))

    def recordings(self) -> tuple[Recording, ...]:
        query = "SELECT * FROM messages WHERE file != '' ORDER BY serial DESC LIMIT ?"
        return tuple(self._recording(row) for row in self._database.rows(query, MOST_SHOWN))

    def next_id(self) -> int:
        """For the next message that is written here."""
        query = "SELECT coalesce(max(id), 0) + 1 FROM messages WHERE id < ?"
        return int(self._database.rows(query, FIRST_INCOMING)[0][0])

    def mark_read(self, id_: int) -> None:
        with self._database.transaction() as connection:
            connection.execute("UPDATE messages SET read = 1 WHERE id = ?", (id_,))

    def delete(self, id_: int) -> None:
        """A message that waits here is not sent any more; a recording's file goes with it."""
        with self._database.transaction() as connection:
            found = connection.execute("SELECT file FROM messages WHERE id = ?", (id_,)).fetchone()
            connection.execute("DELETE FROM messages WHERE id = ?", (id_,))
            connection.execute("DELETE FROM outbox WHERE message = ?", (id_,))
        if found is not None and found["file"]:
            self._remove(self._directory / found["file"])

    def had(self, seal: bytes) -> bool:
        return bool(self._database.rows("SELECT 1 FROM mail_had WHERE seal = ?", seal))

    def drop(self, seal: bytes) -> None:
        """Never to be seen."""
        with self._database.transaction() as connection:
            self._is_new(connection, seal)

    def add_text(self, seal: bytes, peer: Address, number: str, text: str, at: int) -> Message | None:
        """With the receipt that is to be sent for it; None for one that was here, which gets another."""
        with self._database.transaction() as connection:
            connection.execute(_RECEIPT, (peer, RECEIPT, seal, self._now()))
            if not self._is_new(connection, seal):
                return None
            row = self._add(connection, (peer, number, text, at, MessageState.DELIVERED.name, 0, ""))
        return _message(row)

    def add_recording(
        self, seal: bytes, peer: Address, number: str, at: int, seconds: int, ogg: bytes
    ) -> Recording | None:
        """The file first: one whose row a power cut prevented is written again, or removed at the start."""
        if self.had(seal):
            return None
        path = self._directory / f"{seal.hex()}.opus"
        try:
            write_private(path, ogg, replace=True)
        except OSError as error:
            raise file_error(path, error) from error
        with self._database.transaction() as connection:
            self._is_new(connection, seal)
            delivered = MessageState.DELIVERED.name
            row = self._add(connection, (peer, number, "", at, delivered, seconds, path.name))
        return self._recording(row)

    def unnamed(self) -> list[Address]:
        """Whose messages came while the ledger did not tell their number."""
        rows = self._database.rows(_UNNAMED)
        return [Address(row["peer"]) for row in rows]

    def name(self, peer: Address, number: str) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE messages SET number = ? WHERE peer = ? AND number = '' AND incoming = 1",
                (number, peer),
            )

    def _is_new(self, connection: sqlite3.Connection, seal: bytes) -> bool:
        now = self._now()
        connection.execute("DELETE FROM mail_had WHERE at < ?", (now - _REMEMBERED_S,))
        added = connection.execute("INSERT OR IGNORE INTO mail_had (seal, at) VALUES (?, ?)", (seal, now))
        return added.rowcount == 1

    def _add(self, connection: sqlite3.Connection, values: tuple[object, ...]) -> sqlite3.Row:
        (serial,) = connection.execute(_NEXT).fetchone()
        id_ = FIRST_INCOMING + serial
        connection.execute(_INSERT, (id_, *values))
        row: sqlite3.Row = connection.execute("SELECT * FROM messages WHERE id = ?", (id_,)).fetchone()
        return row

    def _recording(self, row: sqlite3.Row) -> Recording:
        file = str(self._directory / row["file"])
        return Recording(row["id"], row["number"], row["at"], row["seconds"], bool(row["read"]), file)

    def _remove_strays(self) -> None:
        known = {row["file"] for row in self._database.rows("SELECT file FROM messages WHERE file != ''")}
        for path in self._directory.glob("*.opus") if self._directory.is_dir() else ():
            if path.name not in known:
                self._remove(path)

    def _remove(self, path: Path) -> None:
        """What was decoded of it, too."""
        try:
            path.unlink(missing_ok=True)
            path.with_suffix(".wav").unlink(missing_ok=True)
        except OSError as error:
            log.warning("the recording %s can't be removed: %s", path, error)

    def _now(self) -> int:
        return int(self._clock())


def _message(row: sqlite3.Row) -> Message:
    return Message(
        id=row["id"],
        incoming=bool(row["incoming"]),
        number=row["number"],
        text=row["text"],
        at=row["at"],
        read=bool(row["read"]),
        state=MessageState[row["state"]],
        words=row["words"],
    )
