"""The owner's wallet against a real provider, real contracts and a real chain: no gas of one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from kallnet import calldata
from kallnet.account import Account, address_to_hex
from kallnet.deployment import load_deployment
from kallnet.ledger import Ledger, open_ledger
from kallphone.cli import main
from kallphone.payments.settings import PaymentsSettings
from kallphone.payments.worker import PaymentsWorker
from kallphone.phone.commands import SignVoucher
from kallphone.phone.events import CallId, VoucherAccepted
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from tests.chain import LocalChain
from tests.payments.conftest import Phone, Posted, until
from tests.provider.process import ProviderProcess

pytestmark = pytest.mark.chain

PRICE, TARGET, FREE = 10, 1000, 500
EXIT_DELAY = 3600
OWNER = address_to_hex(Account((5).to_bytes(32, "big")).address)


@pytest.fixture(scope="module")
def chain() -> Iterator[LocalChain]:
    with LocalChain() as chain:
        yield chain


@pytest.fixture(scope="module")
def deployment_path(chain: LocalChain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("contracts")
    chain.deploy(out, exit_delay=EXIT_DELAY)
    return chain.deployment_path(out)


@pytest.fixture(scope="module")
def ledger(chain: LocalChain, deployment_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger([chain.url], load_deployment(deployment_path), finality="latest")
    yield ledger
    ledger.close()


@pytest.fixture
def home(chain: LocalChain, deployment_path: Path, tmp_path: Path) -> Iterator[ProviderProcess]:
    directory = tmp_path / "provider"
    directory.mkdir()
    with ProviderProcess(directory, chain.url, deployment_path, price=PRICE, minimum=1) as provider:
        chain.give_gas(address_to_hex(account_of(provider).address))
        assert provider.run("register").returncode == 0
        provider.start()
        yield provider


def account_of(provider: ProviderProcess) -> Account:
    return Account(bytes.fromhex((provider.directory / "provider.key").read_text().strip()))


class Owner:
    """A phone that was topped up and paid for two periods, and its file."""

    def __init__(
        self,
        folder: Path,
        chain: LocalChain,
        deployment: Path,
        home: ProviderProcess,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.chain, self.home, self._deployment, self._capsys = chain, home, deployment, capsys
        self.state = folder / "state"
        self.account = key_in(self.state).create()
        self.ca_file = folder / "authority.crt"
        self.ca_file.write_text(home.authority.read_text())
        self.file = folder / "kallphone.toml"
        text = (files("kallphone") / "example.toml").read_text()
        for old, new in (
            ("http://127.0.0.1:8545", chain.url), ("deployment.json", str(deployment)),
            ("https://127.0.0.1:8443", home.url), ('ca_file = ""', f'ca_file = "{self.ca_file}"'),
            ('owner = ""', f'owner = "{OWNER}"'), ("deposit = 2_000_000", "deposit = 0"),
        ):  # fmt: skip
            assert old in text
            text = text.replace(old, new)
        self.file.write_text(text)
        chain.give_coins(address_to_hex(self.account.address), TARGET + FREE)
        self.pay()

    def pay(self) -> None:
        phone = self.phone()
        provider = phone.opened().credit.provider
        for period in (1, 2):
            phone.worker.sign_voucher(SignVoucher(CallId(1), provider, 0, period * PRICE))
            phone.posted.wait_for(VoucherAccepted)
        phone.stop()

    def phone(self) -> Phone:
        posted, database = Posted(), Database(self.state / "phone.sqlite")
        settings = PaymentsSettings(
            self.home.url, self._deployment, (self.chain.url,), None, TARGET, self.ca_file
        )
        worker = PaymentsWorker(self.account, settings, database, posted)
        worker.start()
        return Phone(self.account, posted, worker, database)

    def run(self, *words: str) -> dict:
        code = main(["wallet", words[0], str(self.file), *words[1:], "--json"])
        out, err = self._capsys.readouterr()
        assert code == 0, err
        return json.loads(out)

    def fail(self, *words: str) -> str:
        assert main(["wallet", words[0], str(self.file), *words[1:]]) == 1
        return self._capsys.readouterr().err


@pytest.fixture
def owner(
    tmp_path: Path,
    chain: LocalChain,
    deployment_path: Path,
    home: ProviderProcess,
    capsys: pytest.CaptureFixture[str],
) -> Owner:
    return Owner(tmp_path, chain, deployment_path, home, capsys)


def coins(ledger: Ledger, account: str) -> int:
    return ledger.coin_balance(bytes.fromhex(account[2:]))  # type: ignore[arg-type]


def test_all_the_money_comes_home_without_gas(owner: Owner, ledger: Ledger):
    provider, own = address_to_hex(account_of(owner.home).address), address_to_hex(owner.account.address)
    before = coins(ledger, OWNER)
    balance = owner.run("balance")
    assert (balance["free"], balance["deposits"][provider]["deposited"]) == (FREE, TARGET)
    assert owner.run("withdraw", OWNER, "0.0002")["amount"] == 200
    assert coins(ledger, OWNER) - before == 200
    assert "300 base units are free" in owner.fail("withdraw", OWNER, "0.000301")

    at = owner.run("exit", "home")["exit_at"]
    assert owner.run("exit", provider)["exit_at"] == at, "too early: it says again when"
    until(lambda: ledger.channel(owner.account.address, account_of(owner.home).address).claimed == 2 * PRICE)
    owner.chain.pass_time(EXIT_DELAY)
    assert owner.run("exit", "home")["returned"] == TARGET - 2 * PRICE
    assert owner.run("withdraw", "owner", "all")["amount"] == 300 + TARGET - 2 * PRICE
    assert coins(ledger, OWNER) - before == TARGET + FREE - 2 * PRICE
    assert coins(ledger, own) == 0
    assert owner.chain.rpc("eth_getBalance", own, "latest") == "0x0"
    assert owner.chain.rpc("eth_getTransactionCount", own, "latest") == "0x0"
    assert "nothing is on deposit" in owner.fail("exit", "home")


def test_a_restored_phone_goes_on_from_the_voucher_that_the_provider_holds(owner: Owner, tmp_path: Path):
    words = key_in(owner.state).words()
    owner.state = tmp_path / "new"
    assert key_in(owner.state).restore(words).address == owner.account.address
    phone = owner.phone()
    line = phone.opened()
    assert (line.credit.deposited, line.credit.signed) == (TARGET, 2 * PRICE)
    phone.worker.sign_voucher(SignVoucher(CallId(1), line.credit.provider, 0, 3 * PRICE))
    assert phone.posted.wait_for(VoucherAccepted).cumulative == 3 * PRICE
    phone.stop()


def put_on_deposit(owner: Owner, provider: Account, amount: int) -> None:
    """By somebody else, who has gas."""
    deployment = load_deployment(owner._deployment)
    coin, escrow = address_to_hex(deployment.coin), address_to_hex(deployment.escrow)
    owner.chain.transact(coin, calldata.approve(deployment.escrow, amount))
    owner.chain.transact(escrow, calldata.deposit(owner.account.address, provider.address, amount))


def test_a_deposit_with_a_provider_that_is_gone_comes_back_through_another(owner: Owner, ledger: Ledger):
    gone = Account.generate()
    put_on_deposit(owner, gone, 77)
    who = address_to_hex(gone.address)
    assert who not in owner.run("balance")["deposits"]
    assert owner.run("balance", "--search")["deposits"][who]["deposited"] == 77
    assert who in owner.run("balance")["deposits"], "it is remembered"
    assert owner.run("exit", who)["exit_at"] > 0
    owner.chain.pass_time(EXIT_DELAY)
    assert owner.run("exit", who)["returned"] == 77
    assert ledger.coin_balance(owner.account.address) == FREE + 77


def test_where_no_provider_helps_gas_of_ones_own_does(owner: Owner, ledger: Ledger, tmp_path: Path):
    payer = Account.generate()
    key = tmp_path / "payer.key"
    key.write_text(payer.export_key().hex())
    key.chmod(0o600)
    owner.chain.give_gas(address_to_hex(payer.address))
    provider = address_to_hex(account_of(owner.home).address)
    owner.home.kill()
    assert "no answer" in (said := owner.fail("exit", provider)) or "refused" in said.lower()
    before = coins(ledger, OWNER)
    owner.run("exit", provider, "--payer", str(key))
    owner.chain.pass_time(EXIT_DELAY)
    assert owner.run("exit", provider, "--payer", str(key))["returned"] == TARGET, "it never claimed"
    assert owner.run("withdraw", "owner", "all", "--payer", str(key))["amount"] == TARGET + FREE
    assert coins(ledger, OWNER) - before == TARGET + FREE
