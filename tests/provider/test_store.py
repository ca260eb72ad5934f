from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from kallnet.messages import Voucher
from kallprovider.errors import ConfigError
from kallprovider.exposure import Tab
from kallprovider.store import Store, StoredCall
from tests.provider.fakes import ALICE, BOB, PROVIDER, funded

SIGNATURE = b"s" * 65


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "provider.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(path, PROVIDER.address)
    yield store
    store.close()


def voucher(cumulative: int, epoch: int = 0) -> Voucher:
    return Voucher(ALICE.address, PROVIDER.address, epoch, cumulative)


def test_the_disk_is_waited_for(store: Store) -> None:
    assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_vouchers_never_fall(store: Store) -> None:
    assert store.accept_voucher(voucher(20), SIGNATURE, 1.0)
    assert not store.accept_voucher(voucher(19), b"x" * 65, 2.0)
    assert not store.accept_voucher(voucher(20), b"x" * 65, 2.0)
    held = store.voucher(ALICE.address, 0)
    assert held is not None
    assert (held.voucher.cumulative, held.signature, held.received) == (20, SIGNATURE, 1.0)


def test_another_program_sees_a_voucher_as_soon_as_it_is_accepted(store: Store, path: Path) -> None:
    store.accept_voucher(voucher(20), SIGNATURE, 1.0)
    other = sqlite3.connect(path)
    assert other.execute("SELECT cumulative FROM vouchers").fetchall() == [(20,)]
    other.close()


def test_all_of_a_transaction_or_nothing(store: Store) -> None:
    def half() -> None:
        with store.transaction():
            store.accept_voucher(voucher(20), SIGNATURE, 1.0)
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        half()
    assert store.voucher(ALICE.address, 0) is None


def test_a_tab_is_put_together_in_the_epoch_of_its_channel(store: Store) -> None:
    assert store.tab(ALICE.address) == Tab(0, 0)
    store.put_channel(ALICE.address, funded(500))
    store.save_tab(ALICE.address, Tab(0, 500, owed=40, written_off=10))
    store.accept_voucher(voucher(20), SIGNATURE, 1.0)
    assert store.tab(ALICE.address) == Tab(0, 500, owed=40, written_off=10, voucher=20)
    store.put_channel(ALICE.address, funded(70, epoch=1))
    assert store.tab(ALICE.address) == Tab(1, 70)
    store.put_channel(ALICE.address, funded(500))
    assert store.tab(ALICE.address).voucher == 20


def test_only_what_a_claim_would_pay_is_unclaimed(store: Store) -> None:
    store.accept_voucher(voucher(20), SIGNATURE, 1.0)
    assert store.unclaimed() == []
    store.put_channel(ALICE.address, funded(500))
    ((held, channel),) = store.unclaimed()
    assert (held.voucher, channel) == (voucher(20), funded(500))
    store.put_channel(ALICE.address, funded(500, claimed=20))
    assert store.unclaimed() == []
    store.put_channel(ALICE.address, funded(500, epoch=1))
    assert store.unclaimed() == []


def test_write_offs_age_and_are_taken_back(store: Store) -> None:
    store.add_write_off(ALICE.address, 30, at=100.0)
    store.add_write_off(ALICE.address, 20, at=200.0)
    store.add_write_off(ALICE.address, -5, at=201.0)
    store.add_write_off(BOB.address, 99, at=200.0)
    assert store.written_off_since(ALICE.address, 150.0) == 15
    assert store.written_off_since(ALICE.address, 0.0) == 45


def test_everything_outlives_the_process(store: Store, path: Path) -> None:
    call = StoredCall("c|1", ALICE.address, BOB.address, 7, 3, 1_800_000_000.5, 4)
    store.put_call(call)
    store.put_agreement(ALICE.address, 2_000_000_000)
    store.set_chain_position(7, b"h" * 32)
    store.close()
    again = Store(path, PROVIDER.address)
    assert again.calls() == [call]
    assert again.agreement_expiry(ALICE.address) == 2_000_000_000
    assert again.agreement_expiry(BOB.address) == 0
    assert again.chain_position() == (7, b"h" * 32)
    again.delete_call("c|1")
    assert again.calls() == []
    again.close()


def test_a_newer_schema_is_refused(store: Store, path: Path) -> None:
    store._db.execute("PRAGMA user_version = 99")
    with pytest.raises(ConfigError, match="schema 99"):
        Store(path, PROVIDER.address)
