from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kallnet.account import Address
from kallnet.ledger import Channel
from kallnet.messages import Voucher
from kallnet.transfers import EPOCH
from kallprovider.errors import ConfigError
from kallprovider.exposure import Tab
from kallprovider.held_mail import TABLE as MAIL
from kallprovider.held_mail import HeldMail
from kallprovider.held_transfers import TABLE, HeldTransfers

SCHEMA_VERSION = 3

# Step n brings a file from version n to n + 1; a published step never changes.
_STEPS = (
    """
CREATE TABLE channels (
    client BLOB PRIMARY KEY, epoch INTEGER NOT NULL, deposited INTEGER NOT NULL, claimed INTEGER NOT NULL,
    exit_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tabs (
    client BLOB, epoch INTEGER, owed INTEGER NOT NULL, written_off INTEGER NOT NULL,
    PRIMARY KEY (client, epoch)
) STRICT, WITHOUT ROWID;
-- Of every epoch: an exit can be undone by a reorganisation, and then the old voucher counts again.
CREATE TABLE vouchers (
    client BLOB, epoch INTEGER, cumulative INTEGER NOT NULL, signature BLOB NOT NULL, received REAL NOT NULL,
    PRIMARY KEY (client, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE write_offs (client BLOB NOT NULL, amount INTEGER NOT NULL, at REAL NOT NULL) STRICT;
CREATE INDEX write_offs_by_client ON write_offs (client, at);
CREATE TABLE calls (
    call_id TEXT PRIMARY KEY, caller BLOB NOT NULL, callee BLOB NOT NULL, caller_share INTEGER NOT NULL,
    callee_share INTEGER NOT NULL, started REAL, periods INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE agreements (client BLOB PRIMARY KEY, expiry INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE chain_position (
    id INTEGER PRIMARY KEY CHECK (id = 1), block INTEGER NOT NULL, hash BLOB NOT NULL
) STRICT;
""",
    TABLE,
    MAIL,
)


@dataclass(frozen=True, slots=True)
class HeldVoucher:
    """The highest voucher of a channel's epoch. `received` is Unix time."""

    voucher: Voucher
    signature: bytes
    received: float


@dataclass(frozen=True, slots=True)
class StoredCall:
    """`started` is the answer in Unix time, None while the call rings."""

    call_id: str
    caller: Address
    callee: Address
    caller_share: int
    callee_share: int
    started: float | None
    periods: int


class Store:
    """Everything that must outlive a crash. What a method has written is on disk when it returns."""

    def __init__(self, path: Path, provider: Address) -> None:
        self._provider = provider
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._migrate(path)
        self.transfers = HeldTransfers(self._db, provider)
        self.mail = HeldMail(self._db)

    def close(self) -> None:
        self._db.close()

    def _migrate(self, path: Path) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            self._db.close()
            raise ConfigError(
                f"{path} has schema {version}, this program knows {SCHEMA_VERSION}:"
                " install the newer kallprovider"
            )
        for step in range(version, SCHEMA_VERSION):
            self._db.executescript(f"BEGIN;{_STEPS[step]}PRAGMA user_version = {step + 1};COMMIT;")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one commit, so one wait for the disk."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put_channel(self, client: Address, channel: Channel) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO channels VALUES (?, ?, ?, ?, ?)",
            (client, channel.epoch, channel.deposited, channel.claimed, channel.exit_at),
        )

    def channel(self, client: Address) -> Channel | None:
        row = self._db.execute(
            "SELECT deposited, claimed, exit_at, epoch FROM channels WHERE client = ?", (client,)
        ).fetchone()
        return Channel(deposited=row[0], claimed=row[1], exit_at=row[2], epoch=row[3]) if row else None

    def forget_channels(self, *, transfers: bool) -> None:
        """Those of the one rail or of the other."""
        comparison = "=" if transfers else "!="
        self._db.execute(f"DELETE FROM channels WHERE epoch {comparison} ?", (EPOCH,))  # noqa: S608

    def clients(self) -> list[Address]:
        return [Address(row[0]) for row in self._db.execute("SELECT client FROM channels ORDER BY client")]

    def save_tab(self, client: Address, tab: Tab) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO tabs VALUES (?, ?, ?, ?)", (client, tab.epoch, tab.owed, tab.written_off)
        )

    def tab(self, client: Address) -> Tab:
        """In the epoch that the channel is in as far as is known; all zero for a stranger."""
        channel = self.channel(client) or Channel(deposited=0, claimed=0, exit_at=0, epoch=0)
        owed, written_off = self._db.execute(
            "SELECT owed, written_off FROM tabs WHERE client = ? AND epoch = ?", (client, channel.epoch)
        ).fetchone() or (0, 0)
        return Tab(channel.epoch, channel.deposited, owed, written_off, self._promised(client, channel.epoch))

    def _promised(self, client: Address, epoch: int) -> int:
        if epoch == EPOCH:
            return self.transfers.promised(client)
        held = self.voucher(client, epoch)
        return held.voucher.cumulative if held else 0

    def accept_voucher(self, voucher: Voucher, signature: bytes, received: float) -> bool:
        """False when one as high is held already: vouchers never fall."""
        cursor = self._db.execute(
            "INSERT INTO vouchers VALUES (?, ?, ?, ?, ?) ON CONFLICT (client, epoch) DO UPDATE SET"
            " cumulative = excluded.cumulative, signature = excluded.signature, received = excluded.received"
            " WHERE excluded.cumulative > vouchers.cumulative",
            (voucher.client, voucher.epoch, voucher.cumulative, signature, received),
        )
        return cursor.rowcount == 1

    def voucher(self, client: Address, epoch: int) -> HeldVoucher | None:
        row = self._db.execute(
            "SELECT cumulative, signature, received FROM vouchers WHERE client = ? AND epoch = ?",
            (client, epoch),
        ).fetchone()
        return row and HeldVoucher(Voucher(client, self._provider, epoch, row[0]), row[1], row[2])

    def unclaimed(self) -> list[tuple[HeldVoucher, Channel]]:
        """The vouchers above what their channel has paid out, largest gain first."""
        rows = self._db.execute(
            "SELECT v.client, v.epoch, v.cumulative, v.signature, v.received,"
            " c.deposited, c.claimed, c.exit_at FROM vouchers v JOIN channels c USING (client, epoch)"
            " WHERE min(v.cumulative, c.deposited) > c.claimed ORDER BY c.claimed - v.cumulative, v.client"
        )
        return [
            (
                HeldVoucher(Voucher(Address(r[0]), self._provider, r[1], r[2]), r[3], r[4]),
                Channel(deposited=r[5], claimed=r[6], exit_at=r[7], epoch=r[1]),
            )
            for r in rows
        ]

    def add_write_off(self, client: Address, amount: int, at: float) -> None:
        """A negative amount is one taken back."""
        self._db.execute("INSERT INTO write_offs VALUES (?, ?, ?)", (client, amount, at))

    def written_off_since(self, client: Address, at: float) -> int:
        row = self._db.execute(
            "SELECT coalesce(sum(amount), 0) FROM write_offs WHERE client = ? AND at >= ?", (client, at)
        ).fetchone()
        return int(row[0])

    def put_call(self, call: StoredCall) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                call.call_id,
                call.caller,
                call.callee,
                call.caller_share,
                call.callee_share,
                call.started,
                call.periods,
            ),
        )

    def delete_call(self, call_id: str) -> None:
        self._db.execute("DELETE FROM calls WHERE call_id = ?", (call_id,))

    def calls(self) -> list[StoredCall]:
        rows = self._db.execute("SELECT * FROM calls ORDER BY call_id")
        return [StoredCall(r[0], Address(r[1]), Address(r[2]), r[3], r[4], r[5], r[6]) for r in rows]

    def put_agreement(self, client: Address, expiry: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO agreements VALUES (?, ?)", (client, expiry))

    def agreement_expiry(self, client: Address) -> int:
        """Unix time; 0 when this provider has signed none."""
        row = self._db.execute("SELECT expiry FROM agreements WHERE client = ?", (client,)).fetchone()
        return int(row[0]) if row else 0

    def set_chain_position(self, block: int, block_hash: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO chain_position VALUES (1, ?, ?)", (block, block_hash))

    def chain_position(self) -> tuple[int, bytes] | None:
        row = self._db.execute("SELECT block, hash FROM chain_position").fetchone()
        return (row[0], row[1]) if row else None
