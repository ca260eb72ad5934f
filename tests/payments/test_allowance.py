from __future__ import annotations

from pathlib import Path

import pytest

from kallphone.payments.allowance import DAY_S, DepositAllowance
from kallphone.phone.events import Withdrawn
from kallphone.storage.database import Database
from kallphone.storage.settings import Settings
from tests.payments.conftest import TARGET, Desk, until
from tests.payments.fake_provider import Fault


class Clock:
    now = 1_800_000_000.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(Database(tmp_path / "phone.sqlite"))


def test_a_day_has_its_bound_and_ends(settings: Settings):
    clock = Clock()
    allowance = DepositAllowance(settings, 100, lambda: clock.now)
    assert allowance.at_most(150) == 100
    allowance.spend(60)
    clock.now += DAY_S / 2
    allowance = DepositAllowance(settings, 100, lambda: clock.now)
    assert allowance.at_most(150) == 40
    allowance.spend(40)
    assert allowance.at_most(1) == 0
    clock.now += DAY_S / 2
    assert allowance.at_most(150) == 60


def test_a_clock_that_went_back_wins_nothing(settings: Settings):
    clock = Clock()
    DepositAllowance(settings, 100, lambda: clock.now).spend(100)
    clock.now -= 10 * DAY_S
    assert DepositAllowance(settings, 100, lambda: clock.now).at_most(1) == 0


def test_no_bound_is_no_bound(settings: Settings):
    allowance = DepositAllowance(settings, 0)
    allowance.spend(10**9)
    assert allowance.at_most(10**12) == 10**12


def test_only_the_latest_deposit_is_given_back(settings: Settings):
    allowance = DepositAllowance(settings, 100)
    allowance.spend(60)
    allowance.give_back(50)
    assert allowance.at_most(100) == 40
    allowance.give_back(60)
    assert allowance.at_most(100) == 100


def test_the_phone_deposits_no_more_than_the_owner_allows_in_a_day(desk: Desk):
    desk.ledger.balances[desk.account.address] = 3 * TARGET
    limit = TARGET // 5
    event = desk.phone(deposit_per_day=limit).opened()
    assert (event.credit.deposited, event.balance) == (limit, 3 * TARGET - limit)
    desk.phones[-1].stop()
    reviewed(desk, limit)
    assert deposited(desk) == limit, "a restart is no new day"


def test_a_refused_deposit_uses_nothing_up_and_a_lost_one_counts(desk: Desk):
    own, limit = desk.account.address, TARGET // 5
    desk.ledger.balances[own] = 3 * TARGET
    desk.provider.fail("relay", Fault("pass"), Fault("status", 422))
    assert desk.phone(deposit_per_day=limit).opened().credit.deposited == 0
    desk.phones[-1].stop()
    desk.provider.fail("relay", Fault("lose"))
    reviewed(desk, limit)
    assert deposited(desk) == limit
    reviewed(desk, limit)
    assert deposited(desk) == limit


def deposited(desk: Desk) -> int:
    return desk.ledger.channels[desk.account.address, desk.provider.account.address].deposited


def reviewed(desk: Desk, limit: int) -> None:
    """A phone that opens from memory, and then looks at the ledger."""
    asked = desk.provider.asked.count("terms")
    phone = desk.phone(deposit_per_day=limit)
    phone.opened()
    until(lambda: desk.provider.asked.count("terms") == asked + 2)
    phone.worker.withdraw(0)  # behind the review
    phone.posted.wait_for(Withdrawn)
    phone.stop()
