from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kallphone.storage.errors import DatabaseDamaged, DatabaseTooNew, storage_error

# Step n brings a file from version n to n + 1; a published step never changes. A step only adds: tables,
# indexes, columns with a default. A system that fails its trial is followed by the one before it, which goes
# on with this very file: a copy from before the trial would lack the vouchers that were signed in it.
# A step that an older program can't live with says from which version on one can, in the place that SQLite
# keeps for a number of the file's owner: "PRAGMA application_id = 9" in the step to version 9.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE vouchers (
            chain INTEGER NOT NULL, escrow BLOB NOT NULL, client BLOB NOT NULL, provider BLOB NOT NULL,
            epoch INTEGER NOT NULL, cumulative INTEGER NOT NULL CHECK (cumulative > 0),
            signature BLOB NOT NULL,
            PRIMARY KEY (chain, escrow, client, provider, epoch)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE calls (
            id INTEGER PRIMARY KEY, call INTEGER NOT NULL, outgoing INTEGER NOT NULL, number TEXT NOT NULL,
            started_at INTEGER NOT NULL, ended_at INTEGER, peer BLOB NOT NULL DEFAULT x'', cause TEXT,
            seconds INTEGER NOT NULL DEFAULT 0, paid INTEGER NOT NULL DEFAULT 0,
            missed INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE INDEX open_calls ON calls (call) WHERE ended_at IS NULL",
        "CREATE INDEX missed_calls ON calls (missed) WHERE missed = 1",
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
    (
        # A row without a signature is a sum to go on from that was signed before this disk's time.
        """CREATE TABLE transfers (
            chain INTEGER NOT NULL, coin BLOB NOT NULL, client BLOB NOT NULL, provider BLOB NOT NULL,
            cumulative INTEGER NOT NULL, previous INTEGER NOT NULL CHECK (previous < cumulative),
            valid_before INTEGER NOT NULL, signature BLOB NOT NULL,
            PRIMARY KEY (chain, coin, client, provider, cumulative)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # What calls through a service measured, each value times its seconds. `epoch` is the one that a
        # rating was signed for, 0 until then.
        """CREATE TABLE quality (
            chain INTEGER NOT NULL, rating BLOB NOT NULL, client BLOB NOT NULL, service BLOB NOT NULL,
            epoch INTEGER NOT NULL, seconds REAL NOT NULL CHECK (seconds > 0), loss REAL NOT NULL,
            jitter REAL NOT NULL, delay REAL NOT NULL, mos REAL NOT NULL,
            PRIMARY KEY (chain, rating, client, service, epoch)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # `signed` is what a call's vouchers add up to, `voucher` the channel's sum after the last of them.
        "ALTER TABLE calls ADD COLUMN provider BLOB NOT NULL DEFAULT x''",
        "ALTER TABLE calls ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE calls ADD COLUMN voucher INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE calls ADD COLUMN signed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE calls ADD COLUMN periods INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX calls_by_start ON calls (started_at)",
        "CREATE INDEX calls_by_call ON calls (call)",
        """CREATE TABLE contacts (
            number TEXT PRIMARY KEY, name TEXT NOT NULL, account BLOB NOT NULL, favourite INTEGER NOT NULL,
            blocked INTEGER NOT NULL, auto_answer INTEGER NOT NULL, key TEXT NOT NULL,
            "limit" INTEGER NOT NULL, ring INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        # In the order in which they came here. Of a recording `file` is set.
        """CREATE TABLE messages (
            serial INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL UNIQUE, incoming INTEGER NOT NULL,
            peer BLOB NOT NULL, number TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL,
            read INTEGER NOT NULL, state TEXT NOT NULL, words TEXT NOT NULL DEFAULT '',
            seconds INTEGER NOT NULL DEFAULT 0, file TEXT NOT NULL DEFAULT ''
        ) STRICT""",
        # Every sealed message that was ever taken, deleted ones as well: none counts twice.
        "CREATE TABLE mail_had (seal BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        # `message` is NULL for a receipt; `seal` is the hash of `sealed`, both NULL until then.
        """CREATE TABLE outbox (
            serial INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER UNIQUE, peer BLOB NOT NULL,
            number TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL, at INTEGER NOT NULL,
            seal BLOB UNIQUE, sealed BLOB, taken INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
    ),
)

Connect = Callable[[Path], sqlite3.Connection]


def open_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)


class Database:
    """One SQLite file; every thread that asks gets a connection of its own.

    A transaction that returned has reached the disk (`synchronous=FULL`). Raises StorageError only.
    """

    def __init__(
        self, path: Path, connect: Connect = open_file, migrations: Sequence[Sequence[str]] = MIGRATIONS
    ) -> None:
        self.path = path
        self._connect = connect
        self._own = threading.local()
        self._lock = threading.Lock()
        self._connections: list[sqlite3.Connection] = []
        try:
            self._prepare(migrations)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits at the end of the block, or rolls everything back."""
        with self._named_errors():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after SQLITE_FULL and SQLITE_IOERR.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._named_errors():
            return self._connection().execute(query, values).fetchall()

    def close(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._own = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._connect(self.path)
            with self._lock:
                self._connections.append(connection)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            self._own.connection = connection
        return connection

    def _prepare(self, migrations: Sequence[Sequence[str]]) -> None:
        found = int(self.rows("PRAGMA user_version")[0][0])
        oldest = int(self.rows("PRAGMA application_id")[0][0])
        if oldest > len(migrations):
            raise DatabaseTooNew(self.path, found, len(migrations))
        verdict = self.rows("PRAGMA quick_check(1)")[0][0]
        if verdict != "ok":
            raise DatabaseDamaged(f"{self.path} is damaged ({verdict}): restore a backup")
        for version in range(found, len(migrations)):
            self._migrate(version, migrations[version])

    def _migrate(self, version: int, statements: Sequence[str]) -> None:
        with self.transaction() as connection:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise storage_error(self.path, error) from error
