"""`kallphone contacts`."""

from __future__ import annotations

from pathlib import Path

from kallnet.number import format_number, parse_number
from kallphone.ledger.answer import Said
from kallphone.ledger.errors import CommandError
from kallphone.owner.desk import OwnersDesk
from kallphone.phone.book import Contact
from kallphone.storage.contacts import ContactStore
from kallphone.storage.vcards import merge, written

LARGEST_FILE = 16 * 1024 * 1024


def listed(desk: OwnersDesk) -> Said:
    book = ContactStore(desk.database).load()
    fields = [{"number": one.number, "name": one.name} for one in book.contacts]
    return Said(tuple(_line(one) for one in book.contacts), {"contacts": fields})


def imported(desk: OwnersDesk, vcards: str) -> Said:
    """A running phone knows them after its next start."""
    store = ContactStore(desk.database)
    done = merge(store.load(), _read(Path(vcards)))
    store.save_all(done.contacts)
    changed = len(done.contacts) - done.added
    lines = [f"contacts added: {done.added}, changed: {changed}, skipped: {len(done.skipped)}"]
    lines += [f"card {one.card}{f', {one.who}' if one.who else ''}: {one.why}" for one in done.skipped]
    skipped = [{"card": one.card, "who": one.who, "why": one.why} for one in done.skipped]
    return Said(tuple(lines), {"added": done.added, "changed": changed, "skipped": skipped})


def exported(desk: OwnersDesk, vcards: str) -> Said:
    book = ContactStore(desk.database).load()
    try:
        Path(vcards).write_text(written(book), encoding="utf-8", newline="")
    except OSError as problem:
        raise CommandError(f"{vcards} can't be written: {problem.strerror}") from None
    return Said((f"contacts in {vcards}: {len(book.contacts)}",), {"contacts": len(book.contacts)})


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise CommandError(f"{file} is larger than {LARGEST_FILE >> 20} MiB: take pictures out of it")
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not UTF-8: export it again in that encoding") from None
    except OSError as problem:
        raise CommandError(f"{file} can't be read: {problem.strerror}") from None


def _line(contact: Contact) -> str:
    marks = {
        f"key {contact.key}": contact.key, "favourite": contact.favourite, "blocked": contact.blocked,
        "answers itself": contact.auto_answer,
    }  # fmt: skip
    said = [name for name, is_so in marks.items() if is_so]
    extra = f"  ({', '.join(said)})" if said else ""
    return f"{format_number(parse_number(contact.number))}  {contact.name}{extra}"
