"""KRYPTON's README from the command line, against the real contracts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kallnet import calldata
from kallnet.abi import decode
from kallnet.account import Account, address_from_hex, address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.ledger import Ledger, open_ledger
from kallnet.messages import CLIENT, SERVICE, Release
from kallnet.number import format_number, number_for
from kallnet.rpc import JsonRpc
from kallnet.typed import digest, registry_domain
from kallphone.ledger.errors import ContractRefused
from kallphone.ledger.sending import TransactionSender
from tests.chain import ChainAccount, LocalChain

pytestmark = pytest.mark.chain

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "docs" / "krypton-examples.sh"
UUID = "8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69"
OTHER_UUID = "0b1c2d3e-4f50-4617-a829-3a4b5c6d7e8f"


@dataclass
class Terminal:
    """A shell whose environment says where the ledger is, and two people's keys in a folder."""

    chain: LocalChain
    deployment: Deployment
    folder: Path
    environment: dict[str, str]
    ledger: Ledger

    @property
    def user(self) -> ChainAccount:
        return self.person(1)

    @property
    def provider(self) -> ChainAccount:
        return self.person(2)

    def person(self, index: int) -> ChainAccount:
        account = self.chain.accounts[index]
        return ChainAccount(address_to_hex(address_from_hex(account.address)), account.key)

    @property
    def krypton(self) -> str:
        return address_to_hex(self.deployment.krypton)

    def key_file(self, key: str) -> Path:
        path = self.folder / f"{key[2:10]}.key"
        path.write_text(key + "\n")
        path.chmod(0o600)
        return path

    def run(self, *arguments: str, key: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | more
        if key is not None:
            environment["KALLPHONE_KEY"] = str(self.key_file(key))
        return subprocess.run(
            arguments, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    def type(self, *words: str, key: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "kallphone", "ledger", *words, key=key)

    def fields(self, *words: str, key: str | None = None) -> Any:
        done = self.type(*words, "--json", key=key)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def set_up(self) -> None:
        """A provider that is deployed and has agreed to serve the user."""
        self.fields("deploy", self.provider.address, "proxy.example.org", key=self.provider.key)
        self.fields("agree", self.user.address, key=self.provider.key)

    def register(self, uuid: str = UUID) -> Any:
        words = (self.user.address, self.provider.address, uuid)
        return self.fields("register", *words, key=self.user.key)

    def contract_says(self, kind: str) -> str:
        data = calldata.krypton_query(kind, address_from_hex(self.user.address))
        call = {"to": self.krypton, "data": "0x" + data.hex()}
        answer = bytes.fromhex(self.chain.rpc("eth_call", call, "latest")[2:])
        return str(decode(("string",), answer)[0])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalChain, Path]]:
    out = tmp_path_factory.mktemp("deployments")
    with LocalChain() as chain:
        chain.deploy(out)
        yield chain, chain.deployment_path(out)


@pytest.fixture
def terminal(shared: tuple[LocalChain, Path], tmp_path: Path) -> Iterator[Terminal]:
    chain, path = shared
    taken = chain.snapshot()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "firmware"),
        "KALLPHONE_RPC": chain.url,
        "KALLPHONE_DEPLOYMENT": str(path),
        "KALLPHONE_AGREEMENTS": str(tmp_path / "agreements"),
    }
    deployment = load_deployment(path)
    ledger = open_ledger([chain.url], deployment, finality="latest")
    yield Terminal(chain, deployment, tmp_path, environment, ledger)
    ledger.close()
    chain.revert(taken)


def answers(output: str) -> list[tuple[str, list[str]]]:
    """Each command of the script with the lines that it answered."""
    parts = [part.splitlines() for part in output.split("> ")[1:]]
    return [(part[0], part[1:]) for part in parts]


def test_kryptons_readme_runs_as_written(terminal: Terminal) -> None:
    user, provider, contract = terminal.user.address, terminal.provider.address, terminal.krypton
    done = terminal.run(
        str(SCRIPT),
        KALLPHONE=f"{sys.executable} -m kallphone",
        PROXY_NAME="proxy.example.org",
        PROVIDER=provider,
        PROVIDER_KEY=str(terminal.key_file(terminal.provider.key)),
        USER_ADDRESS=user,
        USER_KEY=str(terminal.key_file(terminal.user.key)),
        UUID=UUID,
    )
    assert done.returncode == 0, done.stderr
    said = [(command, lines[0]) for command, lines in answers(done.stdout)]
    assert [command for command, _ in said if command.startswith("invoke")] == [
        f"invoke {contract} version []",
        f"invoke {contract} deploy [{provider},proxy.example.org]",
        f"invoke {contract} register [{user},{provider},{UUID}]",
        f"invoke {contract} query [uuid,{user}]",
        f"invoke {contract} query [location,{user}]",
        f"invoke {contract} unregister [{user}]",
        f"invoke {contract} undeploy [{provider}]",
    ]
    agreed = next(line for command, line in said if command == f"ledger agree {user}")
    assert agreed.startswith(f"{provider} agrees to serve {user} until ")
    assert [line for command, line in said if command.startswith("invoke")] == [
        "1",
        f"{provider} is deployed at proxy.example.org",
        f"{user} is registered with {provider}",
        UUID,
        "proxy.example.org",
        f"{user} is unregistered: its number is free again",
        f"{provider} is undeployed",
    ]
    assert terminal.ledger.head(CLIENT, address_from_hex(user)).expiry == 0
    assert terminal.ledger.head(SERVICE, address_from_hex(provider)).expiry == 0


def test_the_quoted_list_and_the_plain_verbs_do_the_same(terminal: Terminal) -> None:
    terminal.set_up()
    terminal.register()
    contract, user = terminal.krypton, terminal.user.address
    for kind in ("uuid", "location", "provider"):
        spelled = terminal.fields("invoke", contract, "query", f'["{kind}", "{user}"]')
        assert spelled == terminal.fields("query", kind, user)
        assert spelled["result"] == terminal.contract_says(kind)


def test_a_user_is_found_by_its_number(terminal: Terminal) -> None:
    terminal.set_up()
    registered = terminal.register()
    number = number_for(address_from_hex(terminal.user.address), 0)
    assert registered["number"] == str(number)
    assert registered["block"] == int(terminal.chain.rpc("eth_blockNumber"), 16)
    assert terminal.fields("query", "uuid", str(number))["result"] == UUID
    assert terminal.type("number", terminal.user.address).stdout == format_number(number) + "\n"
    shown = terminal.type("query", "entry", terminal.user.address).stdout
    assert "agreed until" in shown
    assert "at proxy.example.org" in shown


def test_registering_again_replaces_all_of_it(terminal: Terminal) -> None:
    terminal.set_up()
    number = terminal.register()["number"]
    other = terminal.person(3)
    terminal.fields("deploy", other.address, "other.example", key=other.key)
    terminal.fields("agree", terminal.user.address, key=other.key)
    words = (terminal.user.address, other.address, OTHER_UUID)
    assert terminal.fields("register", *words, key=terminal.user.key)["number"] == number
    assert terminal.contract_says("uuid") == OTHER_UUID
    assert terminal.contract_says("location") == "other.example"
    entry = terminal.ledger.client_entry(address_from_hex(terminal.user.address))
    assert entry is not None
    assert [ref.provider for ref in entry.providers] == [address_from_hex(other.address)]


def test_a_user_of_an_undeployed_provider_has_no_location(terminal: Terminal) -> None:
    terminal.set_up()
    terminal.register()
    terminal.fields("undeploy", terminal.provider.address, key=terminal.provider.key)
    done = terminal.type("query", "location", terminal.user.address)
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no provider" in done.stderr


def test_renewing_and_releasing_the_own_entry(terminal: Terminal) -> None:
    terminal.set_up()
    terminal.register()
    user = address_from_hex(terminal.user.address)
    before = terminal.ledger.head(CLIENT, user).expiry
    terminal.chain.pass_time(86_400)
    renewed = terminal.fields("renew", key=terminal.user.key)
    assert renewed["expiry"] == terminal.ledger.head(CLIENT, user).expiry >= before + 86_400
    assert terminal.contract_says("uuid") == UUID
    terminal.fields("release", key=terminal.user.key)
    assert terminal.ledger.head(CLIENT, user).expiry == 0


def test_a_payer_pays_for_an_account_without_gas(terminal: Terminal) -> None:
    terminal.set_up()
    poor = Account(b"\x77" * 32)
    address, key = address_to_hex(poor.address), "0x" + (b"\x77" * 32).hex()
    terminal.fields("agree", address, key=terminal.provider.key)
    words = ("register", address, terminal.provider.address, UUID)
    refused = terminal.type(*words, key=key)
    assert refused.returncode == 1
    assert f"{address} has 0.000000 for gas" in refused.stderr
    payer = str(terminal.key_file(terminal.user.key))
    terminal.fields(*words, "--payer", payer, key=key)
    assert terminal.fields("query", "uuid", address)["result"] == UUID


def test_anothers_key_registers_nobody(terminal: Terminal) -> None:
    terminal.set_up()
    stranger = terminal.person(4)
    words = ("register", terminal.user.address, terminal.provider.address, UUID)
    refused = terminal.type(*words, key=stranger.key)
    assert refused.returncode == 1
    assert f"is the key of {stranger.address}: name that of {terminal.user.address}" in refused.stderr


def test_the_contracts_refusal_is_told_in_words_and_costs_nothing(terminal: Terminal) -> None:
    terminal.set_up()
    provider = Account(bytes.fromhex(terminal.provider.key[2:]))
    release = Release(SERVICE, provider.address, 5, terminal.chain.time() + 60)
    signature = provider.sign(digest(registry_domain(terminal.deployment), release))
    block = terminal.chain.rpc("eth_blockNumber")
    with closing(JsonRpc([terminal.chain.url])) as rpc:
        sender = TransactionSender(rpc, terminal.chain.chain_id, provider)
        with pytest.raises(ContractRefused, match="sign it again with nonce 1"):
            sender.transact(terminal.deployment.krypton, calldata.krypton_undeploy(release, signature))
    assert terminal.chain.rpc("eth_blockNumber") == block


def test_an_endpoint_of_another_chain_is_not_believed(terminal: Terminal) -> None:
    other = terminal.folder / "5.json"
    deployment = json.loads(Path(terminal.environment["KALLPHONE_DEPLOYMENT"]).read_text())
    other.write_text(json.dumps(deployment | {"chain_id": 5}))
    done = terminal.type("version", "--deployment", str(other))
    assert (done.returncode, "serves chain 31337, not 5" in done.stderr) == (1, True)
