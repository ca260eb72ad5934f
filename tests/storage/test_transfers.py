from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.transfers import EPOCH, transfer_of
from kallphone.storage.database import MIGRATIONS, Database
from kallphone.storage.errors import VoucherTooLow
from kallphone.storage.transfers import SignedTransfer, TransferStore

CLIENT, PROVIDER, OTHER = Address(b"c" * 20), Address(b"p" * 20), Address(b"q" * 20)
HERE = Deployment(31337, *(Address(bytes([i]) * 20) for i in range(1, 7)), block=0)


def signed(previous: int, cumulative: int, provider: Address = PROVIDER, until: int = 9) -> SignedTransfer:
    message = transfer_of(CLIENT, provider, previous, cumulative, until)
    return SignedTransfer(message, cumulative, b"%065d" % until)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "phone.sqlite")
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> TransferStore:
    return TransferStore(database, HERE, CLIENT)


def test_what_is_committed_is_read_back_in_its_order(database: Database, store: TransferStore):
    for one in (signed(0, 10), signed(10, 25), signed(25, 26)):
        store.commit(one)
    again = TransferStore(database, HERE, CLIENT)
    assert again.after(PROVIDER, 10) == [signed(10, 25), signed(25, 26)]
    assert again.highest(PROVIDER) == 26
    assert (signed(10, 25).previous, signed(10, 25).epoch) == (10, EPOCH)


@pytest.mark.parametrize(("previous", "cumulative"), [(0, 10), (0, 20), (5, 20), (10, 10), (20, 30)])
def test_only_what_follows_on_the_highest_is_committed(
    store: TransferStore, previous: int, cumulative: int
):
    store.commit(signed(0, 10))
    with pytest.raises(VoucherTooLow):
        store.commit(signed(previous, cumulative))
    assert store.after(PROVIDER, 0) == [signed(0, 10)]


def test_providers_coins_and_accounts_are_apart(database: Database, store: TransferStore):
    store.commit(signed(0, 10))
    store.commit(signed(0, 7, OTHER))
    assert (store.highest(PROVIDER), store.highest(OTHER)) == (10, 7)
    assert TransferStore(database, replace(HERE, chain_id=1), CLIENT).highest(PROVIDER) == 0
    assert TransferStore(database, replace(HERE, coin=OTHER), CLIENT).highest(PROVIDER) == 0
    assert TransferStore(database, HERE, OTHER).highest(PROVIDER) == 0


def test_renewing_changes_the_end_and_nothing_else(store: TransferStore):
    store.commit(signed(0, 10))
    store.commit(signed(10, 20))
    store.renew(signed(0, 10, until=77))
    assert store.after(PROVIDER, 0) == [signed(0, 10, until=77), signed(10, 20)]


def test_a_sum_that_was_lost_is_gone_on_from(store: TransferStore):
    store.begin_at(PROVIDER, 500)
    store.begin_at(PROVIDER, 400)
    assert (store.highest(PROVIDER), store.after(PROVIDER, 0)) == (500, [])
    store.commit(signed(500, 510))
    assert store.after(PROVIDER, 0) == [signed(500, 510)]


def test_the_old_and_mined_are_forgotten(store: TransferStore):
    for one in (signed(0, 10), signed(10, 20, until=50), signed(20, 30)):
        store.commit(one)
    store.forget(PROVIDER, settled=20, before=50)
    assert store.after(PROVIDER, 0) == [signed(10, 20, until=50), signed(20, 30)]
    store.forget(PROVIDER, settled=30, before=99)
    assert store.after(PROVIDER, 0) == [signed(20, 30)]


def test_a_file_of_before_there_were_transfers_is_brought_up_to_date(tmp_path: Path):
    path = tmp_path / "old.sqlite"
    Database(path, migrations=MIGRATIONS[:1]).close()
    database = Database(path)
    store = TransferStore(database, HERE, CLIENT)
    store.commit(signed(0, 10))
    assert store.highest(PROVIDER) == 10
    database.close()
