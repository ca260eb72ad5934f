from dataclasses import replace

import pytest

from kallnet import slots
from kallnet.account import Account, Address
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.errors import EntryInvalid, LedgerInconsistent, LedgerUnreachable
from kallnet.keccak import keccak256
from kallnet.ledger import BodySource, Channel, Head, Ledger, open_ledger
from kallnet.messages import CLIENT, SERVICE, Agreement
from kallnet.number import KallNumber, number_for
from kallnet.typed import digest, registry_domain
from tests.kallnet.fakes import NOW, ChainInMemory, FakeEndpoint, Published, ledger_over, numbered
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT

ENTRY = ClientEntry(ALICE.public_key, (1,), contact="desk").encode()
SERVICE_ENTRY = ServiceEntry(BOB.public_key, (1,), "proxy", (Cost(5, 1, 100),)).encode()


@pytest.fixture
def chain() -> ChainInMemory:
    return ChainInMemory(
        published={
            (CLIENT, ALICE.address): Published(ENTRY),
            (SERVICE, BOB.address): Published(SERVICE_ENTRY),
        }
    )


@pytest.fixture
def endpoint(chain: ChainInMemory) -> FakeEndpoint:
    return FakeEndpoint(chain)


@pytest.fixture
def ledger(endpoint: FakeEndpoint) -> Ledger:
    return ledger_over(endpoint)


def test_only_endpoints_of_the_deployment_s_chain_are_asked(ledger: Ledger, endpoint: FakeEndpoint) -> None:
    ledger.client_entry(ALICE.address)
    assert endpoint.chain_ids == {DEPLOYMENT.chain_id}


def test_an_entry_is_found_by_the_block_of_its_head(ledger: Ledger, chain: ChainInMemory) -> None:
    entry = ledger.client_entry(ALICE.address)
    assert entry is not None
    assert entry.contact == "desk"
    service = ledger.service_entry(BOB.address)
    assert service is not None
    assert service.costs == (Cost(5, 1, 100),)
    assert ledger.head(CLIENT, ALICE.address) == Head(0, NOW + 1, 7, 1)


def test_who_never_registered_has_no_entry(ledger: Ledger, endpoint: FakeEndpoint) -> None:
    assert ledger.client_entry(BOB.address) is None
    assert ledger.service_entry(ALICE.address) is None
    assert ledger.head(CLIENT, BOB.address) == Head(0, 0, 0, 0)
    assert "eth_getLogs" not in endpoint.asked


def test_a_lapsed_entry_is_none(ledger: Ledger, chain: ChainInMemory) -> None:
    chain.time = NOW + 1
    assert ledger.client_entry(ALICE.address) is None


def test_only_the_entry_with_the_registry_s_hash_counts(ledger: Ledger, chain: ChainInMemory) -> None:
    forged = Published(ClientEntry(ALICE.public_key, (1,), contact="forged").encode()).log()
    chain.noise = [forged, "junk", {}, {"data": None}, {"data": "0x00"}, {"data": "0xzz"}]
    entry = ledger.client_entry(ALICE.address)
    assert entry is not None
    assert entry.contact == "desk"


def test_an_endpoint_without_the_entry_is_inconsistent(ledger: Ledger, chain: ChainInMemory) -> None:
    chain.published[CLIENT, ALICE.address].hash = keccak256(b"another")
    with pytest.raises(LedgerInconsistent, match=r"the entry of 0x.* no endpoint shows it \(http://fake"):
        ledger.client_entry(ALICE.address)


@pytest.mark.parametrize("entry", [b"\0", SERVICE_ENTRY, ClientEntry(BOB.public_key, (1,)).encode()])
def test_an_unusable_or_foreign_entry_is_refused(ledger: Ledger, chain: ChainInMemory, entry: bytes) -> None:
    chain.published[CLIENT, ALICE.address] = Published(entry)
    with pytest.raises(EntryInvalid):
        ledger.client_entry(ALICE.address)


def test_a_number_resolves_to_the_account_that_it_follows_from(ledger: Ledger, chain: ChainInMemory) -> None:
    for salt in (0, 15):
        number = number_for(ALICE.address, salt)
        numbered(chain, ALICE.address, number)
        assert ledger.resolve(number) == ALICE.address
    assert ledger.resolve(KallNumber(2_000_000_000)) is None


def test_a_number_that_can_t_be_the_account_s_is_inconsistent(ledger: Ledger, chain: ChainInMemory) -> None:
    number = number_for(ALICE.address, 3)
    chain.numbers[number] = BOB.address
    with pytest.raises(LedgerInconsistent, match=f"{number} can't be the number of 0x"):
        ledger.resolve(number)


def test_a_lapsed_account_s_number_is_nobody_s(ledger: Ledger, chain: ChainInMemory) -> None:
    number = number_for(ALICE.address, 0)
    numbered(chain, ALICE.address, number)
    chain.time = NOW + 1
    assert ledger.resolve(number) is None


def test_channel_balance_and_nonces(ledger: Ledger, chain: ChainInMemory) -> None:
    a, b = ALICE.address, BOB.address
    fields = (2**88 - 1) | 3 << 88 | (2**40 - 1) << 176 | 5 << 216
    chain.words = {
        (DEPLOYMENT.escrow, slots.channel(a, b)): fields,
        (DEPLOYMENT.escrow, slots.escrow_nonce(a)): 11,
        (DEPLOYMENT.coin, slots.coin_nonce(a)): 12,
        (DEPLOYMENT.coin, slots.balance(a)): 13,
    }
    assert ledger.channel(a, b) == Channel(2**88 - 1, 3, 2**40 - 1, 5)
    assert (ledger.escrow_nonce(a), ledger.permit_nonce(a), ledger.coin_balance(a)) == (11, 12, 13)
    assert (ledger.escrow_nonce(b), ledger.coin_balance(b)) == (0, 0)


def test_an_address_without_the_contract_is_named(endpoint: FakeEndpoint) -> None:
    elsewhere = replace(DEPLOYMENT, coin=Address(b"\x99" * 20))
    empty = Ledger(ledger_over(endpoint).state, elsewhere)
    with pytest.raises(LedgerInconsistent, match=r"no contract 0x9999.* at block 100: is"):
        empty.coin_balance(ALICE.address)


def test_a_block_from_before_the_contracts_proves_nothing(endpoint: FakeEndpoint) -> None:
    younger = Ledger(ledger_over(endpoint).state, replace(DEPLOYMENT, block=101))
    with pytest.raises(LedgerInconsistent, match=r"block 100 is older than the contracts.* from block 101"):
        younger.client_entry(ALICE.address)


def test_providers_without_a_good_agreement_are_left_out(ledger: Ledger, chain: ChainInMemory) -> None:
    good, forged, lapsed = (ref(BOB, NOW + 1), ref(CAROL, NOW + 1, by=BOB), ref(CAROL, NOW, "gateway"))
    entry = ClientEntry(ALICE.public_key, (1,), providers=(good, forged, lapsed))
    chain.published[CLIENT, ALICE.address] = Published(entry.encode())
    found = ledger.client_entry(ALICE.address)
    assert found is not None
    assert found.providers == (good,)


def ref(provider: Account, expiry: int, kind: str = "proxy", by: Account | None = None) -> ProviderRef:
    message = Agreement(provider.address, ALICE.address, kind, expiry)
    signature = (by or provider).sign(digest(registry_domain(DEPLOYMENT), message))
    return ProviderRef(provider.address, kind, expiry, signature)


def test_a_slot_that_holds_no_address_is_inconsistent(endpoint: FakeEndpoint, chain: ChainInMemory) -> None:
    number = number_for(ALICE.address, 0)
    chain.words[DEPLOYMENT.registry, slots.holder(number)] = 1 << 200
    with pytest.raises(LedgerInconsistent, match="holds no address"):
        ledger_over(endpoint).resolve(number)


def test_an_endpoint_listed_twice_would_agree_with_itself() -> None:
    with pytest.raises(ValueError, match="listed twice"):
        open_ledger(["http://a/", "http://b/", "http://a/"], DEPLOYMENT)


def test_an_entry_s_bytes_may_come_from_anyone(endpoint: FakeEndpoint, chain: ChainInMemory) -> None:
    endpoint.forge = lambda method, _, true: [] if method == "eth_getLogs" else true
    asked: list[tuple[int, bytes]] = []

    def source(answer: bytes | None) -> BodySource:
        return lambda kind, account: [asked.append((kind, account)), answer][1]  # type: ignore[return-value]

    state = ledger_over(endpoint).state
    ledger = Ledger(state, DEPLOYMENT, [source(None), source(b"forged"), source(ENTRY)])
    entry = ledger.client_entry(ALICE.address)
    assert entry is not None
    assert entry.contact == "desk"
    assert asked == [(CLIENT, ALICE.address)] * 3
    with pytest.raises(LedgerInconsistent, match="no endpoint shows it"):
        Ledger(state, DEPLOYMENT, [source(b"forged")]).client_entry(ALICE.address)


def test_while_the_chain_is_away_every_read_says_so(ledger: Ledger, endpoint: FakeEndpoint) -> None:
    endpoint.away = True
    account: Account = ALICE
    for read in (ledger.client_entry, ledger.service_entry, ledger.coin_balance, ledger.escrow_nonce):
        with pytest.raises(LedgerUnreachable):
            read(account.address)
    with pytest.raises(LedgerUnreachable):
        ledger.channel(ALICE.address, BOB.address)
    with pytest.raises(LedgerUnreachable):
        ledger.resolve(KallNumber(2_000_000_000))
