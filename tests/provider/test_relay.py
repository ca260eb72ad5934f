from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kallnet import calldata
from kallnet.account import Account
from kallnet.entries import ClientEntry, ProviderRef
from kallnet.messages import CLIENT, SERVICE, Deposit, Rating, Register, StartExit, TransferWithAuthorization
from kallnet.typed import coin_domain, digest, escrow_domain, rating_domain, registry_domain
from kallprovider.agreements import Agreements
from kallprovider.books import Books
from kallprovider.chain import Receipt
from kallprovider.channels import Channels
from kallprovider.errors import BadRequest, Forbidden, NotAccepted, TooMany, Unauthorized
from kallprovider.meter import Meter
from kallprovider.relay import Relay, Relayed, RelayRequest, routed
from kallprovider.store import Store
from tests.provider.fakes import ALICE, BOB, DEPLOYMENT, PROVIDER, FakeChain, FakeClock, funded

REGISTRY, ESCROW, COIN = registry_domain(DEPLOYMENT), escrow_domain(DEPLOYMENT), coin_domain(DEPLOYMENT)
HERE = "192.0.2.1"
DEADLINE = 1_900_000_000


class Office:
    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.chain = FakeChain()
        self.store = Store(path, PROVIDER.address)
        self.books = Books(self.store, Meter(20), self.clock)
        channels = Channels(self.chain, self.books, confirmations=0)
        self.agreements = Agreements(PROVIDER, REGISTRY, self.store, self.chain, self.clock)
        self.relay = Relay(
            PROVIDER.address, DEPLOYMENT, self.agreements, channels, self.chain, 3, self.clock
        )

    def ref(self, client: Account = ALICE) -> ProviderRef:
        signed = self.agreements.sign(client.address)
        return ProviderRef(PROVIDER.address, "proxy", signed.message.expiry, signed.signature)

    def submit(
        self, message: Relayed, signer: Account = ALICE, source: str = HERE, permit: bytes = b""
    ) -> Receipt:
        domain, _ = routed(RelayRequest(message, b"\0" * 65), DEPLOYMENT)
        signature = signer.sign(digest(domain, message))
        return asyncio.run(self.relay.submit(RelayRequest(message, signature, permit), source))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "provider.sqlite")
    yield office
    office.store.close()


def test_a_provider_without_escrow_relays_no_deposit(tmp_path: Path) -> None:
    office = Office(tmp_path / "provider.sqlite")
    office.relay = Relay(
        PROVIDER.address,
        DEPLOYMENT,
        office.agreements,
        Channels(office.chain, office.books, confirmations=0),
        office.chain,
        3,
        office.clock,
        takes_deposits=False,
    )
    office.ref()
    with pytest.raises(BadRequest, match="takes no deposits"):
        office.submit(deposit())
    assert office.chain.sent == []
    office.store.close()


def registration(*refs: ProviderRef, account: Account = ALICE, kind: int = CLIENT) -> Register:
    entry = ClientEntry(account.public_key, (1,), providers=refs).encode()
    return Register(kind, account.address, entry, 0, 0, DEADLINE)


def deposit(client: Account = ALICE, provider: Account = PROVIDER) -> Deposit:
    return Deposit(client.address, provider.address, 500, 0, DEADLINE)


def test_a_newcomers_registration_goes_to_the_registry(office: Office) -> None:
    message = registration(office.ref())
    receipt = office.submit(message)
    assert receipt.gas_used == 57_000
    signature = ALICE.sign(digest(REGISTRY, message))
    assert office.chain.sent == [(DEPLOYMENT.registry, calldata.register(message, signature))]


def test_a_deposit_carries_its_permit_and_counts_at_once(office: Office) -> None:
    office.ref()

    def escrow(_: bytes) -> None:
        office.chain.mine(ALICE.address, funded(500))

    office.chain.on_transact = escrow
    office.submit(deposit(), permit=b"p" * 65)
    ((contract, data),) = office.chain.sent
    assert contract == DEPLOYMENT.escrow
    assert b"p" * 65 in data
    assert office.books.tab(ALICE.address).deposited == 500


def test_a_transfer_goes_to_the_coin(office: Office) -> None:
    office.ref()
    office.submit(
        TransferWithAuthorization(ALICE.address, BOB.address, 5, 0, DEADLINE, b"n" * 32)
    )
    assert office.chain.sent[0][0] == DEPLOYMENT.coin


def rating(client: Account, service: Account) -> Rating:
    return Rating(client.address, service.address, 735, 100, 12, 40, 410, 600, DEADLINE)


@pytest.mark.parametrize("service", [PROVIDER, BOB], ids=["ourselves", "another"])
def test_a_client_rates_whom_it_likes(office: Office, service: Account) -> None:
    office.ref()
    message = rating(ALICE, service)
    office.submit(message)
    signature = ALICE.sign(digest(rating_domain(DEPLOYMENT), message))
    assert office.chain.sent == [(DEPLOYMENT.rating, calldata.rate(message, signature))]


def test_a_rating_is_its_clients_alone(office: Office) -> None:
    office.ref()
    with pytest.raises(Unauthorized):
        office.submit(rating(ALICE, PROVIDER), signer=BOB)
    with pytest.raises(Forbidden):
        office.submit(rating(BOB, PROVIDER), signer=BOB)
    assert office.chain.sent == []


def test_nothing_is_relayed_for_strangers(office: Office) -> None:
    with pytest.raises(Forbidden, match="agreement"):
        office.submit(deposit(BOB), signer=BOB)
    assert office.chain.sent == []


def test_an_entry_on_the_ledger_makes_a_client(office: Office) -> None:
    ref = office.ref(BOB)
    office.store.put_agreement(BOB.address, 0)
    office.chain.entries[BOB.address] = ClientEntry(BOB.public_key, (1,), providers=(ref,))
    office.submit(deposit(BOB), signer=BOB)


def test_another_clients_agreement_makes_none(office: Office) -> None:
    ref = office.ref(ALICE)
    office.chain.entries[BOB.address] = ClientEntry(BOB.public_key, (1,), providers=(ref,))
    with pytest.raises(Forbidden):
        office.submit(deposit(BOB), signer=BOB)


def test_an_agreement_ends(office: Office) -> None:
    office.ref()
    office.clock.advance(366 * 86_400)
    with pytest.raises(Forbidden):
        office.submit(deposit())


def test_a_forged_message_is_refused_and_costs_the_victim_nothing(office: Office) -> None:
    office.ref()
    for _ in range(5):
        with pytest.raises(Unauthorized):
            office.submit(deposit(), signer=BOB)
    office.submit(deposit())


def test_deposits_with_other_providers_are_not_ours_to_pay_for(office: Office) -> None:
    office.ref()
    with pytest.raises(BadRequest, match="its own channels"):
        office.submit(deposit(provider=BOB))
    assert office.chain.sent == []


@pytest.mark.parametrize("provider", [PROVIDER, BOB], ids=["ourselves", "one that is gone"])
def test_a_client_leaves_whichever_provider_without_gas(office: Office, provider: Account) -> None:
    office.ref()
    message = StartExit(ALICE.address, provider.address, 0, DEADLINE)
    office.submit(message)
    signature = ALICE.sign(digest(ESCROW, message))
    asyncio.run(office.relay.exit(ALICE.address, provider.address, HERE))
    assert office.chain.sent == [
        (DEPLOYMENT.escrow, calldata.start_exit(message, signature)),
        (DEPLOYMENT.escrow, calldata.exit(ALICE.address, provider.address)),
    ]


def test_exits_are_for_clients_and_rationed(office: Office) -> None:
    with pytest.raises(Forbidden, match="agreement"):
        asyncio.run(office.relay.exit(ALICE.address, PROVIDER.address, HERE))
    office.ref()
    for _ in range(3):
        asyncio.run(office.relay.exit(ALICE.address, PROVIDER.address, HERE))
    with pytest.raises(TooMany):
        asyncio.run(office.relay.exit(ALICE.address, PROVIDER.address, HERE))
    assert len(office.chain.sent) == 3


def test_an_entry_must_name_this_provider(office: Office) -> None:
    ref = office.ref()
    with pytest.raises(BadRequest, match="agreement"):
        office.submit(registration())
    forged = replace(ref, agreement=BOB.sign(b"d" * 32))
    with pytest.raises(BadRequest, match="agreement"):
        office.submit(registration(forged))
    with pytest.raises(BadRequest, match="service pays"):
        office.submit(registration(ref, kind=SERVICE))
    with pytest.raises(BadRequest, match="invalid entry"):
        office.submit(Register(CLIENT, ALICE.address, b"junk", 0, 0, DEADLINE))
    other_key = replace(registration(ref), entry=registration(ref, account=BOB).entry)
    with pytest.raises(BadRequest, match="public key"):
        office.submit(other_key)
    assert office.chain.sent == []


def test_free_relays_are_rationed_by_account_and_by_source(office: Office) -> None:
    office.ref(ALICE)
    office.ref(BOB)
    for n in range(3):
        office.submit(deposit(), source=f"192.0.2.{n}")
    with pytest.raises(TooMany, match="60 minutes"):
        office.submit(deposit(), source="192.0.2.9")
    office.submit(deposit(BOB), signer=BOB, source="192.0.2.9")
    office.clock.advance(3_601)
    for _ in range(3):
        office.submit(deposit(), source=HERE)
    with pytest.raises(TooMany):
        office.submit(deposit(BOB), signer=BOB, source=HERE)
    assert len(office.chain.sent) == 7


def test_the_contracts_refusal_comes_back(office: Office) -> None:
    office.ref()
    office.chain.refusal = NotAccepted("it owns 0 and 500 is needed: top up")
    with pytest.raises(NotAccepted, match="top up"):
        office.submit(deposit())
