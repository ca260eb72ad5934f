from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, tzinfo

from kallnet.account import address_to_hex
from kallphone.phone.events import CallId
from kallphone.phone.states import Spent
from kallphone.storage.database import Database

EPOCH_DAY = date(1970, 1, 1).toordinal()

# The phone's own sum (`paid`) and what it signed are the same but for a moment: after a power cut only the
# latter is known, and while the last voucher waits for the signer only the former. So the larger one counts.
_CALLS = """SELECT calls.*, max(paid, signed) AS owed, coalesce(contacts.name, '') AS name
    FROM calls LEFT JOIN contacts ON contacts.number = calls.number
    WHERE started_at >= ? AND started_at < ? AND max(paid, signed) > 0 ORDER BY calls.id"""
_SUMS = "SELECT number, sum(max(paid, signed)) AS owed FROM calls WHERE started_at >= ? GROUP BY number"
_CHARGE = """UPDATE calls SET signed = signed + ?, provider = ?, epoch = ?, voucher = ?
    WHERE id = (SELECT max(id) FROM calls WHERE call = ? AND id > ?)"""
_CLOSE = """UPDATE calls SET periods = ?
    WHERE id = (SELECT max(id) FROM calls WHERE call = ? AND id > ?)"""


@dataclass(frozen=True)
class Receipt:
    """What one call cost. Times are Unix seconds, amounts base units; `price` of a period, 0 if not known.

    `voucher` is the channel's sum in `epoch` with this call in it: what the provider can show. A call that
    the power cut has no seconds and no periods; what it cost is what was signed.
    """

    started_at: int
    ended_at: int
    outgoing: bool
    number: str
    name: str
    seconds: int
    periods: int
    price: int
    paid: int
    provider: str
    epoch: int
    voucher: int


@dataclass(frozen=True)
class Charge:
    """What one voucher adds to what a call cost."""

    call: CallId
    amount: int


class Receipts:
    """What calls cost, summed and for bookkeeping."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, since: int, until: int) -> list[Receipt]:
        """Of the calls that were begun then, paid ones only; oldest first."""
        return [_receipt(row) for row in self._database.rows(_CALLS, since, until)]

    def spent_since(self, since: int) -> int:
        return sum(self._sums(since).values())

    def spent_with(self, number: str, since: int) -> int:
        return self._sums(since).get(number, 0)

    def spent_today(self, now: float, zone: tzinfo) -> Spent:
        """For the owner's limits, since midnight of that zone."""
        today = datetime.fromtimestamp(now, zone).date()
        sums = self._sums(int(datetime.combine(today, time(), zone).timestamp()))
        return Spent(today.toordinal() - EPOCH_DAY, sum(sums.values()), tuple(sums.items()))

    def _sums(self, since: int) -> dict[str, int]:
        rows = self._database.rows(_SUMS, since)
        return {row["number"]: int(row["owed"]) for row in rows if row["owed"]}


class Charges:
    """Writes on a call's line what is signed for it; of the calls since this was made."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._after = int(database.rows("SELECT coalesce(max(id), 0) AS id FROM calls")[0]["id"])

    def add(
        self, connection: sqlite3.Connection, charge: Charge, provider: bytes, epoch: int, cumulative: int
    ) -> None:
        """Within the transaction that commits the voucher."""
        values = (charge.amount, provider, epoch, cumulative, charge.call, self._after)
        connection.execute(_CHARGE, values)

    def close(self, call: CallId, periods: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(_CLOSE, (periods, call, self._after))


def as_csv(receipts: Iterable[Receipt]) -> str:
    """One line per receipt under a line of names (RFC 4180); amounts in base units, times as in RFC 3339."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(Receipt)])
    writer.writeheader()
    for receipt in receipts:
        writer.writerow({**_readable(receipt), "name": _no_formula(receipt.name)})
    return out.getvalue()


def as_json(receipts: Iterable[Receipt]) -> str:
    return json.dumps([_readable(receipt) for receipt in receipts], indent=2, ensure_ascii=False) + "\n"


def by_day(receipts: Sequence[Receipt], zone: tzinfo | None = None) -> dict[str, int]:
    """Sums by ISO date, of that zone or this machine's."""
    return _summed((_when(one.started_at, zone)[:10], one.paid) for one in receipts)


def by_contact(receipts: Sequence[Receipt]) -> dict[str, int]:
    """Sums by name, or by number where there is none."""
    return _summed((one.name or one.number, one.paid) for one in receipts)


def _summed(parts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, amount in parts:
        sums[key] = sums.get(key, 0) + amount
    return sums


def _readable(receipt: Receipt) -> dict[str, object]:
    times = {name: _when(getattr(receipt, name)) for name in ("started_at", "ended_at")}
    return {**asdict(receipt), **times}


def _when(time: int, zone: tzinfo | None = None) -> str:
    return datetime.fromtimestamp(time, zone).astimezone(zone).isoformat()


def _no_formula(text: str) -> str:
    """Spreadsheets run what begins like this."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t") else text


def _receipt(row: sqlite3.Row) -> Receipt:
    periods, paid = int(row["periods"]), int(row["owed"])
    return Receipt(
        started_at=row["started_at"],
        ended_at=row["ended_at"] or row["started_at"],
        outgoing=bool(row["outgoing"]),
        number=row["number"],
        name=row["name"],
        seconds=row["seconds"],
        periods=periods,
        price=paid // periods if periods else 0,
        paid=paid,
        provider=address_to_hex(row["provider"]) if row["provider"] else "",
        epoch=row["epoch"],
        voucher=row["voucher"],
    )
