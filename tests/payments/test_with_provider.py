"""A phone's payments against a real provider process, real contracts and a real chain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import load_deployment
from kallnet.ledger import Ledger, open_ledger
from kallnet.number import KallNumber
from kallnet.quality import CallQuality
from kallnet.reputation import EPOCH_LENGTH, PRIOR
from kallnet.transfers import EPOCH
from kallphone.directory import DirectorySettings, open_directory, open_reputations
from kallphone.payments.settings import PaymentsSettings
from kallphone.payments.worker import PaymentsWorker
from kallphone.phone.causes import Cause
from kallphone.phone.commands import EndPayment, RateService, SignVoucher
from kallphone.phone.events import (
    CallerIdentified,
    CallId,
    CreditChanged,
    LineFailed,
    Route,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SessionRefused,
    VoucherAccepted,
)
from kallphone.storage.database import Database
from tests.chain import LocalChain
from tests.kallnet.liar import Liar, forging
from tests.payments.conftest import Phone, Posted, until
from tests.payments.test_ratings import rounds
from tests.provider.process import ProviderProcess

pytestmark = pytest.mark.chain

PRICE = 10
TARGET = 1000
CALL = CallId(1)
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def chain() -> Iterator[LocalChain]:
    with LocalChain() as chain:
        yield chain


@pytest.fixture(scope="module")
def deployment_path(chain: LocalChain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("contracts")
    chain.deploy(out)
    return chain.deployment_path(out)


@pytest.fixture(scope="module")
def ledger(chain: LocalChain, deployment_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger([chain.url], load_deployment(deployment_path), finality="latest")
    yield ledger
    ledger.close()


def serve(
    chain: LocalChain, deployment_path: Path, directory: Path, **terms: int | str
) -> Iterator[ProviderProcess]:
    directory.mkdir()
    with ProviderProcess(directory, chain.url, deployment_path, price=PRICE, **terms) as provider:
        chain.give_gas(address_to_hex(account_of(provider).address))
        assert provider.run("register").returncode == 0
        provider.start()
        yield provider


def account_of(provider: ProviderProcess) -> Account:
    return Account(bytes.fromhex((provider.directory / "provider.key").read_text().strip()))


@pytest.fixture(scope="module")
def home(
    chain: LocalChain, deployment_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProviderProcess]:
    yield from serve(chain, deployment_path, tmp_path_factory.mktemp("home") / "provider", minimum=1)


@pytest.fixture(scope="module")
def other(
    chain: LocalChain, deployment_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProviderProcess]:
    yield from serve(chain, deployment_path, tmp_path_factory.mktemp("other") / "provider")


@pytest.fixture(scope="module")
def bare(
    chain: LocalChain, deployment_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProviderProcess]:
    """One that wants no escrow."""
    directory = tmp_path_factory.mktemp("bare") / "provider"
    yield from serve(chain, deployment_path, directory, rail="transfers", confirmations=1)


class Table:
    """Phones that share one authority file; each account has its own disk."""

    def __init__(self, directory: Path, chain: LocalChain, deployment: Path, home: ProviderProcess) -> None:
        self.directory = directory
        self.chain = chain
        self.deployment = deployment
        self.home = home
        self.ca_file = directory / "authorities.crt"
        self.trust(home)
        self.phones: list[Phone] = []

    def trust(self, provider: ProviderProcess) -> None:
        with self.ca_file.open("a") as file:
            file.write(provider.authority.read_text())

    def phone(self, account: Account, rpc: str | None = None) -> Phone:
        database = Database(self.directory / f"{account.address.hex()}.sqlite")
        posted = Posted()
        settings = PaymentsSettings(
            provider_api=self.home.url,
            deployment=self.deployment,
            rpc=(rpc or self.chain.url,),
            agree=None,
            deposit_target=TARGET,
            ca_file=self.ca_file,
        )
        worker = PaymentsWorker(account, settings, database, posted)
        worker.start()
        self.phones.append(Phone(account, posted, worker, database))
        return self.phones[-1]

    def gas(self, account: Account) -> int:
        return int(self.chain.rpc("eth_getBalance", address_to_hex(account.address), "latest"), 16)


@pytest.fixture
def table(tmp_path: Path, chain: LocalChain, deployment_path: Path, home: ProviderProcess) -> Iterator[Table]:
    table = Table(tmp_path, chain, deployment_path, home)
    yield table
    for phone in table.phones:
        phone.stop()


def test_a_newcomer_gets_a_number_tops_up_pays_and_is_claimed_from_without_gas(table: Table, ledger: Ledger):
    account, provider = Account.generate(), account_of(table.home).address
    phone = table.phone(account)
    line = phone.opened()
    assert ledger.resolve(KallNumber(int(line.number))) == account.address
    assert (line.balance, line.credit.available) == (0, 0)

    table.chain.give_coins(address_to_hex(account.address), TARGET + 77)
    phone.worker.refresh_credit()
    change = phone.posted.wait_for(CreditChanged)
    assert (change.balance, change.credit.available) == (77, TARGET)
    assert ledger.channel(account.address, provider).deposited == TARGET

    for period in range(1, 5):
        phone.worker.sign_voucher(SignVoucher(CALL, provider, 0, period * PRICE))
        assert phone.posted.wait_for(VoucherAccepted).cumulative == period * PRICE
    phone.worker.end_payment(EndPayment(CALL, provider, 4, 4 * PRICE))
    until(lambda: ledger.channel(account.address, provider).claimed == 4 * PRICE)
    assert table.gas(account) == 0
    assert table.chain.rpc("eth_getTransactionCount", address_to_hex(account.address), "latest") == "0x0"


def test_a_phone_that_paid_has_its_rating_on_the_ledger(table: Table, ledger: Ledger, tmp_path: Path):
    account, provider = Account.generate(), account_of(table.home).address
    # As much as a full opinion holds.
    table.chain.give_coins(address_to_hex(account.address), 10 * 10**6)
    phone = table.phone(account)
    phone.opened()
    phone.worker.rate_service(RateService(CALL, provider, 0.4, 80.0, 250.0, 30.0))
    rounds(phone)
    phone.worker.sign_voucher(SignVoucher(CALL, provider, 0, PRICE))
    phone.posted.wait_for(VoucherAccepted)
    phone.worker.end_payment(EndPayment(CALL, provider, 1, PRICE))
    until(lambda: ledger.channel(account.address, provider).claimed == PRICE)
    assert ledger.latest_rating(provider, account.address) is None, "nothing was claimed in the first round"

    def rated() -> bool:
        rounds(phone)
        return ledger.latest_rating(provider, account.address) is not None

    until(rated)
    rating = ledger.latest_rating(provider, account.address)
    assert rating is not None
    heard = CallQuality(0.4, 80.0, 250.0, 30.0)
    assert (rating.loss, rating.jitter, rating.delay, rating.mos) == (4000, 80, 250, round(100 * heard.mos))
    assert (rating.duration, rating.claimed) == (30, PRICE)
    assert rating.epoch == table.chain.time() // EPOCH_LENGTH
    assert table.gas(account) == 0

    table.chain.mine(64)  # what was rated is final now
    settings = DirectorySettings(
        table.deployment, (table.chain.url,), None, tmp_path / "ledger.sqlite", NOWHERE, None
    )
    reputations = open_reputations(settings, load_deployment(table.deployment))
    reputations.start()
    reputations.want([provider])
    until(lambda: provider in reputations.scores())
    assert reputations.scores()[provider] == pytest.approx((4 * PRIOR.mos + heard.mos) / 5, abs=0.01)
    reputations.stop()


def test_a_phone_that_lost_its_power_pays_on_from_its_last_voucher(table: Table):
    account, provider = Account.generate(), account_of(table.home).address
    table.chain.give_coins(address_to_hex(account.address), TARGET)
    phone = table.phone(account)
    number = phone.opened().number
    phone.worker.sign_voucher(SignVoucher(CALL, provider, 0, PRICE))
    phone.posted.wait_for(VoucherAccepted)
    phone.stop()

    again = table.phone(account)
    line = again.opened()
    assert (line.number, line.credit.signed) == (number, PRICE)
    again.worker.sign_voucher(SignVoucher(CALL, provider, 0, 2 * PRICE))
    assert again.posted.wait_for(VoucherAccepted).cumulative == 2 * PRICE


def test_a_known_line_opens_and_pays_without_the_chain(table: Table):
    account, provider = Account.generate(), account_of(table.home).address
    table.chain.give_coins(address_to_hex(account.address), TARGET)
    first = table.phone(account)
    number = first.opened().number
    first.stop()

    phone = table.phone(account, rpc=NOWHERE)
    line = phone.opened()
    assert (line.number, line.credit.available) == (number, TARGET)
    phone.worker.sign_voucher(SignVoucher(CALL, provider, 0, PRICE))
    assert phone.posted.wait_for(VoucherAccepted).cumulative == PRICE


def test_a_provider_with_a_strange_certificate_is_not_trusted(table: Table, tmp_path: Path):
    table.ca_file = tmp_path / "strange.crt"
    other = tmp_path / "strange"
    other.mkdir()
    table.trust(ProviderProcess(other, table.chain.url, table.deployment))
    event = table.phone(Account.generate()).open_line()
    assert event == LineFailed("Your provider's certificate is not trusted")


def test_a_callees_provider_is_visited_paid_and_claims(table: Table, other: ProviderProcess, ledger: Ledger):
    table.trust(other)
    account, provider = Account.generate(), account_of(other).address
    phone = table.phone(account)
    phone.opened()
    table.chain.give_coins(address_to_hex(account.address), 500)
    phone.worker.open_session(CALL, Route(provider, b"q" * 20, "sip:0x71@phone.test", PRICE))
    opened = phone.posted.wait_for(SessionOpened, SessionRefused)
    assert isinstance(opened, SessionOpened), opened
    assert opened.credit.available == 500
    phone.worker.sign_voucher(SignVoucher(CALL, provider, 0, PRICE))
    assert phone.posted.wait_for(VoucherAccepted).cumulative == PRICE
    assert ledger.channel(account.address, provider).deposited == 500


def test_a_provider_without_escrow_is_paid_by_transfers_and_nothing_twice(
    table: Table, bare: ProviderProcess, ledger: Ledger
):
    table.home = bare
    table.trust(bare)
    account, provider = Account.generate(), account_of(bare).address
    table.chain.give_coins(address_to_hex(account.address), TARGET)
    phone = table.phone(account)
    line = phone.opened()
    assert (line.balance, line.credit.epoch, line.credit.available) == (0, EPOCH, TARGET)
    for period in (1, 2, 3):
        phone.worker.sign_voucher(SignVoucher(CALL, provider, EPOCH, period * PRICE))
        assert phone.posted.wait_for(VoucherAccepted).cumulative == period * PRICE
    phone.stop()
    until(lambda: ledger.coin_balance(provider) == 3 * PRICE)

    table.chain.rpc("evm_setAutomine", False)
    again = table.phone(account)
    assert again.opened().credit.signed == 3 * PRICE
    for period in (4, 5):
        again.worker.sign_voucher(SignVoucher(CALL, provider, EPOCH, period * PRICE))
        assert again.posted.wait_for(VoucherAccepted).cumulative == period * PRICE
    bare.kill()
    table.chain.rpc("evm_setAutomine", True)
    table.chain.rpc("evm_mine")
    bare.start()
    until(lambda: ledger.coin_balance(provider) == 5 * PRICE)
    assert ledger.coin_balance(account.address) == TARGET - 5 * PRICE
    assert ledger.channel(account.address, provider).deposited == 0
    assert table.gas(account) == 0


def test_the_directory_finds_a_line_and_keeps_it_while_the_chain_is_away(table: Table, tmp_path: Path):
    caller, callee = Account.generate(), Account.generate()
    number = table.phone(callee).opened().number
    found = RouteFound(CALL, route_to(callee.address, account_of(table.home).address))
    cache = tmp_path / "ledger.sqlite"
    assert look_up(table, caller, cache, table.chain.url, number, callee) == (found, number)
    assert look_up(table, caller, cache, NOWHERE, number, callee) == (found, number)
    fresh = tmp_path / "empty.sqlite"
    away = RouteNotFound(CALL, Cause.LEDGER_AWAY)
    assert look_up(table, caller, fresh, NOWHERE, number, callee) == (away, "")


def test_entries_that_the_endpoint_withholds_come_from_the_provider(table: Table, tmp_path: Path):
    """Its word is not taken either: the ledger proves the hash of what it sends."""
    caller, callee = Account.generate(), Account.generate()
    number = table.phone(callee).opened().number
    found = RouteFound(CALL, route_to(callee.address, account_of(table.home).address))
    withheld = forging(lambda _, question, true: [] if question["method"] == "eth_getLogs" else true)
    with Liar(table.chain.url, withheld) as liar:
        away = (RouteNotFound(CALL, Cause.LEDGER_AWAY), number)
        assert look_up(table, caller, tmp_path / "a.sqlite", liar.url, number, callee) == away
        told = look_up(table, caller, tmp_path / "b.sqlite", liar.url, number, callee, table.home.url)
        assert told == (found, number)


def route_to(callee: Address, provider: Address) -> Route:
    return Route(provider, callee, f"sip:0x{callee.hex()}@phone.test", PRICE)


def look_up(
    table: Table, caller: Account, cache: Path, rpc: str, number: str, callee: Account, home: str = NOWHERE
) -> tuple[RouteFound | RouteNotFound, str]:
    posted = Posted()
    table.chain.mine(64)  # what was registered is final now
    settings = DirectorySettings(table.deployment, (rpc,), None, cache, home, table.ca_file)
    directory = open_directory(caller.address, settings, posted)
    directory.start()
    directory.resolve(CALL, number)
    route = posted.wait_for(RouteFound, RouteNotFound)
    directory.identify(CALL, callee.address)
    # Nothing is posted where nothing can be said; what is asked behind it tells that it was tried.
    directory.resolve(CALL, number)
    posted.wait_for(RouteFound, RouteNotFound)
    directory.stop()
    identified = posted.of(CallerIdentified)
    return route, identified[0].number if identified else ""  # type: ignore[return-value]
