from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kallnet.account import Account
from kallnet.entries import PROXY, Cost, ServiceEntry
from kallnet.ledger import Channel
from kallnet.transfers import EPOCH, VALID_SECONDS, transfer_nonce
from kallphone.payments import transfers as rail
from kallphone.payments.answers import TransferReport
from kallphone.payments.signatures import Signatures
from kallphone.payments.transfers import Transfers
from kallphone.phone.commands import SignVoucher
from kallphone.phone.events import (
    TRANSFERS_EPOCH,
    CallId,
    Credit,
    CreditChanged,
    LineFailed,
    Route,
    SessionOpened,
    SessionRefused,
    VoucherAccepted,
    VoucherRefused,
)
from kallphone.storage.database import Database
from kallphone.storage.errors import VoucherTooLow
from kallphone.storage.transfers import TransferStore
from tests.payments.conftest import TARGET, Desk, Phone, until
from tests.payments.fake_provider import PRICE, FakeProvider, Fault

CALL = CallId(1)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A provider that is paid by transfers, and a phone with coins."""
    desk.provider.rail = "transfers"
    desk.ledger.now = int(time.time())
    desk.ledger.balances[desk.account.address] = TARGET
    return desk


@pytest.fixture
def phone(desk: Desk) -> Phone:
    phone = desk.phone()
    phone.opened()
    return phone


def pay(desk: Desk, phone: Phone, cumulative: int, epoch: int = EPOCH) -> None:
    phone.worker.sign_voucher(SignVoucher(CALL, desk.provider.account.address, epoch, cumulative))


def stored(desk: Desk, phone: Phone) -> list[int]:
    store = TransferStore(phone.database, desk.ledger.deployment, desk.account.address)
    return [one.cumulative for one in store.after(desk.provider.account.address, 0)]


def refreshed(phone: Phone) -> CreditChanged:
    phone.worker.refresh_credit()
    return phone.posted.wait_for(CreditChanged)


def look(phone: Phone) -> None:
    """A refresh, to its end: a later task of the same thread answers."""
    phone.worker.refresh_credit()
    phone.worker.open_session(CALL, Route(b"n" * 20, b"q" * 20, "sip:0x71@phone.example", PRICE))
    phone.posted.wait_for(SessionRefused)
    until(lambda: not phone.worker._courier._errands)


def values(provider: FakeProvider) -> list[int]:
    return [message.value for message, _, _ in provider.transfers]


def test_the_core_counts_the_same_epoch() -> None:
    assert TRANSFERS_EPOCH == EPOCH


def test_the_coins_are_the_credit_and_none_go_on_deposit(desk: Desk, phone: Phone):
    event = phone.opened()
    assert event.credit == Credit(desk.provider.account.address, EPOCH, TARGET, 0)
    assert event.balance == 0
    assert desk.provider.asked.count("relay") == 1, "the registration"
    desk.ledger.balances[desk.account.address] += 500
    assert refreshed(phone).credit.available == TARGET + 500


def test_each_period_is_one_transfer_of_its_price(desk: Desk, phone: Phone):
    for period in range(1, 4):
        pay(desk, phone, period * PRICE)
        assert phone.posted.wait_for(VoucherAccepted) == VoucherAccepted(CALL, period * PRICE)
    assert values(desk.provider) == [PRICE] * 3
    assert stored(desk, phone) == [PRICE, 2 * PRICE, 3 * PRICE]
    desk.provider.mine()
    assert desk.provider.earned == 3 * PRICE
    assert desk.ledger.balances[desk.account.address] == TARGET - 3 * PRICE


def test_nothing_leaves_that_is_not_on_disk(desk: Desk, phone: Phone):
    desk.provider.open_gate.clear()
    pay(desk, phone, PRICE)
    until(lambda: "transfers" in desk.provider.asked)
    assert stored(desk, phone) == [PRICE]
    assert desk.provider.transfers == []
    desk.provider.open_gate.set()


def test_all_arrive_in_their_order_when_the_provider_was_away(desk: Desk, phone: Phone):
    desk.provider.fail("transfers", *[Fault("drop")] * 2)
    for period in range(1, 5):
        pay(desk, phone, period * PRICE)
    until(lambda: desk.provider.promised == 4 * PRICE)
    assert values(desk.provider) == [PRICE] * 4


@pytest.mark.parametrize("fault", [Fault("drop"), Fault("lose"), Fault("status", 503), Fault("status", 429)])
def test_a_passing_trouble_is_tried_again_and_counts_once(desk: Desk, phone: Phone, fault: Fault):
    desk.provider.fail("transfers", fault)
    pay(desk, phone, PRICE)
    assert phone.posted.wait_for(VoucherAccepted, VoucherRefused) == VoucherAccepted(CALL, PRICE)
    assert values(desk.provider) == [PRICE]


def test_a_crash_before_the_delivery_sends_the_very_same_transfer(desk: Desk, phone: Phone):
    desk.provider.fail("transfers", *[Fault("drop")] * 50)
    for period in (1, 2):
        pay(desk, phone, period * PRICE)
    until(lambda: stored(desk, phone) == [PRICE, 2 * PRICE])
    phone.stop()
    desk.provider.faults.clear()
    again = desk.phone()
    assert again.opened().credit.signed == 2 * PRICE
    until(lambda: desk.provider.promised == 2 * PRICE)
    pay(desk, again, 3 * PRICE)
    assert again.posted.wait_for(VoucherAccepted).cumulative == 3 * PRICE
    assert values(desk.provider) == [PRICE] * 3


def test_what_fell_back_at_the_provider_is_delivered_again_with_the_next(desk: Desk, phone: Phone):
    for period in (1, 2):
        pay(desk, phone, period * PRICE)
        phone.posted.wait_for(VoucherAccepted)
    desk.provider.lose()
    pay(desk, phone, 3 * PRICE)
    assert phone.posted.wait_for(VoucherAccepted, VoucherRefused) == VoucherAccepted(CALL, 3 * PRICE)
    assert values(desk.provider) == [PRICE] * 3


def test_an_old_transfer_leaves_with_a_new_end_and_its_old_nonce(
    desk: Desk, phone: Phone, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rail, "VALID_SECONDS", -100)
    desk.provider.fail("transfers", *[Fault("drop")] * 50)
    pay(desk, phone, PRICE)
    until(lambda: stored(desk, phone) == [PRICE])
    phone.stop()
    monkeypatch.undo()
    desk.provider.faults.clear()
    desk.phone().opened()
    until(lambda: desk.provider.promised == PRICE)
    ((message, _, _),) = desk.provider.transfers
    assert message.valid_before > time.time() + VALID_SECONDS - 60
    assert message.nonce == transfer_nonce(desk.account.address, desk.provider.account.address, PRICE)


def test_what_is_under_way_is_neither_lost_nor_counted_twice(desk: Desk, phone: Phone):
    pay(desk, phone, PRICE)
    phone.posted.wait_for(VoucherAccepted)
    look(phone)
    desk.provider.mine()
    for _ in range(5):
        look(phone)
    asked = desk.provider.asked.count("transfers")
    look(phone)
    assert phone.posted.of(CreditChanged) == []
    desk.ledger.balances[desk.account.address] += 7
    credit = refreshed(phone).credit
    assert credit == Credit(desk.provider.account.address, EPOCH, TARGET + 7, PRICE)
    assert desk.provider.asked.count("transfers") == asked, "nothing is asked once all is mined"


def test_nothing_above_the_coins_or_of_another_epoch_is_signed(desk: Desk, phone: Phone):
    for cumulative, epoch in ((TARGET + 1, EPOCH), (PRICE, 0)):
        pay(desk, phone, cumulative, epoch)
        assert phone.posted.wait_for(VoucherRefused).cumulative == cumulative
    assert stored(desk, phone) == []
    assert "transfers" not in desk.provider.asked


def test_a_phone_that_lost_its_disk_goes_on_from_what_the_provider_holds(desk: Desk, phone: Phone):
    pay(desk, phone, PRICE)
    phone.posted.wait_for(VoucherAccepted)
    phone.stop()
    for file in desk.directory.glob("phone.sqlite*"):
        file.unlink()
    again = desk.phone()
    assert again.opened().credit.signed == PRICE
    pay(desk, again, 2 * PRICE)
    assert again.posted.wait_for(VoucherAccepted).cumulative == 2 * PRICE
    assert values(desk.provider) == [PRICE] * 2


def test_what_is_mined_counts_for_a_phone_that_lost_its_disk(desk: Desk, phone: Phone):
    pay(desk, phone, PRICE)
    phone.posted.wait_for(VoucherAccepted)
    desk.provider.mine()
    phone.stop()
    for file in desk.directory.glob("phone.sqlite*"):
        file.unlink()
    credit = desk.phone().opened().credit
    assert (credit.signed, credit.available) == (PRICE, TARGET - PRICE)


def test_coins_that_are_promised_here_go_on_no_deposit_elsewhere(
    desk: Desk, phone: Phone, start_provider: Callable[[], FakeProvider]
):
    pay(desk, phone, PRICE)
    phone.posted.wait_for(VoucherAccepted)
    other = start_provider()
    desk.ledger.services[other.account.address] = ServiceEntry(
        other.account.public_key, (1,), PROXY, (Cost(PRICE, 1, 75),), details={"api": other.url}
    )
    route = Route(other.account.address, b"q" * 20, "sip:0x71@phone.example", PRICE)
    phone.worker.open_session(CALL, route)
    assert phone.posted.wait_for(SessionOpened).credit.deposited == TARGET - PRICE
    desk.provider.mine()
    assert desk.provider.earned == PRICE


def test_who_waits_for_an_answer_gets_it_though_a_delivery_was_under_way(desk: Desk, phone: Phone):
    desk.provider.fail("transfers", Fault("drop"))
    pay(desk, phone, PRICE)
    until(lambda: stored(desk, phone) == [PRICE])
    until(lambda: bool(phone.worker._courier._errands))
    store = TransferStore(phone.database, desk.ledger.deployment, desk.account.address)
    (signed,) = store.after(desk.provider.account.address, 0)
    phone.worker._courier.call_ended(CALL)
    phone.worker._courier.deliver(signed, CallId(3))
    assert phone.posted.wait_for(VoucherAccepted) == VoucherAccepted(CallId(3), PRICE)


def test_a_line_that_was_open_before_opens_while_the_ledger_is_away(desk: Desk, phone: Phone):
    phone.stop()
    desk.ledger.away = True
    again = desk.phone()
    assert again.opened().credit.available == TARGET
    pay(desk, again, PRICE)
    assert again.posted.wait_for(VoucherAccepted).cumulative == PRICE


def test_a_provider_that_changes_its_rail_is_followed(desk: Desk, phone: Phone):
    phone.stop()
    desk.provider.rail = "escrow"
    again = desk.phone()
    event = again.opened()
    assert (event.credit.epoch, event.credit.deposited) == (0, TARGET)


def test_a_session_must_fit_the_terms(desk: Desk):
    desk.provider.terms_changes = {"rail": "escrow"}
    assert desk.phone().open_line() == LineFailed("Your provider gave a strange answer")


def test_a_rail_that_is_not_known_is_not_guessed_at(desk: Desk):
    desk.provider.terms_changes = {"rail": "barter"}
    assert desk.phone().open_line() == LineFailed("Your provider gave a strange answer")


class Purse:
    """Transfers over a disk, with a clock of its own."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "phone.sqlite"
        self.account = Account(bytes([1]) * 32)
        self.now = 1_800_000_000.0
        self.open()

    def open(self) -> None:
        from tests.payments.fake_ledger import DEPLOYMENT

        self.database = Database(self.path)
        self.store = TransferStore(self.database, DEPLOYMENT, self.account.address)
        signatures = Signatures(self.account, DEPLOYMENT)
        self.transfers = Transfers(self.account.address, self.store, signatures, lambda: self.now)

    def crash(self) -> None:
        self.database.close()
        self.open()


@pytest.fixture
def purse(tmp_path: Path) -> Purse:
    return Purse(tmp_path)


PROVIDER = Account(bytes([9]) * 32).address


def test_a_transfer_signed_while_the_clock_was_ahead_is_signed_anew(purse: Purse):
    purse.now += 365 * 86_400
    ahead = purse.transfers.sign(PROVIDER, 10)
    purse.now -= 365 * 86_400
    renewed = purse.transfers._fresh(ahead)
    assert renewed.message.valid_before == purse.now + VALID_SECONDS
    assert renewed.message.nonce == ahead.message.nonce


def test_the_same_sum_twice_is_the_same_transfer(purse: Purse):
    first = purse.transfers.sign(PROVIDER, 10)
    purse.now += 5
    assert purse.transfers.sign(PROVIDER, 10) == first
    purse.crash()
    assert purse.transfers.sign(PROVIDER, 10) == first
    with pytest.raises(VoucherTooLow):
        purse.transfers.sign(PROVIDER, 9)


def test_a_word_of_the_provider_is_kept_so_that_the_next_transfer_is_small(purse: Purse):
    purse.transfers.heard(PROVIDER, TransferReport(5_000, 0))
    purse.transfers.heard(PROVIDER, TransferReport(0, 0))
    purse.crash()
    assert purse.transfers.signed(PROVIDER) == 5_000
    assert purse.transfers.sign(PROVIDER, 5_010).message.value == 10


def test_what_is_said_to_be_mined_beyond_what_was_signed_buys_nothing(purse: Purse):
    purse.transfers.sign(PROVIDER, 10)
    purse.transfers.heard(PROVIDER, TransferReport(10, 10_000))
    assert purse.transfers.settled(PROVIDER) == 10
    assert purse.transfers.channel(PROVIDER, lambda: 90, None) == Channel(100, 10, 0, EPOCH)
    assert purse.transfers.promised == 0


def test_transfers_that_are_long_mined_are_forgotten_but_the_last(purse: Purse):
    for cumulative in (10, 20, 30):
        purse.transfers.sign(PROVIDER, cumulative)
    purse.now += 2 * rail.KEEP_S
    purse.transfers.heard(PROVIDER, TransferReport(30, 10))
    assert [one.cumulative for one in purse.store.after(PROVIDER, 0)] == [20, 30]
    purse.transfers.heard(PROVIDER, TransferReport(30, 30))
    assert [one.cumulative for one in purse.store.after(PROVIDER, 0)] == [30]


@settings(deadline=None, max_examples=60)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["sign", "crash", "word", "again"]), st.integers(1, 60)), max_size=25
    )
)
def test_the_transfers_of_any_life_add_up_to_the_periods(steps: list[tuple[str, int]]):
    """`word`: whatever a provider says it holds. However often it is signed, a period is paid once."""
    with TemporaryDirectory() as directory:
        purse = Purse(Path(directory))
        started, paid = 0, {}
        for step, number in steps:
            purse.now += number
            if step == "crash":
                purse.crash()
            elif step == "word":
                purse.transfers.heard(PROVIDER, TransferReport(number, number))
            elif step == "sign":
                started += number
                signed = purse.transfers.sign(PROVIDER, purse.transfers.signed(PROVIDER) + number)
                paid[signed.message.nonce] = signed.message.value
            elif (last := purse.transfers.last(PROVIDER)) is not None:
                again = purse.transfers.sign(PROVIDER, last.cumulative)
                assert paid[again.message.nonce] == again.message.value
            assert sum(paid.values()) == started
        purse.database.close()
