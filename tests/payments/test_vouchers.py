from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kallnet.messages import Voucher
from kallphone.payments.courier import LAST_ATTEMPTS
from kallphone.phone.commands import EndPayment, SignVoucher
from kallphone.phone.events import CallId, VoucherAccepted, VoucherRefused
from kallphone.storage import database
from kallphone.storage.vouchers import SignedVoucher, VoucherStore
from tests.payments.conftest import TARGET, Desk, Phone, until
from tests.payments.fake_provider import PRICE, Fault

CALL = CallId(1)


@pytest.fixture
def phone(desk: Desk) -> Phone:
    desk.ledger.balances[desk.account.address] = TARGET
    phone = desk.phone()
    phone.opened()
    return phone


def pay(desk: Desk, phone: Phone, cumulative: int, epoch: int = 0) -> None:
    command = SignVoucher(CALL, desk.provider.account.address, epoch, cumulative)
    phone.worker.sign_voucher(command)


def stored(desk: Desk, phone: Phone) -> int:
    store = VoucherStore(phone.database, desk.ledger.deployment)
    highest = store.highest(desk.account.address, desk.provider.account.address, 0)
    return highest.voucher.cumulative if highest else 0


def test_each_period_is_signed_committed_and_accepted(desk: Desk, phone: Phone):
    for period in range(1, 4):
        pay(desk, phone, period * PRICE)
        assert phone.posted.wait_for(VoucherAccepted) == VoucherAccepted(CALL, period * PRICE)
        assert stored(desk, phone) == period * PRICE
    assert desk.provider.held(desk.account.address) == 3 * PRICE


def test_nothing_leaves_that_is_not_on_disk(desk: Desk, phone: Phone):
    desk.provider.open_gate.clear()
    pay(desk, phone, PRICE)
    until(lambda: "vouchers" in desk.provider.asked)
    assert stored(desk, phone) == PRICE
    assert desk.provider.held(desk.account.address) == 0
    desk.provider.open_gate.set()


def test_a_provider_that_hangs_does_not_hold_up_the_next_commit(desk: Desk, phone: Phone):
    desk.provider.open_gate.clear()
    pay(desk, phone, PRICE)
    until(lambda: "vouchers" in desk.provider.asked)
    pay(desk, phone, 2 * PRICE)
    pay(desk, phone, 3 * PRICE)
    until(lambda: stored(desk, phone) == 3 * PRICE)
    desk.provider.open_gate.set()
    until(lambda: desk.provider.held(desk.account.address) == 3 * PRICE)
    accepted = [event.cumulative for event in phone.posted.of(VoucherAccepted)]
    assert 2 * PRICE not in accepted, "the latest sum replaces those that wait"


@pytest.mark.parametrize("fault", [Fault("drop"), Fault("lose"), Fault("status", 503), Fault("status", 429)])
def test_a_passing_trouble_is_tried_again(desk: Desk, phone: Phone, fault: Fault):
    desk.provider.fail("vouchers", fault)
    pay(desk, phone, PRICE)
    assert phone.posted.wait_for(VoucherAccepted, VoucherRefused) == VoucherAccepted(CALL, PRICE)
    assert desk.provider.asked.count("vouchers") == 2


def test_a_refusal_is_told_in_the_providers_words(desk: Desk, phone: Phone):
    desk.provider.vouchers[desk.account.address, 0] = 50_000
    pay(desk, phone, PRICE)
    refused = phone.posted.wait_for(VoucherRefused)
    assert refused == VoucherRefused(CALL, PRICE, "lower than the voucher held")


def test_nothing_above_the_deposit_or_of_another_epoch_is_signed(desk: Desk, phone: Phone):
    for cumulative, epoch in ((TARGET + 1, 0), (PRICE, 1)):
        pay(desk, phone, cumulative, epoch)
        assert phone.posted.wait_for(VoucherRefused).cumulative == cumulative
    assert stored(desk, phone) == 0
    assert "vouchers" not in desk.provider.asked


def test_a_lower_sum_than_signed_before_is_refused_here(desk: Desk, phone: Phone):
    pay(desk, phone, 2 * PRICE)
    phone.posted.wait_for(VoucherAccepted)
    pay(desk, phone, PRICE)
    assert phone.posted.wait_for(VoucherRefused).cumulative == PRICE
    assert stored(desk, phone) == 2 * PRICE


def test_a_disk_that_fails_refuses_the_voucher_and_nothing_leaves(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.ledger.balances[desk.account.address] = TARGET
    real = database.open_file
    broken = False

    def disk(path: Path) -> sqlite3.Connection:
        connection = real(path)
        connection.execute(f"PRAGMA query_only = {int(broken)}")
        return connection

    monkeypatch.setattr(database.Database.__init__, "__defaults__", (disk, database.MIGRATIONS))
    phone = desk.phone()
    phone.opened()
    broken = True
    pay(desk, phone, PRICE)
    assert "memory card" in phone.posted.wait_for(VoucherRefused).words
    assert "vouchers" not in desk.provider.asked


def test_the_last_voucher_is_still_delivered_after_the_call(desk: Desk, phone: Phone):
    desk.provider.fail("vouchers", Fault("drop"), Fault("drop"))
    pay(desk, phone, PRICE)
    phone.worker.end_payment(EndPayment(CALL, desk.provider.account.address, 1, PRICE))
    until(lambda: desk.provider.held(desk.account.address) == PRICE)


def test_after_the_call_the_tries_are_counted(desk: Desk, phone: Phone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(phone.worker._courier, "_first_pause", 0.001)
    desk.provider.fail("vouchers", *[Fault("drop")] * 100)
    phone.worker.end_payment(EndPayment(CALL, desk.provider.account.address, 0, 0))
    highest = SignedVoucher(Voucher(desk.account.address, desk.provider.account.address, 0, 5), b"s" * 65)
    phone.worker._courier.deliver(highest, None)
    until(lambda: not phone.worker._courier._errands)
    assert desk.provider.asked.count("vouchers") == LAST_ATTEMPTS


def test_a_cheating_phone_signs_on_but_stops_to_deliver(desk: Desk):
    desk.ledger.balances[desk.account.address] = TARGET
    phone = desk.phone(stop_vouchers_after=2)
    phone.opened()
    for period in range(1, 5):
        pay(desk, phone, period * PRICE)
        until(lambda period=period: stored(desk, phone) == period * PRICE)  # type: ignore[misc]
        if period <= 2:
            phone.posted.wait_for(VoucherAccepted)
    until(lambda: not phone.worker._courier._errands)
    assert desk.provider.held(desk.account.address) == 2 * PRICE
    assert desk.provider.asked.count("vouchers") == 2
    assert phone.posted.of(VoucherRefused) == []
