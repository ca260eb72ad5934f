from __future__ import annotations

import pytest

from kallnet.account import Account, Address
from kallphone.payments.errors import (
    NotEnough,
    NothingOnDeposit,
    ProviderRefused,
    ProviderUnreachable,
)
from kallphone.payments.exits import Exits
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.relays import HomeRelay
from kallphone.payments.signatures import Signatures
from kallphone.payments.withdrawals import Withdrawals
from kallphone.phone.events import CreditChanged, Withdrawn
from kallphone.storage.database import Database
from kallphone.storage.settings import Settings
from tests.payments.conftest import TARGET, Desk
from tests.payments.fake_ledger import EXIT_DELAY
from tests.payments.fake_provider import Fault

OWNER, OTHER = Account.generate().address, Account.generate().address


class Wallet:
    """What `kallphone wallet` does, once the line was open: each made anew, as by another process."""

    def __init__(self, desk: Desk) -> None:
        desk.ledger.balances[desk.account.address] = TARGET + 500
        desk.phone().opened()
        desk.stop()
        self.desk = desk
        self.ledger = desk.ledger
        self.own = desk.account.address
        self.provider = desk.provider.account.address
        self.signatures = Signatures(desk.account, desk.ledger.deployment)

    @property
    def relay(self) -> HomeRelay:
        return HomeRelay(ProviderApi(self.desk.provider.url), self.provider, self.signatures)

    @property
    def exits(self) -> Exits:
        return Exits(self.own, self.ledger, self.signatures, lambda _: None)

    def withdraw(self, amount: int, to: Address = OWNER, promised: int = 0) -> int:
        database = Database(self.desk.directory / "phone.sqlite")
        settings = Settings(database)
        withdrawals = Withdrawals(self.own, self.ledger, self.signatures, settings, lambda _: None)
        try:
            return withdrawals.send(self.relay, to, amount, promised)
        finally:
            database.close()

    def balance(self, account: Address = OWNER) -> int:
        return self.ledger.balances.get(account, 0)


@pytest.fixture
def wallet(desk: Desk) -> Wallet:
    return Wallet(desk)


def test_free_coins_go_where_the_owner_says_and_the_deposit_stays(wallet: Wallet):
    assert wallet.withdraw(200) == 200
    assert wallet.withdraw(0, OTHER) == 300
    assert (wallet.balance(), wallet.balance(OTHER), wallet.balance(wallet.own)) == (200, 300, 0)
    assert wallet.ledger.channel(wallet.own, wallet.provider).deposited == TARGET


@pytest.mark.parametrize("amount", [501, 10**9])
def test_more_than_is_free_is_refused_before_anything_is_signed(wallet: Wallet, amount: int):
    asked = len(wallet.desk.provider.asked)
    with pytest.raises(NotEnough, match="500 base units are free"):
        wallet.withdraw(amount)
    assert len(wallet.desk.provider.asked) == asked


def test_what_is_promised_to_a_provider_is_not_free(wallet: Wallet):
    assert wallet.withdraw(0, promised=450) == 50
    with pytest.raises(NotEnough, match="no coins are free"):
        wallet.withdraw(0, promised=450)


@pytest.mark.parametrize("fault", ["drop", "lose"])
def test_asking_again_after_no_answer_pays_once(wallet: Wallet, fault: str):
    wallet.desk.provider.fail("relay", Fault(fault))
    with pytest.raises(ProviderUnreachable):
        wallet.withdraw(200)
    assert wallet.withdraw(200) == 200
    assert (wallet.balance(), wallet.balance(wallet.own)) == (200, 300)
    assert wallet.withdraw(200) == 200, "a third time is another withdrawal"
    assert wallet.balance() == 400


def test_asking_again_much_later_still_finds_that_it_was_made(wallet: Wallet):
    wallet.desk.provider.fail("relay", Fault("lose"))
    with pytest.raises(ProviderUnreachable):
        wallet.withdraw(200)
    wallet.ledger.now += 3600
    assert wallet.withdraw(200) == 200
    assert wallet.balance() == 200


def test_coins_that_came_in_between_do_not_make_it_pay_twice(wallet: Wallet):
    wallet.desk.provider.fail("relay", Fault("lose"))
    with pytest.raises(ProviderUnreachable):
        wallet.withdraw(200)
    wallet.ledger.balances[wallet.own] += 7
    with pytest.raises(ProviderRefused, match="UsedAuthorization"):
        wallet.withdraw(200)
    assert wallet.balance() == 200


def test_a_withdrawal_that_can_not_be_mined_any_more_is_signed_anew(wallet: Wallet):
    wallet.desk.provider.fail("relay", Fault("drop"))
    with pytest.raises(ProviderUnreachable):
        wallet.withdraw(200)
    wallet.ledger.now += 3600
    assert wallet.withdraw(200) == 200
    assert wallet.balance() == 200


def test_a_deposit_comes_back_after_the_delay(wallet: Wallet):
    at = wallet.exits.start(wallet.relay, wallet.provider)
    assert at == wallet.ledger.now + EXIT_DELAY
    assert wallet.exits.start(wallet.relay, wallet.provider) == at, "a second start changes nothing"
    with pytest.raises(ProviderRefused, match="ExitTooEarly"):
        wallet.exits.finish(wallet.relay, wallet.provider)
    wallet.ledger.now = at
    assert wallet.exits.finish(wallet.relay, wallet.provider) == TARGET
    assert wallet.balance(wallet.own) == TARGET + 500
    assert wallet.withdraw(0) == TARGET + 500
    with pytest.raises(NothingOnDeposit):
        wallet.exits.start(wallet.relay, wallet.provider)


def test_the_menu_sends_coins_to_the_owner_alone(desk: Desk):
    desk.ledger.balances[desk.account.address] = TARGET + 500
    phone = desk.phone(owner=OWNER)
    phone.opened()
    phone.worker.withdraw(200)
    assert phone.posted.wait_for(Withdrawn) == Withdrawn(200)
    assert phone.posted.wait_for(CreditChanged).balance == 300
    phone.worker.withdraw(10**9)
    assert phone.posted.wait_for(Withdrawn) == Withdrawn(300)
    phone.worker.withdraw(5)
    assert phone.posted.wait_for(Withdrawn) == Withdrawn(0, "No coins are free")
    assert desk.ledger.balances[OWNER] == 500


def test_without_an_owner_the_menu_sends_nothing_and_says_why(desk: Desk):
    desk.ledger.balances[desk.account.address] = TARGET + 500
    phone = desk.phone()
    phone.opened()
    phone.worker.withdraw(200)
    assert "kallphone.toml" in phone.posted.wait_for(Withdrawn).trouble
    assert desk.ledger.balances[desk.account.address] == 500


def test_a_provider_that_is_away_is_named_on_the_screen(desk: Desk):
    desk.ledger.balances[desk.account.address] = TARGET + 500
    phone = desk.phone(owner=OWNER)
    phone.opened()
    desk.provider.fail("relay", Fault("drop"))
    phone.worker.withdraw(200)
    assert phone.posted.wait_for(Withdrawn) == Withdrawn(0, "Your provider does not answer")
