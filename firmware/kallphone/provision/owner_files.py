"""The phone's own folder, changed by root as the phone's user would: key, PIN, settings, contacts."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kallnet.account import Account
from kallphone.phone.book import Contact
from kallphone.phone.settings import Settings
from kallphone.provision.answers import Answers
from kallphone.provision.errors import FileInvalid
from kallphone.provision.said import Said
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.errors import KeyFileError
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from kallphone.storage.preferences import Preferences, with_chosen
from kallphone.storage.settings import Settings as Kept

DATABASE = "phone.sqlite"


@contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """What is made within belongs to the folder's owner, and no link of theirs leads root astray."""
    if os.geteuid() != 0:
        yield
        return
    owner = folder.stat()
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def own_account(state: Path) -> Account | None:
    """Raises FileInvalid where there is a key that does not open."""
    key = key_in(state)
    if not key.exists():
        return None
    try:
        return key.open()
    except KeyFileError as fault:
        raise FileInvalid(f"the phone's key can't be used: {fault}") from None


def check_secrets(name: str, answers: Answers, state: Path) -> None:
    """Refuses to replace a key or a PIN that was not said to be replaced. Raises FileInvalid."""
    present, restored = own_account(state), answers.restored
    same = restored is not None and present is not None and restored.address == present.address
    if present and restored and not same and not answers.replace:
        raise FileInvalid(
            f"{name}: [key] words: this phone has another key already: its money would be out of reach. "
            "Add replace = true to [key] if you mean it; the old key is kept aside"
        )
    if not answers.pin or not (state / DATABASE).exists():
        return
    with closing(Database(state / DATABASE)) as database:
        lock = PinLock(database)
        if lock.is_set() and not lock.holds(answers.pin) and not (answers.replace and restored):
            raise FileInvalid(
                f"{name}: [owner] pin: this phone has another PIN. To replace it, "
                "give its 12 words and replace = true in [key] as well"
            )


def apply_key(answers: Answers, state: Path, *, make: bool) -> Account | None:
    """The phone's account afterwards: of the words, or the one there is, or with `make` a new one."""
    key, restored, present = key_in(state), answers.restored, own_account(state)
    if restored is not None and (present is None or present.address != restored.address):
        return key.restore(answers.words, replace=answers.replace)
    return key.create() if present is None and make else present


def apply_choices(pin: str, said: Said, state: Path, defaults: Settings) -> None:
    """PIN, settings and contacts; `said` is what no file said before."""
    file = state / DATABASE
    if not (pin or said.settings or said.contacts or file.exists()):
        return
    with closing(Database(file)) as database:
        lock = PinLock(database)
        if pin and not lock.holds(pin):
            lock.set(pin)
        _choose(database, said, defaults)
        _add_contacts(ContactStore(database), said.contacts)


def _choose(database: Database, said: Said, defaults: Settings) -> None:
    """Where the owner never chose anything, what the configuration says of [phone] holds by itself."""
    never = Kept(database).read("phone") is None
    if not said.settings and (never or not said.phone):
        return
    preferences = Preferences(database, defaults)
    preferences.save(with_chosen(with_chosen(preferences.load(), said.phone), said.chosen))


def _add_contacts(store: ContactStore, contacts: tuple[Contact, ...]) -> None:
    if contacts:
        book = store.load()
        store.save_all([_joined(book.by_number(one.number), one) for one in contacts])


def _joined(known: Contact | None, new: Contact) -> Contact:
    return new if known is None else dataclasses.replace(
        new, account=known.account, auto_answer=known.auto_answer
    )  # fmt: skip
