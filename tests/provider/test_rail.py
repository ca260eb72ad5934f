from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kallnet.messages import Voucher
from kallnet.transfers import EPOCH, transfer_of
from kallprovider.errors import ConfigError
from kallprovider.held_transfers import HeldTransfer
from kallprovider.publication import service_entry
from kallprovider.rail import least_share, require_paid_in
from kallprovider.store import Store
from tests.provider.fakes import ALICE, BOB, PROVIDER, config, funded


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "provider.sqlite", PROVIDER.address)
    yield store
    store.close()


@pytest.mark.parametrize(("share", "least"), [(100, 10), (0, 10), (75, 2), (50, 5)])
def test_the_smaller_share_that_is_paid_is_the_least(tmp_path: Path, share: int, least: int) -> None:
    assert least_share(config(tmp_path, inviter_share=share).terms) == least


def test_a_call_for_nothing_has_no_least(tmp_path: Path) -> None:
    assert least_share(replace(config(tmp_path).terms, price=0)) == 0


def test_vouchers_are_claimed_before_the_rail_changes(store: Store) -> None:
    store.put_channel(ALICE.address, funded(100))
    store.accept_voucher(Voucher(ALICE.address, PROVIDER.address, 0, 10), b"s" * 65, 1.0)
    require_paid_in(store, "escrow")
    with pytest.raises(ConfigError, match="not claimed"):
        require_paid_in(store, "transfers")
    store.put_channel(ALICE.address, funded(100, claimed=10))
    require_paid_in(store, "transfers")
    assert store.channel(ALICE.address) is None


def test_transfers_are_mined_before_the_rail_changes(store: Store) -> None:
    store.put_channel(ALICE.address, funded(100, epoch=EPOCH))
    store.put_channel(BOB.address, funded(100))
    transfer = HeldTransfer(transfer_of(ALICE.address, PROVIDER.address, 0, 10, 9), 10, b"s" * 65)
    store.transfers.add(transfer)
    with pytest.raises(ConfigError, match="not mined"):
        require_paid_in(store, "escrow")
    store.transfers.set_block(transfer, 7)
    store.transfers.bury(transfer)
    require_paid_in(store, "escrow")
    assert store.clients() == [BOB.address]


def test_the_rail_is_on_the_ledger(tmp_path: Path) -> None:
    for rail in ("escrow", "transfers"):
        terms = replace(config(tmp_path).terms, rail=rail)
        assert service_entry(replace(config(tmp_path), terms=terms), PROVIDER).details["rail"] == rail


def test_a_store_of_before_there_were_rails_is_brought_up_to_date(store: Store, tmp_path: Path) -> None:
    store.put_agreement(ALICE.address, 5)
    for table in ("transfers", "mail"):
        store._db.execute(f"DROP TABLE {table}")
    store._db.execute("PRAGMA user_version = 1")
    again = Store(tmp_path / "provider.sqlite", PROVIDER.address)
    assert again.agreement_expiry(ALICE.address) == 5
    assert again.transfers.promised(ALICE.address) == 0
    again.close()
