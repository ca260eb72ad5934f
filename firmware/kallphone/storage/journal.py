from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kallphone.phone.causes import Cause
from kallphone.phone.commands import LogCall
from kallphone.phone.events import CallId
from kallphone.storage.database import Database
from kallphone.storage.errors import StorageError

log = logging.getLogger(__name__)

_CLOSE = """UPDATE calls SET ended_at = ?, outgoing = ?, number = ?, peer = ?, cause = ?, seconds = ?,
    paid = ?, missed = ? WHERE call = ? AND ended_at IS NULL"""
_INSERT = """INSERT INTO calls
    (ended_at, outgoing, number, peer, cause, seconds, paid, missed, call, started_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True)
class LoggedCall:
    """One line of the call log. Times are Unix seconds; `paid` is in base units.

    `cause` is None where the phone lost its power during the call: `ended_at` is then the next start,
    `seconds` are not known, and `paid` is what was signed.
    """

    outgoing: bool
    number: str
    peer: bytes
    started_at: int
    ended_at: int
    cause: Cause | None
    seconds: int
    paid: int


class CallJournal:
    """The call log, written so that a call in progress survives a power cut as an interrupted one.

    A disk that fails costs lines of the log, never a call: it is reported and the phone goes on.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        with database.transaction() as connection:
            connection.execute("UPDATE calls SET ended_at = ? WHERE ended_at IS NULL", (self._now(),))

    def call_started(self, call: CallId, *, outgoing: bool, number: str) -> None:
        with _disk_may_fail(), self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO calls (call, outgoing, number, started_at) VALUES (?, ?, ?, ?)",
                (call, outgoing, number, self._now()),
            )

    def log_call(self, record: LogCall) -> None:
        now = self._now()
        # The phone counts exactly these as missed while it runs.
        missed = not record.outgoing and record.cause is Cause.NO_ANSWER
        values = (
            now, record.outgoing, record.number, record.peer, record.cause.name, record.seconds, record.paid,
            missed, record.call,
        )  # fmt: skip
        with _disk_may_fail(), self._database.transaction() as connection:
            if connection.execute(_CLOSE, values).rowcount == 0:
                connection.execute(_INSERT, (*values, now - record.seconds))

    def missed_calls(self) -> int:
        """Since the last `forget_missed`."""
        return int(self._database.rows("SELECT count(*) FROM calls WHERE missed = 1")[0][0])

    def forget_missed(self) -> None:
        with _disk_may_fail(), self._database.transaction() as connection:
            connection.execute("UPDATE calls SET missed = 0 WHERE missed = 1")

    def recent(self, limit: int = 50) -> list[LoggedCall]:
        """Finished calls, newest first."""
        rows = self._database.rows(
            "SELECT * FROM calls WHERE ended_at IS NOT NULL ORDER BY id DESC LIMIT ?", limit
        )
        return [_logged(row) for row in rows]

    def _now(self) -> int:
        return int(self._clock())


@contextmanager
def _disk_may_fail() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        log.warning("the call log misses a call: %s", error)


def _logged(row: sqlite3.Row) -> LoggedCall:
    return LoggedCall(
        outgoing=bool(row["outgoing"]),
        number=row["number"],
        peer=bytes(row["peer"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        cause=Cause[row["cause"]] if row["cause"] is not None else None,
        seconds=row["seconds"],
        paid=max(row["paid"], row["signed"]),
    )
