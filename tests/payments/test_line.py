from __future__ import annotations

from dataclasses import replace

import pytest

from kallnet.account import Account, Address, address_to_hex
from kallnet.entries import decode_client
from kallnet.ledger import Channel
from kallnet.messages import Voucher
from kallnet.number import number_for
from kallphone.phone.commands import SignVoucher
from kallphone.phone.events import (
    CallId,
    Credit,
    CreditChanged,
    LineFailed,
    LineProgressed,
    VoucherAccepted,
)
from kallphone.storage.vouchers import SignedVoucher, VoucherStore
from tests.payments.conftest import TARGET, Desk, Phone, until
from tests.payments.fake_provider import PASSWORD, PRICE, Fault


def failure(phone: Phone) -> str:
    event = phone.open_line()
    assert isinstance(event, LineFailed), event
    return event.words


def test_a_line_opens_from_nothing_without_money(desk: Desk):
    phone = desk.phone()
    event = phone.opened()
    account, provider = desk.account.address, desk.provider.account.address
    assert event.account == account
    assert event.number == str(number_for(account, 0))
    assert event.credit == Credit(provider, 0, 0, 0)
    assert (event.balance, event.incoming_price) == (0, PRICE // 4)
    assert [ref.provider for ref in decode_client(desk.ledger.entries[account]).providers] == [provider]
    words = [progress.words for progress in phone.posted.of(LineProgressed)]
    assert words == [
        "Calling your provider",
        "Making an agreement with your provider",
        "Putting your number on the ledger",
        "Waiting for the ledger",
        "Signing in",
    ]


def test_credentials_come_with_the_line_and_stay_in_memory(desk: Desk):
    phone = desk.phone()
    assert phone.worker.credentials() is None
    phone.opened()
    credentials = phone.worker.credentials()
    assert credentials is not None
    assert credentials.account == desk.account.address
    assert credentials.password == PASSWORD
    assert credentials.username.endswith(address_to_hex(desk.account.address).lower())
    assert credentials.turn == ("turn:127.0.0.1:3478",)
    phone.stop()
    content = b"".join(file.read_bytes() for file in desk.directory.iterdir())
    assert PASSWORD.encode() not in content


def test_coins_go_on_deposit_up_to_the_target(desk: Desk):
    desk.ledger.balances[desk.account.address] = TARGET + 7
    event = desk.phone().opened()
    assert event.credit == Credit(desk.provider.account.address, 0, TARGET, 0)
    assert event.balance == 7


def test_fewer_coins_than_the_target_all_go_on_deposit(desk: Desk):
    desk.ledger.balances[desk.account.address] = 5000
    event = desk.phone().opened()
    assert (event.credit.deposited, event.balance) == (5000, 0)


def test_an_open_line_opens_again_without_a_second_registration(desk: Desk):
    desk.ledger.balances[desk.account.address] = 2 * TARGET
    phone = desk.phone()
    first = phone.opened()
    assert phone.opened().number == first.number
    assert desk.provider.asked.count("relay") == 2
    assert desk.ledger.heads[desk.account.address].nonce == 1


def test_the_next_salt_is_taken_where_a_number_is_in_use(desk: Desk):
    own = desk.account.address
    desk.ledger.holders[number_for(own, 0)] = Address(b"x" * 20)
    assert desk.phone().opened().number == str(number_for(own, 1))


def test_a_lapsed_number_that_the_contract_keeps_costs_one_more_try(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    own = desk.account.address
    taken = number_for(own, 0)
    desk.ledger.holders[taken] = Address(b"x" * 20)
    real = desk.ledger.resolve
    monkeypatch.setattr(desk.ledger, "resolve", lambda number: None if number == taken else real(number))
    assert desk.phone().opened().number == str(number_for(own, 1))
    assert desk.provider.asked.count("relay") == 2


def test_an_account_whose_numbers_are_all_taken_is_told(desk: Desk):
    own = desk.account.address
    for salt in range(16):
        desk.ledger.holders[number_for(own, salt)] = Address(b"x" * 20)
    assert "No number is free" in failure(desk.phone())


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 1},
        {"registry": "0x" + "99" * 20},
        {"escrow": "0x" + "99" * 20},
        {"coin": "0x" + "99" * 20},
        {"period": 60},
        {"api_version": 2},
    ],
)
def test_a_provider_of_another_network_is_refused_before_anything_is_signed(
    desk: Desk, change: dict[str, object]
):
    desk.provider.terms_changes = change
    assert "another ledger" in failure(desk.phone())
    assert set(desk.provider.asked) == {"terms"}


def test_the_first_time_needs_the_ledger(desk: Desk):
    desk.ledger.away = True
    assert failure(desk.phone()) == "The ledger does not answer"


def test_a_line_that_was_open_before_opens_while_the_ledger_is_away(desk: Desk):
    desk.ledger.balances[desk.account.address] = TARGET
    first = desk.phone().opened()
    desk.phones[-1].stop()
    desk.ledger.away = True
    again = desk.phone().opened()
    assert (again.number, again.credit) == (first.number, first.credit)


def test_a_warm_line_opens_before_it_asks_the_ledger(desk: Desk):
    desk.phone().opened()
    desk.phones[-1].stop()
    desk.ledger.balances[desk.account.address] = 3000
    desk.ledger.gate.clear()
    phone = desk.phone()
    assert phone.opened().credit.deposited == 0
    desk.ledger.gate.set()
    change = phone.posted.wait_for(CreditChanged)
    assert (change.balance, change.credit.deposited) == (0, 3000)


def test_an_agreement_that_runs_out_is_renewed_and_the_number_stays(desk: Desk):
    first = desk.phone().opened()
    desk.phones[-1].stop()
    desk.ledger.now += 360 * 86_400
    phone = desk.phone()
    assert phone.opened().number == first.number
    until(lambda: desk.ledger.heads[desk.account.address].nonce == 2)
    assert desk.ledger.heads[desk.account.address].number == int(first.number)


def test_an_entry_that_runs_out_is_renewed_though_its_agreement_holds(desk: Desk):
    own = desk.account.address
    desk.phone().opened()
    desk.phones[-1].stop()
    desk.ledger.heads[own] = replace(desk.ledger.heads[own], expiry=desk.ledger.now + 86_400)
    desk.phone().opened()
    until(lambda: desk.ledger.heads[own].nonce == 2)
    assert desk.ledger.heads[own].expiry > desk.ledger.now + 300 * 86_400


def test_a_provider_with_a_new_account_is_named_in_the_entry(desk: Desk):
    first = desk.phone().opened()
    desk.phones[-1].stop()
    desk.provider.account = Account.generate()
    again = desk.phone().opened()
    entry = decode_client(desk.ledger.entries[desk.account.address])
    assert [ref.provider for ref in entry.providers] == [desk.provider.account.address]
    assert (again.number, again.credit.provider) == (first.number, desk.provider.account.address)


def test_a_ledger_that_forgot_the_account_gets_it_again(desk: Desk):
    desk.phone().opened()
    desk.phones[-1].stop()
    for forgotten in (desk.ledger.heads, desk.ledger.entries, desk.ledger.holders, desk.provider.agreed):
        forgotten.clear()
    desk.phone().opened()
    assert desk.ledger.heads[desk.account.address].nonce == 1


def test_a_refused_deposit_does_not_keep_the_line_shut(desk: Desk):
    desk.ledger.balances[desk.account.address] = TARGET
    desk.provider.fail("relay", Fault("pass"), Fault("status", 429))
    event = desk.phone().opened()
    assert (event.credit.deposited, event.balance) == (0, TARGET)


def test_no_deposit_goes_into_a_channel_that_is_being_left(desk: Desk):
    own = desk.account.address
    desk.ledger.balances[own] = TARGET
    desk.ledger.channels[own, desk.provider.account.address] = Channel(10, 0, desk.ledger.now + 5, 0)
    assert desk.phone().opened().balance == TARGET


@pytest.mark.parametrize("kind", ["drop", "lose"])
@pytest.mark.parametrize("step", range(9))
def test_opening_goes_on_where_a_broken_connection_cut_it_off(desk: Desk, kind: str, step: int):
    """Steps: terms, challenge, agreement, register, deposit, challenge, session; two come too late."""
    own, provider = desk.account.address, desk.provider.account.address
    desk.ledger.balances[own] = TARGET
    desk.provider.plan = [None] * step + [Fault(kind)]
    desk.phone().open_line()
    desk.phones[-1].stop()
    desk.provider.plan = []
    phone = desk.phone()
    assert phone.opened().number == str(number_for(own, 0))
    if desk.ledger.channels.get((own, provider)) is None:
        phone.posted.wait_for(CreditChanged)
    assert desk.ledger.heads[own].nonce == 1
    assert desk.ledger.channels[own, provider].deposited == TARGET


def test_a_voucher_cut_off_by_a_crash_is_delivered_when_the_line_opens_again(desk: Desk):
    own, provider = desk.account.address, desk.provider.account.address
    desk.ledger.balances[own] = TARGET
    phone = desk.phone()
    phone.opened()
    desk.provider.fail("vouchers", *[Fault("drop")] * 50)
    phone.worker.sign_voucher(SignVoucher(CallId(1), provider, 0, PRICE))
    until(lambda: "vouchers" in desk.provider.asked)
    phone.stop()
    assert desk.provider.held(own) == 0
    desk.provider.faults.clear()
    again = desk.phone()
    assert again.opened().credit.signed == PRICE
    until(lambda: desk.provider.held(own) == PRICE)
    again.worker.sign_voucher(SignVoucher(CallId(1), provider, 0, 2 * PRICE))
    assert again.posted.wait_for(VoucherAccepted).cumulative == 2 * PRICE


def test_what_the_provider_claims_to_hold_is_not_believed(desk: Desk):
    own, provider = desk.account.address, desk.provider.account.address
    desk.ledger.balances[own] = TARGET
    phone = desk.phone()
    phone.opened()
    desk.provider.vouchers[own, 0] = 50_000
    assert phone.opened().credit.signed == 0
    assert any("forgotten" in progress.words for progress in phone.posted.of(LineProgressed))
    desk.ledger.channels[own, provider] = Channel(TARGET, 50_000, 0, 0)
    phone.worker.refresh_credit()
    while (change := phone.posted.wait_for(CreditChanged)).credit.signed != 50_000:
        assert change.credit.signed == 0


def test_a_new_epoch_starts_from_zero(desk: Desk):
    own, provider = desk.account.address, desk.provider.account.address
    phone = desk.phone()
    signature = b"s" * 65
    store = VoucherStore(phone.database, desk.ledger.deployment)
    store.commit(SignedVoucher(Voucher(own, provider, 0, 900), signature))
    desk.ledger.channels[own, provider] = Channel(TARGET, 0, 0, 1)
    assert phone.opened().credit == Credit(provider, 1, TARGET, 0)
