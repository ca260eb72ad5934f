from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kallnet.account import Account
from kallnet.messages import Voucher
from kallnet.typed import digest, escrow_domain
from kallprovider.books import Books
from kallprovider.channels import Channels
from kallprovider.errors import BadRequest, Conflict, PaymentNeeded, Refused, Unauthorized
from kallprovider.meter import Meter
from kallprovider.store import Store
from kallprovider.vouchers import VoucherDesk
from tests.provider.fakes import ALICE, BOB, DEPLOYMENT, PROVIDER, FakeChain, FakeClock, funded

ESCROW = escrow_domain(DEPLOYMENT)


class Till:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.chain = FakeChain()
        self.store = Store(path, PROVIDER.address)
        books = Books(self.store, Meter(20), self.clock)
        channels = Channels(self.chain, books, confirmations=0)
        self.desk = VoucherDesk(PROVIDER.address, ESCROW, books, channels, self.clock)

    def post(
        self, cumulative: int, epoch: int = 0, signer: Account = ALICE, provider: Account = PROVIDER
    ) -> int:
        voucher = Voucher(ALICE.address, provider.address, epoch, cumulative)
        return asyncio.run(self.desk.accept(voucher, signer.sign(digest(ESCROW, voucher))))

    def held(self) -> int:
        held = self.store.voucher(ALICE.address, 0)
        return held.voucher.cumulative if held else 0


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    till = Till(tmp_path / "provider.sqlite")
    till.chain.mine(ALICE.address, funded(100))
    yield till
    till.store.close()


def test_a_voucher_is_on_disk_when_it_is_answered(till: Till) -> None:
    assert till.post(10) == 10
    other = Store(till.path, PROVIDER.address)
    held = other.voucher(ALICE.address, 0)
    other.close()
    assert held is not None
    assert held.voucher.cumulative == 10


def test_the_same_voucher_again_is_no_mistake(till: Till) -> None:
    till.post(10)
    assert till.post(10) == 10


def test_a_lower_one_is_answered_with_the_highest(till: Till) -> None:
    till.post(20)
    with pytest.raises(Conflict) as caught:
        till.post(19)
    assert caught.value.details == {"cumulative": 20}


def test_above_the_deposit_is_refused_until_the_top_up_is_seen(till: Till) -> None:
    with pytest.raises(PaymentNeeded, match="top up") as caught:
        till.post(101)
    assert caught.value.details["deposited"] == 100
    till.chain.mine(ALICE.address, funded(200))
    with pytest.raises(PaymentNeeded):
        till.post(101)
    till.clock.advance(2)
    assert till.post(101) == 101


def test_the_chain_is_not_asked_while_the_deposit_suffices(till: Till) -> None:
    till.post(10)
    till.chain.is_up = False
    assert till.post(20) == 20
    with pytest.raises(PaymentNeeded):
        till.post(101)


def test_another_epoch_is_refused_until_the_chain_is_there(till: Till) -> None:
    till.post(10)
    with pytest.raises(Conflict, match="epoch 0"):
        till.post(10, epoch=1)
    till.chain.mine(ALICE.address, funded(50, epoch=1))
    till.clock.advance(2)
    assert till.post(10, epoch=1) == 10
    with pytest.raises(Conflict, match="epoch 1"):
        till.post(20, epoch=0)


def test_only_the_client_signs(till: Till) -> None:
    with pytest.raises(Unauthorized):
        till.post(10, signer=BOB)
    with pytest.raises(BadRequest):
        till.post(10, provider=BOB)
    assert till.held() == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(sums=st.lists(st.integers(0, 150), max_size=12))
def test_what_is_held_never_falls_nor_passes_the_deposit(till: Till, sums: list[int]) -> None:
    for cumulative in sums:
        before = till.held()
        try:
            till.post(cumulative)
        except Refused:
            assert till.held() == before
        assert before <= till.held() <= 100
