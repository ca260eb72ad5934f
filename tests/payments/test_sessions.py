from __future__ import annotations

from collections.abc import Callable

import pytest

from kallnet.account import Account, Address
from kallnet.entries import PROXY, Cost, ServiceEntry
from kallphone.phone.causes import Cause
from kallphone.phone.commands import SignVoucher
from kallphone.phone.events import (
    CallId,
    Credit,
    CreditChanged,
    Route,
    SessionOpened,
    SessionRefused,
    VoucherAccepted,
)
from kallphone.storage.errors import StorageError
from tests.payments.conftest import TARGET, Desk, Phone
from tests.payments.fake_provider import PRICE, FakeProvider, Fault

CALL = CallId(1)
PEER = b"q" * 20


def route_by(provider: FakeProvider, price: int = PRICE) -> Route:
    return Route(provider.account.address, PEER, "sip:0x71@phone.example", price)


def answer(phone: Phone, route: Route) -> SessionOpened | SessionRefused:
    phone.worker.open_session(CALL, route)
    return phone.posted.wait_for(SessionOpened, SessionRefused)  # type: ignore[type-var]


def list_service(desk: Desk, provider: FakeProvider, **details: str) -> None:
    account: Account = provider.account
    desk.ledger.services[account.address] = ServiceEntry(
        account.public_key, (1,), PROXY, (Cost(PRICE, 1, 75),), details={"api": provider.url, **details}
    )


@pytest.fixture
def phone(desk: Desk) -> Phone:
    desk.ledger.balances[desk.account.address] = TARGET
    phone = desk.phone()
    phone.opened()
    return phone


@pytest.fixture
def other(desk: Desk, start_provider: Callable[[], FakeProvider]) -> FakeProvider:
    provider = start_provider()
    list_service(desk, provider)
    return provider


def test_the_home_provider_answers_from_memory(desk: Desk, phone: Phone):
    desk.ledger.gate.clear()
    desk.provider.open_gate.clear()
    asked = len(desk.provider.asked)
    event = answer(phone, route_by(desk.provider))
    assert event == SessionOpened(CALL, Credit(desk.provider.account.address, 0, TARGET, 0))
    assert len(desk.provider.asked) == asked
    desk.ledger.gate.set()


def test_the_credit_of_a_session_counts_what_was_signed(desk: Desk, phone: Phone):
    phone.worker.sign_voucher(SignVoucher(CALL, desk.provider.account.address, 0, PRICE))
    phone.posted.wait_for(VoucherAccepted)
    event = answer(phone, route_by(desk.provider))
    assert isinstance(event, SessionOpened)
    assert event.credit.available == TARGET - PRICE


def test_too_little_credit_looks_for_money_that_came_in(desk: Desk):
    phone = desk.phone()
    phone.opened()
    desk.ledger.balances[desk.account.address] = 4 * PRICE
    event = answer(phone, route_by(desk.provider))
    assert isinstance(event, SessionOpened)
    assert event.credit.available == 4 * PRICE


def test_another_provider_is_visited_and_paid(desk: Desk, phone: Phone, other: FakeProvider):
    desk.ledger.balances[desk.account.address] = 7 * PRICE
    event = answer(phone, route_by(other))
    assert event == SessionOpened(CALL, Credit(other.account.address, 0, 7 * PRICE, 0))
    phone.worker.sign_voucher(SignVoucher(CALL, other.account.address, 0, PRICE))
    phone.posted.wait_for(VoucherAccepted)
    assert other.held(desk.account.address) == PRICE
    asked = len(other.asked)
    assert isinstance(answer(phone, route_by(other)), SessionOpened)
    assert len(other.asked) == asked, "the second call finds the session open"


def test_a_disk_that_fails_ends_no_engine(desk: Desk, phone: Phone, monkeypatch: pytest.MonkeyPatch):
    """A session is opened on the engine's own thread."""

    def broken(_: Address) -> None:
        raise StorageError("the database can't be read")

    monkeypatch.setattr(phone.worker._line, "session_credit", broken)
    phone.worker.open_session(CALL, route_by(desk.provider))
    assert phone.posted.wait_for(SessionOpened, SessionRefused)


def test_the_credentials_stay_those_of_the_home_provider(desk: Desk, phone: Phone, other: FakeProvider):
    before = phone.worker.credentials()
    answer(phone, route_by(other))
    assert phone.worker.credentials() == before


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault("drop"), Cause.PROVIDER_LOST),
        (Fault("status", 401), Cause.NOT_ALLOWED),
        (Fault("status", 402), Cause.NO_CREDIT),
        (Fault("status", 500), Cause.FAILED),
    ],
)
def test_a_session_that_does_not_open_says_why(
    desk: Desk, phone: Phone, other: FakeProvider, fault: Fault, cause: Cause
):
    other.fail("session", fault)
    assert answer(phone, route_by(other)) == SessionRefused(CALL, cause)


def test_a_provider_that_is_not_who_the_ledger_names_is_refused(
    desk: Desk, phone: Phone, other: FakeProvider
):
    other.terms_changes = {"provider": "0x" + "99" * 20}
    assert answer(phone, route_by(other)) == SessionRefused(CALL, Cause.FAILED)
    assert set(other.asked) == {"terms"}


def test_a_provider_without_a_safe_door_is_no_route(desk: Desk, phone: Phone, other: FakeProvider):
    list_service(desk, other, api="http://phone.example")
    assert answer(phone, route_by(other)) == SessionRefused(CALL, Cause.NO_ROUTE)
    desk.ledger.services.clear()
    assert answer(phone, route_by(other)) == SessionRefused(CALL, Cause.NO_ROUTE)


def test_a_ledger_that_is_away_is_the_cause(desk: Desk, phone: Phone, other: FakeProvider):
    desk.ledger.away = True
    assert answer(phone, route_by(other)) == SessionRefused(CALL, Cause.LEDGER_AWAY)


def test_coins_that_come_in_are_put_on_deposit_and_told_once(desk: Desk):
    phone = desk.phone()
    phone.opened()
    desk.ledger.balances[desk.account.address] = 5 * PRICE
    phone.worker.refresh_credit()
    change = phone.posted.wait_for(CreditChanged)
    assert change == CreditChanged(0, Credit(desk.provider.account.address, 0, 5 * PRICE, 0))
    for _ in range(3):
        refresh(phone)
    assert phone.posted.of(CreditChanged) == [change]


def test_a_channel_above_half_its_target_is_left_alone(desk: Desk, phone: Phone):
    desk.ledger.balances[desk.account.address] = 9 * TARGET
    phone.worker.refresh_credit()
    assert phone.posted.wait_for(CreditChanged).credit.deposited == TARGET
    sign(desk, phone, TARGET // 2 - 1)
    refresh(phone)
    assert desk.provider.asked.count("relay") == 2, "registration and first deposit"
    sign(desk, phone, TARGET // 2 + 1)
    refresh(phone)
    assert phone.posted.of(CreditChanged)[-1].credit.available == TARGET


def sign(desk: Desk, phone: Phone, cumulative: int) -> None:
    phone.worker.sign_voucher(SignVoucher(CALL, desk.provider.account.address, 0, cumulative))
    phone.posted.wait_for(VoucherAccepted)


def refresh(phone: Phone) -> None:
    """And waits until it is done: the answer of a later task of the same thread says so."""
    phone.worker.refresh_credit()
    assert answer(phone, Route(b"n" * 20, PEER, "sip:0x71@phone.example", PRICE)) == SessionRefused(
        CALL, Cause.NO_ROUTE
    )


def test_a_refresh_while_the_ledger_is_away_changes_nothing(desk: Desk, phone: Phone):
    desk.ledger.away = True
    phone.worker.refresh_credit()
    answer(phone, Route(b"n" * 20, PEER, "sip:0x71@phone.example", PRICE))
    desk.ledger.away = False
    desk.ledger.balances[desk.account.address] = 1
    phone.worker.refresh_credit()
    assert phone.posted.wait_for(CreditChanged).balance == 1
