from random import Random

import pytest

from kallnet import slots
from kallnet.account import Address
from kallnet.errors import LedgerInconsistent
from kallnet.keccak import keccak256
from kallnet.opinions import read_opinions
from kallnet.reputation import reputation
from tests.kallnet.fakes import ChainInMemory, FakeEndpoint, ledger_over
from tests.kallnet.samples import BOB, DEPLOYMENT

SERVICE = BOB.address


def rated(count: int) -> ChainInMemory:
    """The i-th client has i base units, and deposited 1000, of which i were claimed."""
    chain = ChainInMemory()
    rating, escrow, coin = DEPLOYMENT.rating, DEPLOYMENT.escrow, DEPLOYMENT.coin
    chain.words[rating, slots.rater_count(SERVICE)] = count
    chain.words[coin, slots.supply()] = 10**15
    for i, client in enumerate(clients(count)):
        chain.words[rating, slots.rater(SERVICE, i)] = int.from_bytes(client, "big")
        # epoch 640, loss 1 %, jitter 5 ms, delay 60 ms, MOS 4.20, a minute, one base unit claimed
        word = 640 | 100 << 32 | 5 << 48 | 60 << 64 | 420 << 80 | 60 << 96 | 1 << 168
        chain.words[rating, slots.latest_rating(SERVICE, client)] = word
        chain.words[coin, slots.balance(client)] = i
        chain.words[escrow, slots.channel(client, SERVICE)] = 1000 | i << 88
    return chain


def clients(count: int) -> list[Address]:
    return [Address(keccak256(bytes([i]))[:20]) for i in range(count)]


def test_all_raters_are_read_in_questions_of_bounded_size() -> None:
    endpoint = FakeEndpoint(rated(150))
    opinions = read_opinions(ledger_over(endpoint), SERVICE)
    assert opinions.raters() == clients(150)
    assert opinions.latest(clients(1)[0]).mos == 420
    # What was claimed is not the client's any more.
    assert [opinions.weight(client) for client in clients(3)] == [1000, 1000, 1000]
    assert opinions.supply() == 10**15
    assert endpoint.asked.count("eth_getProof") == 1 + 4 * 3


def test_a_clients_own_rating_is_read_alone() -> None:
    ledger = ledger_over(FakeEndpoint(rated(2)))
    latest = ledger.latest_rating(SERVICE, clients(1)[0])
    assert latest is not None
    assert (latest.epoch, latest.duration, latest.claimed) == (640, 60, 1)
    assert ledger.latest_rating(SERVICE, clients(3)[2]) is None
    assert ledger.latest_rating(clients(1)[0], SERVICE) is None


def test_of_many_raters_a_random_part_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two thousand accounts with a base unit each would push everybody else out."""
    monkeypatch.setattr("kallnet.opinions.MAX_RATERS", 20)
    ledger = ledger_over(FakeEndpoint(rated(60)))
    first = read_opinions(ledger, SERVICE, Random(1))
    other = read_opinions(ledger, SERVICE, Random(2))
    assert (first.count, len(first.raters())) == (60, 20)
    assert set(first.raters()) != set(other.raters())
    assert set(first.raters()) & set(clients(40))
    assert set(first.raters()) <= set(clients(60))


@pytest.mark.parametrize(("slot", "word"), [("count", 1 << 255), ("rater", 1 << 200)])
def test_what_no_contract_stored_is_inconsistent(slot: str, word: int) -> None:
    chain = rated(3)
    place = slots.rater_count(SERVICE) if slot == "count" else slots.rater(SERVICE, 1)
    chain.words[DEPLOYMENT.rating, place] = word
    with pytest.raises(LedgerInconsistent):
        read_opinions(ledger_over(FakeEndpoint(chain)), SERVICE)


def test_without_any_coins_opinions_weigh_nothing() -> None:
    chain = rated(3)
    chain.words[DEPLOYMENT.coin, slots.supply()] = 0
    assert reputation(read_opinions(ledger_over(FakeEndpoint(chain)), SERVICE), 641).confidence == 0


def test_an_unrated_service_has_no_opinions() -> None:
    assert read_opinions(ledger_over(FakeEndpoint(rated(0))), SERVICE).raters() == []
