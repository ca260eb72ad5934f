from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kallnet.entries import PROXY, ClientEntry, ProviderRef, decode_client
from kallnet.ledger import Channel
from kallnet.quality import CallQuality
from kallnet.reputation import EPOCH_LENGTH
from kallphone.phone.commands import RateService, SignVoucher
from kallphone.phone.events import CallId, SessionOpened, VoucherAccepted
from tests.payments.conftest import TARGET, Desk, Phone, until
from tests.payments.fake_ledger import Reverted
from tests.payments.fake_provider import PRICE, FakeProvider, Fault
from tests.payments.test_sessions import answer, list_service, route_by

CALL = CallId(1)
HEARD = CallQuality(loss=0.01, jitter=12.0, delay=40.0, seconds=90.0)
PAID = Channel(TARGET, 10 * PRICE, 0, 0)


@pytest.fixture
def phone(desk: Desk) -> Phone:
    desk.ledger.balances[desk.account.address] = TARGET
    phone = desk.phone()
    phone.opened()
    return phone


@pytest.fixture
def other(desk: Desk, phone: Phone, start_provider: Callable[[], FakeProvider]) -> FakeProvider:
    """A second provider, in the ledger and in the phone's entry."""
    provider = start_provider()
    list_service(desk, provider)
    provider.agreed.add(desk.account.address)
    entry = decode_client(desk.ledger.entries[desk.account.address])
    ref = ProviderRef(provider.account.address, PROXY, 2_000_000_000, b"a" * 65)
    desk.ledger.entries[desk.account.address] = replace(entry, providers=(*entry.providers, ref)).encode()
    return provider


def pay(desk: Desk, provider: FakeProvider, channel: Channel = PAID) -> None:
    desk.ledger.channels[desk.account.address, provider.account.address] = channel


def hear(phone: Phone, provider: FakeProvider, call: CallQuality = HEARD) -> None:
    heard = (call.loss, call.jitter, call.delay, call.seconds)
    phone.worker.rate_service(RateService(CALL, provider.account.address, *heard))


def rounds(phone: Phone, count: int = 1) -> None:
    """Sends ratings, and returns when that is done."""
    for _ in range(count):
        phone.worker.send_ratings()
    settle(phone)


def settle(phone: Phone) -> None:
    """Returns when the thread of ratings has nothing left to do."""
    done: list[bool] = []
    phone.worker._ratings._tasks.submit(lambda: done.append(True))
    until(lambda: bool(done))


def unsent(phone: Phone) -> int:
    return len(phone.worker._ratings._store.services())


def rated(desk: Desk, provider: FakeProvider) -> int | None:
    """The seconds of conversation that the ledger has."""
    latest = desk.ledger.ratings.get((provider.account.address, desk.account.address))
    return latest.duration if latest else None


def test_what_calls_measured_gets_to_the_ledger(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    hear(phone, desk.provider, replace(HEARD, loss=0.05, seconds=30.0))
    rounds(phone)
    latest = desk.ledger.ratings[desk.provider.account.address, desk.account.address]
    assert (latest.loss, latest.jitter, latest.delay, latest.duration) == (200, 12, 40, 120)
    assert latest.epoch == desk.ledger.now // EPOCH_LENGTH
    assert latest.mos < round(100 * HEARD.mos)


def test_what_the_ledger_has_is_forgotten(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    rounds(phone)
    assert unsent(phone) == 1, "no provider's word is enough"
    rounds(phone, 3)
    assert unsent(phone) == 0
    assert len(desk.provider.ratings) == 1


def test_an_owner_who_publishes_nothing_is_obeyed(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    settle(phone)
    desk.stop()
    silent = desk.phone(publish_ratings=False)
    hear(silent, desk.provider)
    rounds(silent)
    assert desk.provider.ratings == []
    assert silent.worker._ratings._store.sign(desk.provider.account.address, 0).seconds == HEARD.seconds


def test_nothing_is_asked_where_nothing_was_measured(desk: Desk, phone: Phone):
    desk.ledger.away = True
    rounds(phone)
    assert "rate" not in desk.provider.asked
    desk.ledger.away = False
    pay(desk, desk.provider)
    rounds(phone)
    assert desk.provider.ratings == []


def test_who_claimed_nothing_is_rated_when_it_does(desk: Desk, phone: Phone):
    pay(desk, desk.provider, Channel(TARGET, 0, 0, 0))
    hear(phone, desk.provider)
    rounds(phone, 2)
    assert desk.provider.ratings == []
    desk.ledger.now += EPOCH_LENGTH
    pay(desk, desk.provider)
    rounds(phone)
    assert rated(desk, desk.provider) == 90, "a claim that comes late hides no call"


def test_an_epoch_is_rated_once_and_later_calls_count_in_the_next(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    rounds(phone)
    hear(phone, desk.provider, replace(HEARD, seconds=45.0))
    pay(desk, desk.provider, replace(PAID, claimed=20 * PRICE))
    rounds(phone, 2)
    assert rated(desk, desk.provider) == 90
    desk.ledger.now += EPOCH_LENGTH
    rounds(phone)
    assert rated(desk, desk.provider) == 45
    assert len(desk.provider.ratings) == 2


def test_a_rating_stands_on_a_claim_since_the_last(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    rounds(phone)
    hear(phone, desk.provider)
    desk.ledger.now += EPOCH_LENGTH
    rounds(phone, 2)
    assert len(desk.provider.ratings) == 1
    pay(desk, desk.provider, Channel(TARGET, PRICE, 0, epoch=1))
    rounds(phone)
    assert len(desk.provider.ratings) == 2, "in another epoch of the channel every claim is new"


def test_sums_survive_a_power_cut(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    until(lambda: unsent(phone) == 1)
    phone.stop()
    again = desk.phone()
    rounds(again)
    assert rated(desk, desk.provider) == 90


def test_an_answer_that_was_lost_is_found_on_the_ledger(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    until(lambda: unsent(phone) == 1)
    desk.provider.fail("relay", Fault("lose"))
    rounds(phone)
    hear(phone, desk.provider, replace(HEARD, seconds=7.0))
    rounds(phone)
    desk.ledger.now += EPOCH_LENGTH
    pay(desk, desk.provider, replace(PAID, claimed=20 * PRICE))
    rounds(phone)
    assert [rating.duration for rating in desk.provider.ratings] == [90, 7]


def test_a_refusal_of_the_contract_keeps_the_sum(
    desk: Desk, phone: Phone, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise Reverted("NothingClaimed")

    pay(desk, desk.provider)
    hear(phone, desk.provider)
    monkeypatch.setattr(desk.ledger, "rate", refuse)
    rounds(phone)
    monkeypatch.undo()
    hear(phone, desk.provider, replace(HEARD, seconds=7.0))
    rounds(phone)
    assert rated(desk, desk.provider) == 97


def test_a_ledger_that_is_away_keeps_the_sum(desk: Desk, phone: Phone):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    desk.ledger.away = True
    rounds(phone)
    desk.ledger.away = False
    rounds(phone)
    assert rated(desk, desk.provider) == 90


def test_another_provider_is_asked_where_the_first_refuses(desk: Desk, phone: Phone, other: FakeProvider):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    desk.provider.agreed.clear()
    rounds(phone)
    assert [len(p.ratings) for p in (desk.provider, other)] == [0, 1]
    assert rated(desk, desk.provider) == 90


def test_a_provider_that_swallows_ratings_is_passed_by(desk: Desk, phone: Phone, other: FakeProvider):
    pay(desk, desk.provider)
    hear(phone, desk.provider)
    desk.provider.swallows_ratings = True
    rounds(phone)
    assert rated(desk, desk.provider) is None
    rounds(phone)
    assert rated(desk, desk.provider) == 90
    assert len(other.ratings) == 1


def test_another_service_is_rated_through_the_home_provider(desk: Desk, phone: Phone, other: FakeProvider):
    pay(desk, other)
    hear(phone, other)
    rounds(phone)
    assert rated(desk, other) == 90
    assert [len(p.ratings) for p in (desk.provider, other)] == [1, 0]


def test_a_guests_rating_goes_by_the_rated_where_home_refuses(
    desk: Desk, phone: Phone, other: FakeProvider
):
    entry: ClientEntry = decode_client(desk.ledger.entries[desk.account.address])
    alone = replace(entry, providers=entry.providers[:1])
    desk.ledger.entries[desk.account.address] = alone.encode()
    pay(desk, other)
    hear(phone, other)
    desk.provider.agreed.clear()
    rounds(phone)
    assert rated(desk, other) == 90


def test_one_rating_an_hour_leaves_free_relays_for_deposits(desk: Desk, phone: Phone, other: FakeProvider):
    for provider in (desk.provider, other):
        pay(desk, provider)
        hear(phone, provider)
    rounds(phone)
    assert len(desk.provider.ratings) == 1
    rounds(phone)
    assert rated(desk, desk.provider) == rated(desk, other) == 90


def test_a_service_that_nobody_can_rate_keeps_no_other_waiting(desk: Desk, phone: Phone, other: FakeProvider):
    for provider in (desk.provider, other):
        provider.swallows_ratings = True
        pay(desk, provider)
        hear(phone, provider)
    rounds(phone, 4)
    services = [rating.service for provider in (desk.provider, other) for rating in provider.ratings]
    assert sorted(map(services.count, set(services))) == [2, 2]


def test_a_rating_that_hangs_holds_up_neither_session_nor_voucher(
    desk: Desk, phone: Phone, other: FakeProvider
):
    pay(desk, desk.provider)
    pay(desk, other, Channel(5 * PRICE, 0, 0, 0))
    hear(phone, desk.provider)
    until(lambda: unsent(phone) == 1)
    desk.provider.open_gate.clear()
    asked = desk.provider.asked.count("relay")
    phone.worker.send_ratings()
    until(lambda: desk.provider.asked.count("relay") > asked)
    opened = answer(phone, route_by(other))
    assert isinstance(opened, SessionOpened)
    phone.worker.sign_voucher(SignVoucher(CALL, other.account.address, 0, PRICE))
    assert phone.posted.wait_for(VoucherAccepted).cumulative == PRICE
    desk.provider.open_gate.set()
