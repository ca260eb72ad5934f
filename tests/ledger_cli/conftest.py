from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kallnet.abi import decode, selector, split_types
from kallnet.account import Account, Address, address_to_hex
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.messages import CLIENT, SERVICE, Agreement
from kallnet.number import number_for
from kallnet.rpc import JsonRpc
from kallnet.typed import digest, registry_domain
from kallphone.cli import main
from kallphone.ledger.answer import Mined
from kallphone.ledger.desk import Desk
from kallphone.ledger.settings import Settings
from tests.kallnet.fakes import HEAD, NOW, ChainInMemory, FakeEndpoint, Published, ledger_over
from tests.kallnet.samples import ALICE, BOB, DEPLOYMENT

UUID = "8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69"
DOMAIN = registry_domain(DEPLOYMENT)
USER, PROVIDER, KRYPTON = (address_to_hex(a) for a in (ALICE.address, BOB.address, DEPLOYMENT.krypton))
KEYS = {"user": ALICE, "provider": BOB}


@dataclass
class FakeSender:
    """Mines what it is given, unless a refusal is waiting."""

    sent: list[tuple[Address, bytes]] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)

    def transact(self, contract: Address, data: bytes) -> Mined:
        if self.refusals:
            raise self.refusals.pop(0)
        self.sent.append((contract, data))
        return Mined(b"\x07" * 32, 12, 61_234)


class FakeDesk(Desk):
    """A desk over a chain in memory; keys and agreements are real files."""

    endpoint: FakeEndpoint
    taken: FakeSender

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.deployment = DEPLOYMENT
        self.rpc = JsonRpc([self.endpoint.name])
        self.rpc.endpoints = [self.endpoint]
        self.ledger = ledger_over(self.endpoint)
        self.sender = self.taken

    def close(self) -> None:
        pass


@dataclass
class Terminal:
    endpoint: FakeEndpoint
    sender: FakeSender
    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def chain(self) -> ChainInMemory:
        return self.endpoint.chain

    def type(self, *words: str, key: str | None = None) -> tuple[int, str, str]:
        """Exit code, and what was printed to whom."""
        options = [] if key is None else ["--key", str(self.key_file(KEYS[key]))]
        try:
            code = main(["ledger", *words, *options])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def lines(self, *words: str, key: str | None = None) -> list[str]:
        code, out, err = self.type(*words, key=key)
        assert (code, err) == (0, "")
        return out.splitlines()

    def key_file(self, account: Account) -> Path:
        path = self.folder / f"{account.address.hex()[:8]}.key"
        path.write_text(account.export_key().hex() + "\n")
        path.chmod(0o600)
        return path

    def publish_client(self, entry: ClientEntry, expiry: int = HEAD.expiry) -> None:
        head = replace(HEAD, number=number_for(ALICE.address, 0), expiry=expiry, nonce=4)
        self.chain.published[CLIENT, ALICE.address] = Published(entry.encode(), head)
        self.chain.numbers[head.number] = ALICE.address

    def publish_service(self, entry: ServiceEntry) -> None:
        self.chain.published[SERVICE, BOB.address] = Published(entry.encode(), replace(HEAD, nonce=2))

    def sent(self, function: str) -> tuple[Any, ...]:
        """The arguments of the only transaction, which must call this function."""
        ((_, data),) = self.sender.sent
        assert data[:4] == selector(function)
        return decode(split_types(function[function.index("(") + 1 : -1]), data[4:])


def agreed(expiry: int = NOW + 1, **changes: Any) -> ProviderRef:
    message = replace(Agreement(BOB.address, ALICE.address, "proxy", expiry), **changes)
    signature = BOB.sign(digest(DOMAIN, message))
    return ProviderRef(message.provider, message.service_type, message.expiry, signature)


def client(*providers: ProviderRef, **more: Any) -> ClientEntry:
    return ClientEntry(ALICE.public_key, (1,), providers=providers, **more)


def proxy(**details: str | list[str]) -> ServiceEntry:
    details = {"domain": "proxy.example.org"} | details
    return ServiceEntry(BOB.public_key, (1,), "proxy", (Cost(20, 1, 75),), details=details)


@pytest.fixture
def terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    terminal = Terminal(FakeEndpoint(ChainInMemory()), FakeSender(), tmp_path, capsys)
    monkeypatch.setattr(FakeDesk, "endpoint", terminal.endpoint, raising=False)
    monkeypatch.setattr(FakeDesk, "taken", terminal.sender, raising=False)
    monkeypatch.setattr("kallphone.ledger.cli.Desk", FakeDesk)
    for name in ("RPC", "DEPLOYMENT", "KEY", "PAYER", "AGREEMENTS", "CA_FILE"):
        monkeypatch.delenv(f"KALLPHONE_{name}", raising=False)
    return terminal
