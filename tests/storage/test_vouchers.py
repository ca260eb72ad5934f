import sqlite3
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.messages import Voucher
from kallphone.storage.database import Database, open_file
from kallphone.storage.errors import DiskFull, VoucherTooLow
from kallphone.storage.vouchers import SignedVoucher, VoucherStore

CLIENT = Address(b"c" * 20)
PROVIDER = Address(b"p" * 20)
OTHER = Address(b"q" * 20)
HERE = Deployment(31337, *(Address(bytes([i]) * 20) for i in range(1, 7)), block=0)
ELSEWHERE = replace(HERE, chain_id=1)


def signed(cumulative: int, epoch: int = 0, provider: Address = PROVIDER) -> SignedVoucher:
    return SignedVoucher(Voucher(CLIENT, provider, epoch, cumulative), b"%065d" % cumulative)


@pytest.fixture
def path(tmp_path: Path):
    return tmp_path / "phone.sqlite"


@pytest.fixture
def database(path: Path):
    database = Database(path)
    yield database
    database.close()


@pytest.fixture
def store(database: Database):
    return VoucherStore(database, HERE)


def test_a_committed_voucher_is_read_back_after_a_restart(path: Path, store: VoucherStore):
    store.commit(signed(500))
    again = Database(path)
    assert VoucherStore(again, HERE).highest(CLIENT, PROVIDER, 0) == signed(500)
    again.close()


def test_a_lower_voucher_is_an_error_and_changes_nothing(store: VoucherStore):
    store.commit(signed(500))
    with pytest.raises(VoucherTooLow) as caught:
        store.commit(signed(499))
    assert (caught.value.given, caught.value.highest) == (499, 500)
    assert store.highest(CLIENT, PROVIDER, 0) == signed(500)


def test_the_same_voucher_twice_is_fine(store: VoucherStore):
    store.commit(signed(500))
    store.commit(signed(500))
    assert store.highest(CLIENT, PROVIDER, 0) == signed(500)


def test_epochs_providers_and_chains_are_apart(database: Database, store: VoucherStore):
    store.commit(signed(500))
    store.commit(signed(3, epoch=1))
    store.commit(signed(4, provider=OTHER))
    VoucherStore(database, ELSEWHERE).commit(signed(5))
    assert store.highest(CLIENT, PROVIDER, 0) == signed(500)
    assert store.highest(CLIENT, PROVIDER, 1) == signed(3, epoch=1)
    assert store.highest(CLIENT, OTHER, 0) == signed(4, provider=OTHER)
    assert store.highest(CLIENT, PROVIDER, 2) is None
    assert VoucherStore(database, ELSEWHERE).highest(CLIENT, PROVIDER, 0) == signed(5)


def test_a_full_disk_refuses_the_voucher_and_keeps_the_last(path: Path):
    def small_disk(at: Path) -> sqlite3.Connection:
        connection = open_file(at)
        connection.execute("PRAGMA max_page_count = 48")
        return connection

    database = Database(path, small_disk)
    store = VoucherStore(database, HERE)
    refused = first_refused(store)
    assert store.highest(CLIENT, PROVIDER, refused - 1) == signed(1, refused - 1)
    assert store.highest(CLIENT, PROVIDER, refused) is None
    database.close()


def first_refused(store: VoucherStore) -> int:
    for epoch in range(10_000):
        try:
            store.commit(signed(1, epoch))
        except DiskFull:
            return epoch
    raise AssertionError("the disk never filled")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2**63 - 1)), max_size=12))
def test_the_highest_never_falls(commits: list[tuple[int, int]]):
    with TemporaryDirectory() as directory:
        database = Database(Path(directory) / "phone.sqlite")
        check_highest(database, commits)
        database.close()


def check_highest(database: Database, commits: list[tuple[int, int]]) -> None:
    store = VoucherStore(database, HERE)
    highest: dict[int, int] = {}
    for epoch, cumulative in commits:
        with suppress(VoucherTooLow):
            store.commit(signed(cumulative, epoch))
        highest[epoch] = max(highest.get(epoch, 0), cumulative)
        held = store.highest(CLIENT, PROVIDER, epoch)
        assert held == signed(highest[epoch], epoch)
