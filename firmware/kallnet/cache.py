import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kallnet.account import Address
from kallnet.entries import ClientEntry, ServiceEntry, client_of, service_of
from kallnet.errors import LedgerError, LedgerInconsistent
from kallnet.header import Header
from kallnet.keccak import keccak256
from kallnet.ledger import Ledger, Record
from kallnet.messages import CLIENT, SERVICE
from kallnet.number import KallNumber
from kallnet.typed import registry_domain

log = logging.getLogger(__name__)

DAY = 24 * 3600.0
# Waiting for dead endpoints at every key press would stall the phone: one failure speaks for this long.
AWAY = 15.0
_NUMBER = 0  # the kind of a row that tells whose number it is

_SCHEMA = """
CREATE TABLE IF NOT EXISTS origin (chain_id INTEGER NOT NULL, registry BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS proved (
    kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    block INTEGER NOT NULL, expiry INTEGER NOT NULL, fetched REAL NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS newest_header (
    id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, hash BLOB NOT NULL,
    state_root BLOB NOT NULL, timestamp INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class _Answer:
    """`block` is the one it was proved at, `expiry` the record's, `fetched` is Unix seconds by our clock."""

    value: bytes
    block: int
    expiry: int
    fetched: float


class CachedLedger:
    """The ledger's entries and numbers, from disk while the chain is away.

    An answer no older than `fresh` seconds is given without asking the chain; a failing chain is covered by
    answers up to `max_age` seconds old that have not expired. "There is none" is never kept, and neither are
    blocks older than the newest that was seen. Only one thread at a time may use it. `clock` gives Unix
    seconds.
    """

    def __init__(
        self,
        ledger: Ledger,
        path: Path,
        *,
        max_age: float = DAY,
        fresh: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._max_age = max_age
        self._fresh = fresh
        self._clock = clock
        self._away_until = 0.0
        self._domain = registry_domain(ledger.deployment)
        self._db = _open(path, (ledger.deployment.chain_id, ledger.deployment.registry))
        self._recall_newest()

    @property
    def away(self) -> bool:
        """Whether the chain's last answer was a failure not long ago."""
        # A clock that was set back must not prolong it.
        return 0 < self._away_until - self._clock() <= AWAY

    def client_entry(self, account: Address) -> ClientEntry | None:
        answer = self._entry(CLIENT, account)
        return None if answer is None else client_of(answer.value, account, self._domain, int(self._now()))

    def service_entry(self, account: Address) -> ServiceEntry | None:
        answer = self._entry(SERVICE, account)
        return None if answer is None else service_of(answer.value, account)

    def resolve(self, number: KallNumber) -> Address | None:
        answer = self._lookup(_NUMBER, str(number).encode(), lambda: self._fetch_number(number))
        return None if answer is None else Address(answer.value)

    def close(self) -> None:
        self._db.close()

    def _entry(self, kind: int, account: Address) -> _Answer | None:
        return self._lookup(kind, account, lambda: self._fetch_entry(kind, account))

    def _lookup(self, kind: int, key: bytes, fetch: Callable[[], _Answer | None]) -> _Answer | None:
        kept = self._read(kind, key)
        if kept is not None and self._age(kept) <= (self._max_age if self.away else self._fresh):
            return kept
        try:
            answer = fetch()
        except LedgerInconsistent:
            raise  # the chain is there, and what it proves is not what was kept
        except LedgerError:
            self._away_until = self._clock() + AWAY
            if kept is None:
                raise
            return kept
        self._away_until = 0.0
        self._write(kind, key, answer)
        return answer

    def _fetch_entry(self, kind: int, account: Address) -> _Answer | None:
        record, raw = self._ledger.live_entry(kind, account, self._value(kind, account))
        self._keep_newest(record.proved_at)
        return None if raw is None else self._answer(raw, record)

    def _fetch_number(self, number: KallNumber) -> _Answer | None:
        found = self._ledger.holder(number)
        if found is not None:
            self._keep_newest(found[1].proved_at)
        return None if found is None else self._answer(*found)

    def _answer(self, value: bytes, record: Record) -> _Answer:
        return _Answer(value, record.proved_at.number, record.head.expiry, self._clock())

    def _now(self) -> float:
        """A Pi's clock may be years behind at boot; the chain's is not."""
        seen = self._ledger.state.headers.seen
        return max(self._clock(), seen.timestamp if seen is not None else 0)

    def _age(self, answer: _Answer) -> float:
        # A clock that was set back makes answers from its future old, too.
        return abs(self._clock() - answer.fetched)

    def _row(self, kind: int, key: bytes) -> _Answer | None:
        columns = "SELECT value, block, expiry, fetched, digest FROM proved WHERE kind = ? AND key = ?"
        try:
            row = self._db.execute(columns, (kind, key)).fetchone()
        except sqlite3.DatabaseError as error:
            log.warning("the ledger cache can't be read: %s", error)
            return None
        return _Answer(*row[:4]) if row and row[4] == _digest(kind, key, *row[:4]) else None

    def _value(self, kind: int, key: bytes) -> bytes | None:
        row = self._row(kind, key)
        return None if row is None else row.value

    def _read(self, kind: int, key: bytes) -> _Answer | None:
        answer = self._row(kind, key)
        if answer is None or answer.expiry <= self._now() or self._age(answer) > self._max_age:
            return None
        return answer

    def _write(self, kind: int, key: bytes, answer: _Answer | None) -> None:
        try:
            with self._db:
                self._db.execute("DELETE FROM proved WHERE kind = ? AND key = ?", (kind, key))
                if answer is not None:
                    row = (kind, key, answer.value, answer.block, answer.expiry, answer.fetched)
                    self._db.execute("INSERT INTO proved VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, _digest(*row)))
        except sqlite3.DatabaseError as error:
            log.warning("the ledger cache can't be written: %s", error)

    def _keep_newest(self, header: Header) -> None:
        row = (header.number, header.hash, header.state_root, header.timestamp)
        try:
            with self._db:
                self._db.execute(
                    "INSERT INTO newest_header VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
                    " number = excluded.number, hash = excluded.hash, state_root = excluded.state_root,"
                    " timestamp = excluded.timestamp",
                    row,
                )
        except sqlite3.DatabaseError as error:
            log.warning("the ledger cache can't be written: %s", error)

    def _recall_newest(self) -> None:
        row = self._db.execute("SELECT number, hash, state_root, timestamp FROM newest_header").fetchone()
        if row is not None:
            self._ledger.state.headers.expect(Header(*row))


def _digest(*row: object) -> bytes:
    """A damaged disk's flipped bit may leave a database sound and an entry well formed."""
    return keccak256(repr(row).encode())


_Origin = tuple[int, bytes]


def _open(path: Path, origin: _Origin) -> sqlite3.Connection:
    """In memory when there is none to be had on the disk: without a cache the phone works, too."""
    try:
        return _connect(path, origin)
    except sqlite3.OperationalError as error:  # full, read-only, locked: what is there may be good
        log.warning("no ledger cache at %s: %s", path, error)
    except sqlite3.DatabaseError as error:
        log.warning("the ledger cache %s is damaged (%s): starting a new one", path, error)
        with suppress(OSError, sqlite3.DatabaseError):
            path.unlink()
            return _connect(path, origin)
    return _connect(":memory:", origin)


def _forget_other_ledgers(db: sqlite3.Connection, origin: _Origin) -> None:
    if db.execute("SELECT chain_id, registry FROM origin").fetchall() == [origin]:
        return
    with db:
        db.execute("DELETE FROM proved")
        db.execute("DELETE FROM newest_header")
        db.execute("DELETE FROM origin")
        db.execute("INSERT INTO origin VALUES (?, ?)", origin)


def _connect(path: Path | str, origin: _Origin) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False)
    try:
        db.executescript(_SCHEMA)
        _require_sound(db)
        _forget_other_ledgers(db, origin)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db


def _require_sound(db: sqlite3.Connection) -> None:
    (state,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if state != "ok":
        raise sqlite3.DatabaseError(state)
