"""The ledger and the messages against the real contracts."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kallnet import calldata
from kallnet.abi import encode_call, selector
from kallnet.account import Account, Address, address_to_hex
from kallnet.cache import CachedLedger
from kallnet.deployment import Deployment, load_deployment
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry, verify_agreement
from kallnet.errors import LedgerRefused, LedgerUnreachable
from kallnet.ledger import Channel, Head, Ledger, open_ledger
from kallnet.messages import (
    CLIENT,
    SERVICE,
    Agreement,
    Deposit,
    Permit,
    Register,
    Release,
    Session,
    StartExit,
    TransferWithAuthorization,
    Voucher,
)
from kallnet.number import KallNumber, number_for
from kallnet.rpc import JsonRpc
from kallnet.typed import Domain, coin_domain, digest, escrow_domain, registry_domain
from tests.chain import LocalChain

pytestmark = pytest.mark.chain

EXIT_DELAY = 3600
TERM = 365 * 24 * 3600


@dataclass
class World:
    """A chain whose transactions are all paid for by somebody other than the accounts they are for."""

    chain: LocalChain
    deployment: Deployment
    rpc: JsonRpc
    ledger: Ledger
    alice: Account
    bob: Account

    @property
    def registry(self) -> Domain:
        return registry_domain(self.deployment)

    @property
    def escrow(self) -> Domain:
        return escrow_domain(self.deployment)

    @property
    def coin(self) -> Domain:
        return coin_domain(self.deployment)

    def deadline(self) -> int:
        return self.chain.time() + 600

    def relay(self, contract: Address, data: bytes) -> int:
        """The block of the transaction, whose sender has nothing to do with the accounts in it."""
        sender = self.chain.accounts[0].address
        transaction = {"from": sender, "to": address_to_hex(contract), "data": "0x" + data.hex()}
        receipt = self.chain.rpc("eth_sendTransactionSync", transaction)
        assert receipt["status"] == "0x1"
        return int(receipt["blockNumber"], 16)

    def register(self, account: Account, kind: int, entry: bytes, salt: int = 0) -> int:
        nonce = self.ledger.head(kind, account.address).nonce
        message = Register(kind, account.address, entry, salt, nonce, self.deadline())
        signature = account.sign(digest(self.registry, message))
        return self.relay(self.deployment.registry, calldata.register(message, signature))

    def deposit(self, amount: int) -> None:
        """Alice's, with a permit."""
        alice, escrow, deadline = self.alice.address, self.deployment.escrow, self.deadline()
        permit = Permit(alice, escrow, amount, self.ledger.permit_nonce(alice), deadline)
        nonce = self.ledger.escrow_nonce(alice)
        message = Deposit(alice, self.bob.address, amount, nonce, deadline)
        data = calldata.deposit_by_signature(
            message, self.alice.sign(digest(self.escrow, message)), self.alice.sign(digest(self.coin, permit))
        )
        self.relay(escrow, data)

    def voucher(self, cumulative: int, epoch: int = 0) -> tuple[Voucher, bytes]:
        voucher = Voucher(self.alice.address, self.bob.address, epoch, cumulative)
        return voucher, self.alice.sign(digest(self.escrow, voucher))

    def refusal(self, contract: Address, data: bytes) -> LedgerRefused:
        """What the contract says when the call is only simulated."""
        call = {"to": address_to_hex(contract), "data": "0x" + data.hex()}
        with pytest.raises(LedgerRefused) as caught:
            self.rpc.call("eth_call", [call, "latest"])
        return caught.value


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalChain, Deployment]]:
    out = tmp_path_factory.mktemp("deployments")
    with LocalChain() as chain:
        chain.deploy(out, exit_delay=EXIT_DELAY)
        yield chain, load_deployment(chain.deployment_path(out))


@pytest.fixture
def world(shared: tuple[LocalChain, Deployment]) -> Iterator[World]:
    chain, deployment = shared
    taken = chain.snapshot()
    rpc = JsonRpc([chain.url])
    ledger = open_ledger([chain.url], deployment, finality="latest")
    world = World(chain, deployment, rpc, ledger, Account(b"\x0a" * 32), Account(b"\x0b" * 32))
    world.relay(deployment.coin, calldata.transfer(world.alice.address, 10_000_000))
    yield world
    rpc.close()
    ledger.close()
    chain.revert(taken)


def client_entry(world: World, contact: str = "desk") -> ClientEntry:
    expiry = world.chain.time() + 3600
    signed = Agreement(world.bob.address, world.alice.address, "proxy", expiry)
    agreement = world.bob.sign(digest(world.registry, signed))
    ref = ProviderRef(world.bob.address, "proxy", expiry, agreement)
    return ClientEntry(world.alice.public_key, (1,), contact, b"\5" * 32, (ref,))


def service_entry(world: World) -> ServiceEntry:
    details = {"sip": "sip:127.0.0.1:5061;transport=tls", "turn": ["turn:127.0.0.1:3478"]}
    return ServiceEntry(world.bob.public_key, (1,), "proxy", (Cost(2_500, 1, 60),), "Bern", details)


def test_a_client_registers_without_gas_and_is_found_by_number(world: World) -> None:
    alice, entry = world.alice.address, client_entry(world)
    assert world.ledger.client_entry(alice) is None
    block = world.register(world.alice, CLIENT, entry.encode(), salt=7)
    number = number_for(alice, 7)
    head = world.ledger.head(CLIENT, alice)
    assert head == Head(number, world.ledger.chain_time() + TERM, block, 1)
    assert world.ledger.resolve(number) == alice
    found = world.ledger.client_entry(alice)
    assert found == entry
    assert found is not None
    verify_agreement(found.providers[0], alice, world.registry, world.chain.time())
    assert int(world.rpc.call("eth_getBalance", [address_to_hex(alice), "latest"]), 16) == 0


def test_the_largest_entry_goes_through(world: World) -> None:
    details = {f"k{i}": "x" * 256 for i in range(15)}
    entry = replace(service_entry(world), details=details).encode()
    assert len(entry) > 3_900
    world.register(world.bob, SERVICE, entry)
    found = world.ledger.service_entry(world.bob.address)
    assert found is not None
    assert found.encode() == entry


def test_an_update_replaces_the_entry_and_keeps_the_number(world: World) -> None:
    world.register(world.alice, CLIENT, client_entry(world).encode(), salt=1)
    newer = client_entry(world, "sofa")
    block = world.register(world.alice, CLIENT, newer.encode(), salt=2)
    assert world.ledger.client_entry(world.alice.address) == newer
    head = world.ledger.head(CLIENT, world.alice.address)
    assert (head.number, head.block, head.nonce) == (number_for(world.alice.address, 1), block, 2)


def test_a_service_has_an_entry_and_no_number(world: World) -> None:
    entry = service_entry(world)
    world.register(world.bob, SERVICE, entry.encode())
    assert world.ledger.service_entry(world.bob.address) == entry
    assert world.ledger.head(SERVICE, world.bob.address).number == 0
    assert world.ledger.client_entry(world.bob.address) is None


def test_a_lapsed_entry_and_its_number_are_gone(world: World) -> None:
    world.register(world.alice, CLIENT, client_entry(world).encode())
    world.chain.pass_time(TERM + 1)
    assert world.ledger.client_entry(world.alice.address) is None
    assert world.ledger.resolve(number_for(world.alice.address, 0)) is None


def test_a_release_frees_the_number_and_keeps_the_nonce(world: World) -> None:
    alice = world.alice.address
    world.register(world.alice, CLIENT, client_entry(world).encode())
    message = Release(CLIENT, alice, 1, world.deadline())
    data = calldata.release(message, world.alice.sign(digest(world.registry, message)))
    world.relay(world.deployment.registry, data)
    assert world.ledger.head(CLIENT, alice) == Head(0, 0, 0, 2)
    assert world.ledger.resolve(number_for(alice, 0)) is None
    assert world.ledger.client_entry(alice) is None


def test_a_registration_by_another_key_is_refused_with_the_contract_s_error(world: World) -> None:
    message = Register(CLIENT, world.alice.address, b"x", 0, 0, world.deadline())
    forged = calldata.register(message, world.bob.sign(digest(world.registry, message)))
    refused = world.refusal(world.deployment.registry, forged)
    assert refused.data == encode_call(
        "BadSignature(address,address)", world.alice.address, world.bob.address
    )
    assert "revert" in refused.message


def test_nobody_s_number_resolves_to_none(world: World) -> None:
    assert world.ledger.resolve(KallNumber(2_000_000_000)) is None


def test_a_channel_from_deposit_to_claim(world: World) -> None:
    alice, bob = world.alice.address, world.bob.address
    assert world.ledger.channel(alice, bob) == Channel(0, 0, 0, 0)
    world.deposit(5_000_000)
    assert world.ledger.channel(alice, bob) == Channel(5_000_000, 0, 0, 0)
    assert (world.ledger.coin_balance(alice), world.ledger.coin_balance(bob)) == (5_000_000, 0)
    assert (world.ledger.escrow_nonce(alice), world.ledger.permit_nonce(alice)) == (1, 1)
    world.relay(world.deployment.escrow, calldata.claim(*world.voucher(2_500)))
    world.relay(world.deployment.escrow, calldata.claim(*world.voucher(7_500)))
    assert world.ledger.channel(alice, bob) == Channel(5_000_000, 7_500, 0, 0)
    assert world.ledger.coin_balance(bob) == 7_500


def test_a_batch_pays_what_it_can(world: World) -> None:
    world.deposit(1_000_000)
    good, signature = world.voucher(400)
    forged = world.bob.sign(digest(world.escrow, replace(good, cumulative=900)))
    batch = calldata.claim_batch([replace(good, cumulative=900), good], [forged, signature])
    world.relay(world.deployment.escrow, batch)
    assert world.ledger.coin_balance(world.bob.address) == 400


def test_an_exit_returns_the_rest_and_ends_the_epoch(world: World) -> None:
    alice, bob, escrow = world.alice.address, world.bob.address, world.deployment.escrow
    world.deposit(1_000_000)
    message = StartExit(alice, bob, world.ledger.escrow_nonce(alice), world.deadline())
    world.relay(escrow, calldata.start_exit(message, world.alice.sign(digest(world.escrow, message))))
    assert world.ledger.channel(alice, bob).exit_at == world.ledger.chain_time() + EXIT_DELAY
    world.relay(escrow, calldata.claim(*world.voucher(300)))
    world.chain.pass_time(EXIT_DELAY)
    world.relay(escrow, calldata.exit(alice, bob))
    assert world.ledger.channel(alice, bob) == Channel(0, 0, 0, 1)
    assert world.ledger.coin_balance(alice) == 9_999_700
    old_epoch = world.refusal(escrow, calldata.claim(*world.voucher(600)))
    assert old_epoch.data[:4] == selector("WrongEpoch(uint256,uint256)")


def test_an_allowance_is_enough_for_a_deposit(world: World) -> None:
    permit = Permit(world.alice.address, world.deployment.escrow, 70, 0, world.deadline())
    world.relay(world.deployment.coin, calldata.permit(permit, world.alice.sign(digest(world.coin, permit))))
    message = Deposit(world.alice.address, world.bob.address, 70, 0, world.deadline())
    signature = world.alice.sign(digest(world.escrow, message))
    world.relay(world.deployment.escrow, calldata.deposit_by_signature(message, signature))
    assert world.ledger.channel(world.alice.address, world.bob.address).deposited == 70


def test_anyone_may_deposit_for_a_client(world: World) -> None:
    world.relay(world.deployment.coin, calldata.approve(world.deployment.escrow, 50))
    world.relay(world.deployment.escrow, calldata.deposit(world.alice.address, world.bob.address, 50))
    assert world.ledger.channel(world.alice.address, world.bob.address).deposited == 50


def test_a_signed_transfer_is_relayed_once(world: World) -> None:
    message = TransferWithAuthorization(
        world.alice.address, world.bob.address, 2_500, 0, world.deadline(), b"\7" * 32
    )
    data = calldata.transfer_with_authorization(message, world.alice.sign(digest(world.coin, message)))
    world.relay(world.deployment.coin, data)
    assert world.ledger.coin_balance(world.bob.address) == 2_500
    world.refusal(world.deployment.coin, data)


def test_the_coin_refuses_a_transfer_to_itself(world: World) -> None:
    coin = world.deployment.coin
    world.refusal(coin, calldata.transfer(coin, 1))


def test_the_registry_s_digests_of_what_never_reaches_it_are_ours(world: World) -> None:
    bob, alice = world.bob.address, world.alice.address
    agreement, session = Agreement(bob, alice, "proxy", 9), Session(alice, bob, b"\3" * 32)
    calls = {
        encode_call("agreementDigest(address,address,string,uint256)", bob, alice, "proxy", 9): agreement,
        encode_call("sessionDigest(address,address,bytes32)", alice, bob, b"\3" * 32): session,
    }
    for data, message in calls.items():
        call = {"to": address_to_hex(world.deployment.registry), "data": "0x" + data.hex()}
        assert world.rpc.call("eth_call", [call, "latest"]) == "0x" + digest(world.registry, message).hex()


def test_the_cache_carries_calls_while_the_chain_is_away(world: World, tmp_path: Path) -> None:
    entry = client_entry(world)
    world.register(world.alice, CLIENT, entry.encode())
    number = number_for(world.alice.address, 0)
    # The chain's clock runs ahead of ours after the tests that pass time.
    now = float(world.ledger.chain_time())
    with closing(CachedLedger(world.ledger, tmp_path / "ledger.db", clock=lambda: now)) as cache:
        assert cache.resolve(number) == world.alice.address
        assert cache.client_entry(world.alice.address) == entry
    away = open_ledger(["http://127.0.0.1:1"], world.deployment)
    with closing(CachedLedger(away, tmp_path / "ledger.db", clock=lambda: now + 1800)) as cache:
        assert cache.resolve(number) == world.alice.address
        assert cache.client_entry(world.alice.address) == entry
        with pytest.raises(LedgerUnreachable):
            cache.service_entry(world.bob.address)
