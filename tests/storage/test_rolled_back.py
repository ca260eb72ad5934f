"""A system that fails its trial leaves a file of its own version: the one before it goes on with that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.messages import Voucher
from kallnet.quality import CallQuality
from kallnet.transfers import transfer_of
from kallphone.phone.book import Book, Contact
from kallphone.phone.causes import Cause
from kallphone.phone.commands import LogCall
from kallphone.phone.events import CallId
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import MIGRATIONS, Database
from kallphone.storage.errors import DatabaseTooNew
from kallphone.storage.journal import CallJournal
from kallphone.storage.messages import MessageStore
from kallphone.storage.outbox import OutboxStore
from kallphone.storage.quality import QualityStore
from kallphone.storage.settings import Settings
from kallphone.storage.transfers import SignedTransfer, TransferStore
from kallphone.storage.vouchers import SignedVoucher, VoucherStore

CLIENT, PROVIDER = Address(b"c" * 20), Address(b"p" * 20)
HERE = Deployment(31337, *(Address(bytes([i]) * 20) for i in range(1, 7)), block=0)
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


def voucher(cumulative: int) -> SignedVoucher:
    return SignedVoucher(Voucher(CLIENT, PROVIDER, 0, cumulative), b"%065d" % cumulative)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "phone.sqlite"


@pytest.fixture
def back(path: Path) -> Iterator[Database]:
    """Opened by this program after one that has a column more in each table, and one table more."""
    database = Database(path)
    tables = [row["name"] for row in database.rows(TABLES)]
    database.close()
    columns = [f"ALTER TABLE {name} ADD COLUMN later INTEGER NOT NULL DEFAULT 7" for name in tables]
    on_trial = Database(path, migrations=(*MIGRATIONS, ("CREATE TABLE later (x INTEGER)", *columns)))
    VoucherStore(on_trial, HERE).commit(voucher(500))
    on_trial.close()
    database = Database(path)
    yield database
    database.close()


def test_vouchers_that_were_signed_on_trial_are_gone_on_from(back: Database) -> None:
    store = VoucherStore(back, HERE)
    assert store.highest(CLIENT, PROVIDER, 0) == voucher(500)
    store.commit(voucher(501))
    assert store.highest(CLIENT, PROVIDER, 0) == voucher(501)


def test_all_else_is_read_and_written_too(back: Database, tmp_path: Path) -> None:
    transfers = TransferStore(back, HERE, CLIENT)
    transfer = SignedTransfer(transfer_of(CLIENT, PROVIDER, 0, 10, 9), 10, b"%065d" % 9)
    transfers.commit(transfer)
    assert transfers.after(PROVIDER, 0) == [transfer]
    quality = QualityStore(back, HERE, CLIENT)
    quality.add(PROVIDER, CallQuality(loss=0.0, jitter=2.0, delay=20.0, seconds=600.0))
    assert quality.sign(PROVIDER, 5) is not None
    anna = Contact("6677335183", "Anna")
    ContactStore(back).save(anna)
    assert ContactStore(back).load() == Book((anna,))
    Settings(back).write("ring", {"volume": 3})
    assert Settings(back).read("ring") == {"volume": 3}
    calls = CallJournal(back)
    calls.call_started(CallId(1), outgoing=True, number="6677335183")
    calls.log_call(LogCall(CallId(1), True, "6677335183", PROVIDER, Cause.HUNG_UP, 20, 33))
    assert calls.recent()[0].paid == 33
    messages = MessageStore(back, tmp_path / "recordings")
    OutboxStore(back).write(messages.next_id(), "6677335183", "there", 1)
    assert messages.add_text(b"s" * 32, PROVIDER, "6677335183", "here", 2) is not None
    assert [message.text for message in messages.messages()] == ["here", "there"]


def test_the_next_trial_finds_its_step_done(back: Database, path: Path) -> None:
    VoucherStore(back, HERE).commit(voucher(502))
    again = Database(path, migrations=(*MIGRATIONS, ("CREATE TABLE later (x INTEGER)",)))
    assert VoucherStore(again, HERE).highest(CLIENT, PROVIDER, 0) == voucher(502)
    assert again.rows("SELECT later FROM vouchers")[0]["later"] == 7
    again.close()


@pytest.mark.parametrize("oldest", [2, 3])
def test_a_step_that_shuts_older_programs_out_says_from_when_on(path: Path, oldest: int) -> None:
    one = ("CREATE TABLE a (x INTEGER)",)
    two = ("ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7",)
    three = ("ALTER TABLE a RENAME TO b", f"PRAGMA application_id = {oldest}")
    Database(path, migrations=(one, two, three)).close()
    Database(path, migrations=(one, two, three)).close()
    with pytest.raises(DatabaseTooNew, match="version 3, this program knows up to 1: update"):
        Database(path, migrations=(one,))
    if oldest == 2:
        Database(path, migrations=(one, two)).close()
