from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from kallnet.account import Address
from kallnet.messages import TransferWithAuthorization
from kallnet.transfers import transfer_of

TABLE = """
-- Of each client from the last buried one on, without a gap. `block` is that of the transaction; what nothing
-- can take back any more is buried.
CREATE TABLE transfers (
    client BLOB, cumulative INTEGER, previous INTEGER NOT NULL, valid_before INTEGER NOT NULL,
    signature BLOB NOT NULL, block INTEGER, buried INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (client, cumulative)
) STRICT, WITHOUT ROWID;
CREATE INDEX transfers_under_way ON transfers (client, cumulative) WHERE buried = 0;
"""

_FIELDS = "SELECT cumulative, previous, valid_before, signature, block FROM transfers WHERE client = ?"


@dataclass(frozen=True, slots=True)
class HeldTransfer:
    """An accepted transfer, by which the client's sum rose to `cumulative`; `block` is where it was mined."""

    message: TransferWithAuthorization
    cumulative: int
    signature: bytes
    block: int | None = None

    @property
    def client(self) -> Address:
        return self.message.from_

    @property
    def previous(self) -> int:
        return self.cumulative - self.message.value


class HeldTransfers:
    """The store's transfers. What a method has written is on disk when it, or its transaction, is over."""

    def __init__(self, db: sqlite3.Connection, provider: Address) -> None:
        self._db = db
        self._provider = provider

    def add(self, transfer: HeldTransfer) -> None:
        message = transfer.message
        self._db.execute(
            "INSERT INTO transfers (client, cumulative, previous, valid_before, signature)"
            " VALUES (?, ?, ?, ?, ?)",
            (message.from_, transfer.cumulative, transfer.previous, message.valid_before, transfer.signature),
        )

    def skip(self, client: Address, cumulative: int) -> None:
        """Goes on from a higher sum, as if what lies between had been mined long ago."""
        self._db.execute(
            "INSERT INTO transfers VALUES (?, ?, ?, 0, x'', 0, 1)",
            (client, cumulative, self.promised(client)),
        )
        self._db.execute("DELETE FROM transfers WHERE client = ? AND cumulative < ?", (client, cumulative))

    def of(self, client: Address) -> list[HeldTransfer]:
        """Lowest first."""
        return self._read(client, f"{_FIELDS} ORDER BY cumulative")

    def under_way(self, client: Address) -> list[HeldTransfer]:
        """Those that are not yet buried, lowest first."""
        return self._read(client, f"{_FIELDS} AND buried = 0 ORDER BY cumulative")

    def clients_under_way(self) -> list[Address]:
        rows = self._db.execute("SELECT DISTINCT client FROM transfers WHERE buried = 0 ORDER BY client")
        return [Address(row[0]) for row in rows]

    def promised(self, client: Address) -> int:
        """The sum of all accepted transfers."""
        return self._number("SELECT max(cumulative) FROM transfers WHERE client = ?", client) or 0

    def settled(self, client: Address) -> int:
        """The sum of those that are mined, up to the first one that is not."""
        query = "SELECT min(previous) FROM transfers WHERE client = ? AND block IS NULL"
        first_open = self._number(query, client)
        return self.promised(client) if first_open is None else first_open

    def set_block(self, transfer: HeldTransfer, block: int | None) -> None:
        values = (block, transfer.client, transfer.cumulative)
        self._db.execute("UPDATE transfers SET block = ? WHERE client = ? AND cumulative = ?", values)

    def bury(self, transfer: HeldTransfer) -> None:
        """Of those that are buried only the last is kept, for the sum."""
        key = (transfer.client, transfer.cumulative)
        self._db.execute("UPDATE transfers SET buried = 1 WHERE client = ? AND cumulative = ?", key)
        self._db.execute("DELETE FROM transfers WHERE client = ? AND cumulative < ? AND buried = 1", key)

    def drop(self, transfer: HeldTransfer) -> None:
        """This one and all that follow on it."""
        key = (transfer.client, transfer.cumulative)
        self._db.execute("DELETE FROM transfers WHERE client = ? AND cumulative >= ?", key)

    def _read(self, client: Address, query: str) -> list[HeldTransfer]:
        rows = self._db.execute(query, (client,))
        return [
            HeldTransfer(transfer_of(client, self._provider, previous, cumulative, until), cumulative, *rest)
            for cumulative, previous, until, *rest in rows
        ]

    def _number(self, query: str, client: Address) -> int | None:
        value: int | None = self._db.execute(query, (client,)).fetchone()[0]
        return value
