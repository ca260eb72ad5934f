from dataclasses import replace
from typing import Any

import pytest

from kallnet.abi import selector
from kallnet.account import Account, Address
from kallnet.entries import ClientEntry, Cost, ServiceEntry
from kallnet.errors import EntryInvalid, LedgerInconsistent, LedgerUnreachable
from kallnet.keccak import keccak256
from kallnet.ledger import Channel, Head, Ledger
from kallnet.messages import CLIENT, SERVICE
from kallnet.number import KallNumber, number_for
from tests.kallnet.fakes import COIN, ESCROW, NOW, ChainInMemory, Published
from tests.kallnet.samples import ALICE, BOB, DEPLOYMENT

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
def ledger(chain: ChainInMemory) -> Ledger:
    return Ledger(chain, DEPLOYMENT)


def test_only_endpoints_of_the_deployment_s_chain_are_asked(ledger: Ledger, chain: ChainInMemory) -> None:
    assert chain.chain_id == DEPLOYMENT.chain_id


def test_an_entry_is_found_by_the_block_of_its_head(ledger: Ledger, chain: ChainInMemory) -> None:
    entry = ledger.client_entry(ALICE.address)
    assert entry is not None
    assert entry.contact == "desk"
    service = ledger.service_entry(BOB.address)
    assert service is not None
    assert service.costs == (Cost(5, 1, 100),)
    assert ledger.head(CLIENT, ALICE.address) == Head(0, NOW + 1, 7, 1)


def test_who_never_registered_has_no_entry(ledger: Ledger, chain: ChainInMemory) -> None:
    assert ledger.client_entry(BOB.address) is None
    assert ledger.service_entry(ALICE.address) is None
    assert ledger.head(CLIENT, BOB.address) == Head(0, 0, 0, 0)
    assert "eth_getLogs" not in chain.asked


def test_a_lapsed_entry_is_none(ledger: Ledger, chain: ChainInMemory) -> None:
    chain.time = hex(NOW + 1)
    assert ledger.client_entry(ALICE.address) is None


def test_only_the_entry_with_the_registry_s_hash_counts(ledger: Ledger, chain: ChainInMemory) -> None:
    forged = Published(ClientEntry(ALICE.public_key, (1,), contact="forged").encode()).log()
    chain.noise = [forged, "junk", {}, {"data": None}, {"data": "0x00"}, {"data": "0xzz"}]
    entry = ledger.client_entry(ALICE.address)
    assert entry is not None
    assert entry.contact == "desk"


def test_an_endpoint_without_the_entry_is_inconsistent(ledger: Ledger, chain: ChainInMemory) -> None:
    chain.published[CLIENT, ALICE.address].hash = keccak256(b"another")
    with pytest.raises(LedgerInconsistent, match=r"block 7 .* lacks the entry of 0x"):
        ledger.client_entry(ALICE.address)


@pytest.mark.parametrize("entry", [b"\0", SERVICE_ENTRY, ClientEntry(BOB.public_key, (1,)).encode()])
def test_an_unusable_or_foreign_entry_is_refused(ledger: Ledger, chain: ChainInMemory, entry: bytes) -> None:
    chain.published[CLIENT, ALICE.address] = Published(entry)
    with pytest.raises(EntryInvalid):
        ledger.client_entry(ALICE.address)


def test_a_number_resolves_to_the_account_that_it_follows_from(ledger: Ledger, chain: ChainInMemory) -> None:
    for salt in (0, 15):
        number = number_for(ALICE.address, salt)
        chain.numbers[number] = ALICE.address
        assert ledger.resolve(number) == ALICE.address
    assert ledger.resolve(KallNumber(2_000_000_000)) is None


def test_a_number_that_can_t_be_the_account_s_is_inconsistent(ledger: Ledger, chain: ChainInMemory) -> None:
    number = number_for(ALICE.address, 3)
    chain.numbers[number] = BOB.address
    with pytest.raises(LedgerInconsistent, match=f"{number} can't be the number of 0x"):
        ledger.resolve(number)


def test_channel_balance_and_nonces(ledger: Ledger, chain: ChainInMemory) -> None:
    a, b = ALICE.address, BOB.address
    chain.words = {
        (ESCROW, selector("channel(address,address)"), (a, b)): (2**88 - 1, 3, 2**40 - 1, 5),
        (ESCROW, selector("nonces(address)"), (a,)): (11,),
        (COIN, selector("nonces(address)"), (a,)): (12,),
        (COIN, selector("balanceOf(address)"), (a,)): (13,),
    }
    assert ledger.channel(a, b) == Channel(2**88 - 1, 3, 2**40 - 1, 5)
    assert (ledger.escrow_nonce(a), ledger.permit_nonce(a), ledger.coin_balance(a)) == (11, 12, 13)


def test_an_address_without_the_contract_is_named(chain: ChainInMemory) -> None:
    empty = Ledger(chain, replace(DEPLOYMENT, coin=Address(b"\x44" * 20)))
    chain.words[("0x" + "44" * 20, selector("balanceOf(address)"), (ALICE.address,))] = ()
    with pytest.raises(LedgerInconsistent, match=r"0x4444.* is not the contract it should be: balanceOf"):
        empty.coin_balance(ALICE.address)


@pytest.mark.parametrize("time", [None, "noon", 5])
def test_a_block_without_a_time_is_inconsistent(ledger: Ledger, chain: ChainInMemory, time: Any) -> None:
    chain.time = time
    with pytest.raises(LedgerInconsistent, match="no timestamp"):
        ledger.chain_time()


def test_while_the_chain_is_away_every_read_says_so(ledger: Ledger, chain: ChainInMemory) -> None:
    chain.away = True
    account: Account = ALICE
    for read in (ledger.client_entry, ledger.service_entry, ledger.coin_balance, ledger.escrow_nonce):
        with pytest.raises(LedgerUnreachable):
            read(account.address)
    with pytest.raises(LedgerUnreachable):
        ledger.channel(ALICE.address, BOB.address)
    with pytest.raises(LedgerUnreachable):
        ledger.resolve(KallNumber(2_000_000_000))
