"""A phone that was replaced: the same account from its twelve words, and an empty disk."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kallnet.account import Account
from kallnet.messages import Voucher
from kallnet.transfers import EPOCH
from kallnet.typed import digest, escrow_domain
from kallphone.phone.commands import SignVoucher
from kallphone.phone.events import CallId, VoucherAccepted
from kallphone.storage.journal import CallJournal
from kallphone.storage.key import KeyFile
from kallphone.storage.receipts import Receipts
from tests.payments.conftest import TARGET, Desk, Phone
from tests.payments.fake_provider import PRICE

CALL = CallId(1)


def key_in(directory: Path) -> KeyFile:
    return KeyFile(directory / "account.key", directory / "device.secret")


@pytest.fixture
def words(desk: Desk) -> tuple[str, ...]:
    key = key_in(desk.directory / "old")
    desk.account = key.create()
    desk.ledger.balances[desk.account.address] = TARGET
    return key.words()


@pytest.fixture
def restored(desk: Desk, words: tuple[str, ...], tmp_path: Path) -> Desk:
    directory = tmp_path / "new"
    account = key_in(directory).restore(words)
    return Desk(directory, desk.ledger, desk.provider, account)


def pay(phone: Phone, provider: bytes, epoch: int, *sums: int) -> None:
    for cumulative in sums:
        phone.worker.sign_voucher(SignVoucher(CALL, provider, epoch, cumulative))
        assert phone.posted.wait_for(VoucherAccepted).cumulative == cumulative


def test_number_channel_and_highest_voucher_come_back(desk: Desk, restored: Desk):
    provider = desk.provider.account.address
    first = desk.phone()
    number = first.opened().number
    pay(first, provider, 0, PRICE, 2 * PRICE, 3 * PRICE)
    first.stop()

    line = restored.phone().opened()
    assert (line.number, line.account) == (number, desk.account.address)
    assert (line.credit.deposited, line.credit.signed) == (TARGET, 3 * PRICE)
    pay(restored.phones[-1], provider, 0, 4 * PRICE)
    assert desk.provider.held(desk.account.address) == 4 * PRICE
    restored.stop()
    again = restored.phone()
    assert again.opened().credit.signed == 4 * PRICE
    restored.stop()


@pytest.mark.parametrize("cheat", ["another's signature", "a higher sum", "an old epoch", "no signature"])
def test_a_sum_that_the_account_did_not_sign_is_not_taken_over(desk: Desk, restored: Desk, cheat: str):
    own, provider = desk.account.address, desk.provider.account.address
    first = desk.phone()
    first.opened()
    pay(first, provider, 0, PRICE)
    first.stop()
    domain = escrow_domain(desk.ledger.deployment)
    true = desk.provider.voucher_signatures[own, 0]
    desk.provider.vouchers[own, 0] = 50 * PRICE
    desk.provider.voucher_signatures[own, 0] = {
        "another's signature": Account.generate().sign(digest(domain, Voucher(own, provider, 0, 50 * PRICE))),
        "a higher sum": true,
        "an old epoch": desk.account.sign(digest(domain, Voucher(own, provider, 1, 50 * PRICE))),
        "no signature": b"",
    }[cheat]
    assert restored.phone().opened().credit.signed == 0
    restored.stop()


def test_transfers_go_on_from_the_sum_that_the_provider_holds(desk: Desk, restored: Desk):
    desk.provider.rail = "transfers"
    desk.ledger.now = int(time.time())
    provider = desk.provider.account.address
    first = desk.phone()
    first.opened()
    pay(first, provider, EPOCH, PRICE, 2 * PRICE)
    first.stop()
    desk.provider.mine()

    line = restored.phone().opened()
    assert (line.credit.signed, line.credit.available) == (2 * PRICE, TARGET - 2 * PRICE)
    pay(restored.phones[-1], provider, EPOCH, 3 * PRICE)
    desk.provider.mine()
    assert desk.provider.earned == 3 * PRICE
    assert desk.ledger.balances[desk.account.address] == TARGET - 3 * PRICE
    restored.stop()


def test_what_one_call_cost_is_not_what_was_paid_before(desk: Desk, restored: Desk):
    """The sum that came back is no part of the first call's receipt."""
    provider = desk.provider.account.address
    first = desk.phone()
    first.opened()
    pay(first, provider, 0, 3 * PRICE)
    first.stop()
    phone = restored.phone()
    phone.opened()
    CallJournal(phone.database).call_started(CALL, outgoing=True, number="6677335183")
    pay(phone, provider, 0, 4 * PRICE)
    assert Receipts(phone.database).spent_since(0) == PRICE
    restored.stop()
