"""`kallphone wallet receipts`."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from kallphone.ledger.answer import Said, kall
from kallphone.ledger.errors import CommandError, UsageError
from kallphone.owner.desk import OwnersDesk
from kallphone.storage.receipts import Receipts, as_csv, as_json, by_contact, by_day

FOREVER = 2**40


def receipts(desk: OwnersDesk, first: str = "", last: str = "", csv: str = "", json: str = "") -> Said:
    """Of the days from `first` to `last`, both included, by this machine's clock; all by default."""
    since = _midnight(first, 0) if first else 0
    until = _midnight(last, 1) if last else FOREVER
    found = Receipts(desk.database).between(since, until)
    for file, text in ((csv, as_csv(found)), (json, as_json(found))):
        if file:
            _write(Path(file), text)
    days, contacts, total = by_day(found), by_contact(found), sum(one.paid for one in found)
    sums = (*days.items(), *sorted(contacts.items(), key=lambda pair: -pair[1]))
    sums = (*sums, (f"in all; calls: {len(found)}", total))
    lines = [f"{kall(amount):>20}  {name}" for name, amount in sums]
    return Said(tuple(lines), {"calls": len(found), "paid": total, "days": days, "contacts": contacts})


def _midnight(day: str, later: int) -> int:
    try:
        begins = date.fromisoformat(day) + timedelta(days=later)
    except (ValueError, OverflowError):
        raise UsageError(f"{day!r} is no day: write it as 2026-03-31") from None
    return int(datetime.combine(begins, time()).astimezone().timestamp())


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as problem:
        raise CommandError(f"{file} can't be written: {problem.strerror}") from None
