"""The phone's half of the rail against the provider's: no loss on either side shuts the other out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kallnet.messages import TransferWithAuthorization
from kallphone.payments.answers import TransferReport
from kallphone.payments.errors import ProviderRefused
from kallphone.payments.signatures import Signatures
from kallphone.payments.transfers import Transfers
from kallphone.storage.database import Database
from kallphone.storage.transfers import SignedTransfer, TransferStore
from kallprovider.errors import Conflict, ProviderError, TransactionFailed
from tests.provider.cashier import Cashier
from tests.provider.fakes import ALICE, DEPLOYMENT, PRICE, PROVIDER

DAY = 86_400


class Both:
    """A phone and a provider, each with a disk to lose."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.cashier = Cashier(folder / "provider.sqlite")
        self.skips: list[bool] = []
        self.new_phone("phone")

    def new_phone(self, name: str) -> None:
        database = Database(self._folder / f"{name}.sqlite")
        store = TransferStore(database, DEPLOYMENT, ALICE.address)
        signatures = Signatures(ALICE, DEPLOYMENT)
        self.phone = Transfers(ALICE.address, store, signatures, self.cashier.clock.unix)

    def new_provider(self) -> None:
        self.cashier.store.close()
        self.cashier.path = self._folder / "another.sqlite"
        self.cashier.open()

    def transfer(self, signed: SignedTransfer, *, skip: bool = False) -> TransferReport:
        """POST /v1/transfers."""
        self.skips.append(skip)
        desk, message = self.cashier.desk, signed.message
        try:
            channel = asyncio.run(desk.accept(message, signed.cumulative, signed.signature, skip=skip))
        except ProviderError as error:
            told = error.details.get("cumulative")
            held = told if isinstance(told, int) else None
            raise ProviderRefused(error.status, error.words, held) from None
        return TransferReport(self.held, channel.claimed)

    def session(self) -> None:
        channel = asyncio.run(self.cashier.balances.current(ALICE.address))
        self.phone.heard(PROVIDER.address, TransferReport(self.held, channel.claimed))

    def pay(self, periods: int = 1) -> None:
        for _ in range(periods):
            signed = self.phone.sign(PROVIDER.address, self.phone.signed(PROVIDER.address) + PRICE)
            self.phone.hand_over(self, signed)  # type: ignore[arg-type]

    @property
    def held(self) -> int:
        return self.cashier.books.tab(ALICE.address).voucher


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


def test_a_provider_that_lost_its_database_is_paid_on(both: Both) -> None:
    both.session()
    both.pay(3)
    both.cashier.collect()
    both.cashier.advance(2 * DAY)
    both.session()
    both.pay()
    both.cashier.collect()
    both.cashier.advance(2 * DAY)
    both.session()  # the phone has forgotten all but the last by now
    both.new_provider()
    both.session()
    both.pay(2)
    both.cashier.collect()
    # The last of before is delivered again and is on the chain already; nothing is paid twice.
    assert both.cashier.earned == 6 * PRICE
    assert both.skips.count(True) == 1


def test_a_phone_that_lost_its_disk_pays_on_when_the_provider_lost_its_transfers(both: Both) -> None:
    both.session()
    both.pay(2)
    both.new_phone("another")
    both.session()  # goes on from what the provider holds
    chain = both.cashier.chain

    def out_of_gas(_: bytes) -> None:
        raise TransactionFailed("no gas")

    chain.on_transact = out_of_gas
    for _ in range(3):
        both.cashier.advance(1300)
        both.cashier.collect()
    assert both.held == 0
    chain.on_transact = chain.execute
    both.session()
    both.pay(2)
    both.cashier.collect()
    assert both.cashier.earned == 2 * PRICE


def test_what_was_skipped_is_neither_paid_nor_owed(both: Both) -> None:
    both.cashier.pay()
    both.cashier.collect()
    before = both.cashier.books.tab(ALICE.address)
    message, signature = both.cashier.signed(50 * PRICE, 51 * PRICE)
    asyncio.run(both.cashier.desk.accept(message, 51 * PRICE, signature, skip=True))
    after = both.cashier.books.tab(ALICE.address)
    assert after.unpaid == before.unpaid - PRICE
    assert after.payable == before.payable
    both.cashier.crash()
    assert both.cashier.books.tab(ALICE.address) == after
    both.cashier.collect()
    assert both.cashier.earned == 2 * PRICE


def test_nothing_is_skipped_while_a_transfer_is_open(both: Both) -> None:
    both.cashier.pay()
    message, signature = both.cashier.signed(50 * PRICE, 51 * PRICE)
    with pytest.raises(Conflict):
        asyncio.run(both.cashier.desk.accept(message, 51 * PRICE, signature, skip=True))
    assert both.held == PRICE


@pytest.mark.parametrize("cumulative", [PRICE, 2**62])
def test_no_skip_goes_back_or_out_of_bounds(both: Both, cumulative: int) -> None:
    both.cashier.pay(2)
    both.cashier.collect()
    message, signature = both.cashier.signed(cumulative - PRICE, cumulative)
    if cumulative == PRICE:
        asyncio.run(both.cashier.desk.accept(message, cumulative, signature, skip=True))
    else:
        with pytest.raises(Conflict):
            asyncio.run(both.cashier.desk.accept(message, cumulative, signature, skip=True))
    assert both.held == 2 * PRICE


def test_the_phone_never_skips_what_it_can_deliver(both: Both) -> None:
    both.session()
    for period in (1, 2, 3):
        last = both.phone.sign(PROVIDER.address, period * PRICE)
    both.phone.hand_over(both, last)  # type: ignore[arg-type]
    assert both.held == 3 * PRICE
    assert both.skips == [False] * 3
    assert isinstance(last.message, TransferWithAuthorization)
