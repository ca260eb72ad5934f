from __future__ import annotations

import sqlite3
from dataclasses import astuple

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.quality import CallQuality, QualitySum
from kallphone.storage.database import Database

_OPEN = 0
"""In the place of an epoch: no rating is signed over this sum yet."""

_SUM = """SELECT seconds, loss, jitter, delay, mos FROM quality
    WHERE chain = ? AND rating = ? AND client = ? AND service = ? AND epoch = ?"""
_SIGNED = """SELECT epoch FROM quality
    WHERE chain = ? AND rating = ? AND client = ? AND service = ? AND epoch != ?"""
_ADD = """INSERT INTO quality (chain, rating, client, service, epoch, seconds, loss, jitter, delay, mos)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET seconds = seconds + excluded.seconds, loss = loss + excluded.loss,
    jitter = jitter + excluded.jitter, delay = delay + excluded.delay, mos = mos + excluded.mos"""
_MOVE = """UPDATE quality SET epoch = ?
    WHERE chain = ? AND rating = ? AND client = ? AND service = ? AND epoch = ?"""
_DELETE = """DELETE FROM quality
    WHERE chain = ? AND rating = ? AND client = ? AND service = ? AND epoch = ?"""

_Key = tuple[object, ...]


class QualityStore:
    """What the calls through each service measured since its last rating, summed.

    A sum over which a rating is signed takes no more calls: they make a new one, so that it can be told what
    the ledger has.
    """

    def __init__(self, database: Database, deployment: Deployment, client: Address) -> None:
        self._database = database
        self._mine = (deployment.chain_id, deployment.rating, client)

    def add(self, service: Address, call: CallQuality) -> None:
        with self._database.transaction() as connection:
            _add(connection, (*self._mine, service), QualitySum().plus(call))

    def services(self) -> list[Address]:
        """Those with calls that no rating on the ledger tells of yet."""
        query = "SELECT DISTINCT service FROM quality WHERE chain = ? AND rating = ? AND client = ?"
        return [Address(row["service"]) for row in self._database.rows(query, *self._mine)]

    def sign(self, service: Address, epoch: int) -> QualitySum | None:
        """The sum to sign a rating over, for `epoch`; None where there is none."""
        key = (*self._mine, service)
        with self._database.transaction() as connection:
            connection.execute(_MOVE, (epoch, *key, _OPEN))
            return _sum(connection, key, epoch)

    def settle(self, service: Address, rated: int | None) -> None:
        """Forgets what the ledger has of this phone, whose latest rating there is for the epoch `rated`.

        A rating that did not get there goes into the next one.
        """
        key = (*self._mine, service)
        with self._database.transaction() as connection:
            for row in connection.execute(_SIGNED, (*key, _OPEN)).fetchall():
                signed = _sum(connection, key, row["epoch"])
                connection.execute(_DELETE, (*key, row["epoch"]))
                if row["epoch"] != rated and signed is not None:
                    _add(connection, key, signed)


def _sum(connection: sqlite3.Connection, key: _Key, epoch: int) -> QualitySum | None:
    row = connection.execute(_SUM, (*key, epoch)).fetchone()
    return QualitySum(*row) if row else None


def _add(connection: sqlite3.Connection, key: _Key, more: QualitySum) -> None:
    connection.execute(_ADD, (*key, _OPEN, *astuple(more)))
