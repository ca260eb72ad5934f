"""A lying endpoint beside honest ones, and alone: never a wrong answer, and the error names it."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from kallnet import slots
from kallnet.abi import encode
from kallnet.account import Address
from kallnet.endpoint import EndpointFailed
from kallnet.entries import ClientEntry
from kallnet.errors import LedgerError, LedgerInconsistent, LedgerLied, LedgerUnreachable
from kallnet.ledger import Ledger
from kallnet.messages import CLIENT
from kallnet.number import number_for
from tests.kallnet.fakes import NOW, ChainInMemory, FakeEndpoint, Forge, Published, ledger_over, numbered
from tests.kallnet.samples import ALICE, BOB, DEPLOYMENT

NUMBER = number_for(ALICE.address, 0)
ENTRY = ClientEntry(ALICE.public_key, (1,), contact="desk")


@pytest.fixture
def chain() -> ChainInMemory:
    return chain_with("desk", ALICE.address)


def chain_with(contact: str, holder: Address) -> ChainInMemory:
    entry = ClientEntry(ALICE.public_key, (1,), contact=contact)
    chain = ChainInMemory(published={(CLIENT, ALICE.address): Published(entry.encode())})
    numbered(chain, ALICE.address, NUMBER)
    chain.numbers[NUMBER] = holder
    return chain


def from_another_chain(other: ChainInMemory) -> Forge:
    """Good proofs, but of a state that nobody agreed on."""
    return lambda method, params, true: (
        true if method == "eth_getBlockByNumber" else other.answer(method, params)
    )


def in_proofs(change: Callable[[dict[str, Any]], Any]) -> Forge:
    return lambda method, _, true: change(true) if method == "eth_getProof" else true


def in_nodes(change: Callable[[list[str]], list[Any]]) -> Forge:
    def changed(answer: dict[str, Any]) -> dict[str, Any]:
        storage = [{**proof, "proof": change(proof["proof"])} for proof in answer["storageProof"]]
        return {**answer, "storageProof": storage}

    return in_proofs(changed)


def flipped(node: str) -> str:
    return node[:-1] + ("0" if node[-1] != "0" else "1")


def without_entry(method: str, _: Sequence[Any], true: Any) -> Any:
    return [] if method == "eth_getLogs" else true


def with_another_entry(method: str, _: Sequence[Any], true: Any) -> Any:
    forged = ClientEntry(ALICE.public_key, (1,), contact="forged").encode()
    return [{"data": "0x" + encode(("uint256", "uint256", "bytes"), (0, 0, forged)).hex()}] if method == (
        "eth_getLogs"
    ) else true  # fmt: skip


PROOF_LIES = {
    "changed entry": from_another_chain(chain_with("forged", ALICE.address)),
    "changed number": from_another_chain(chain_with("desk", BOB.address)),
    "withheld record": from_another_chain(ChainInMemory()),
    "forged node": in_nodes(lambda nodes: [*nodes[:-1], flipped(nodes[-1])]),
    "missing node": in_nodes(lambda nodes: nodes[:-1]),
    "nothing": in_nodes(lambda _: []),
    "nodes that are no text": in_nodes(lambda _: [5]),
    "nodes that are no hexadecimal": in_nodes(lambda _: ["0xzz"]),
    "nodes that are no list": in_proofs(lambda answer: {**answer, "accountProof": "0x"}),
    "many nodes": in_nodes(lambda nodes: nodes * 70),
    "no account": in_proofs(lambda answer: {**answer, "accountProof": []}),
    "fewer slots": in_proofs(lambda answer: {**answer, "storageProof": answer["storageProof"][:-1]}),
    "slots that are no list": in_proofs(lambda answer: {**answer, "storageProof": None}),
    "slots that are no proofs": in_proofs(lambda answer: {**answer, "storageProof": ["x", "y"]}),
    "no object": in_proofs(lambda _: [1, 2]),
    "null": in_proofs(lambda _: None),
}
ENTRY_LIES: dict[str, Forge] = {"withheld entry": without_entry, "another entry": with_another_entry}


def right(ledger: Ledger) -> bool:
    return ledger.resolve(NUMBER) == ALICE.address and ledger.client_entry(ALICE.address) == ENTRY


@pytest.mark.parametrize("lie", [*PROOF_LIES, *ENTRY_LIES])
def test_two_honest_endpoints_carry_the_answer_past_a_liar(
    chain: ChainInMemory, lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    liar = FakeEndpoint(chain, "http://liar", {**PROOF_LIES, **ENTRY_LIES}[lie])
    ledger = ledger_over(liar, FakeEndpoint(chain, "http://b"), FakeEndpoint(chain, "http://c"))
    with caplog.at_level(logging.WARNING):
        assert right(ledger)
    if lie in PROOF_LIES:
        assert set(ledger.state.suspects) == {"http://liar"}
        assert "http://liar lies or is broken" in caplog.text
        asked = len(liar.asked)
        assert right(ledger)
        assert liar.asked[asked:] == ["eth_getBlockByNumber"] * 2  # its proofs are not wanted any more


@pytest.mark.parametrize("lie", PROOF_LIES)
def test_a_liar_alone_is_named_and_gives_no_answer(chain: ChainInMemory, lie: str) -> None:
    ledger = ledger_over(FakeEndpoint(chain, "http://liar", PROOF_LIES[lie]))
    with pytest.raises(LedgerLied, match="http://liar") as caught:
        ledger.client_entry(ALICE.address)
    assert set(caught.value.lies) == {"http://liar"}
    with pytest.raises(LedgerError, match="http://liar"):
        ledger.resolve(NUMBER)


@pytest.mark.parametrize("lie", ENTRY_LIES)
def test_an_entry_withheld_by_the_only_endpoint_is_an_error_and_not_absence(
    chain: ChainInMemory, lie: str
) -> None:
    ledger = ledger_over(FakeEndpoint(chain, "http://liar", ENTRY_LIES[lie]))
    with pytest.raises(LedgerInconsistent, match="http://liar: it does not show it"):
        ledger.client_entry(ALICE.address)


def test_a_liar_and_a_dead_one_are_both_told(chain: ChainInMemory) -> None:
    def honest_only_about_blocks(method: str, _: Sequence[Any], true: Any) -> Any:
        if method == "eth_getProof":
            raise EndpointFailed("its answer broke off")
        return true

    ledger = ledger_over(
        FakeEndpoint(chain, "http://liar", PROOF_LIES["forged node"]),
        FakeEndpoint(chain, "http://b", honest_only_about_blocks),
    )
    with pytest.raises(LedgerLied, match=r"http://liar: .*http://b: its answer broke off") as caught:
        ledger.client_entry(ALICE.address)
    assert set(caught.value.causes) == {"http://b"}


def test_an_honest_endpoint_that_was_a_block_ahead_is_asked_again(chain: ChainInMemory) -> None:
    """So does anvil just when it makes a block, and so may nodes behind one address."""
    answers = iter([ChainInMemory(), chain, chain, chain])

    def racing(method: str, params: Sequence[Any], true: Any) -> Any:
        return next(answers).answer(method, params) if method == "eth_getProof" else true

    ledger = ledger_over(FakeEndpoint(chain, "http://a", racing))
    assert ledger.client_entry(ALICE.address) == ENTRY
    assert ledger.state.suspects == {}


def test_absence_is_proved_as_well(chain: ChainInMemory) -> None:
    ledger = ledger_over(FakeEndpoint(chain))
    assert ledger.client_entry(BOB.address) is None
    assert ledger.resolve(number_for(BOB.address, 0)) is None
    assert ledger.state.suspects == {}


def test_an_endpoint_without_the_state_is_passed_over_and_not_blamed(chain: ChainInMemory) -> None:
    def pruned(method: str, _: Sequence[Any], true: Any) -> Any:
        if method == "eth_getProof":
            raise EndpointFailed("busy")
        return true

    ledger = ledger_over(FakeEndpoint(chain, "http://a", pruned), FakeEndpoint(chain, "http://b"))
    assert right(ledger)
    assert ledger.state.suspects == {}
    alone = ledger_over(FakeEndpoint(chain, "http://a", pruned))
    with pytest.raises(LedgerUnreachable, match="http://a: busy"):
        alone.client_entry(ALICE.address)


def test_the_slots_are_asked_for_at_the_agreed_block(chain: ChainInMemory) -> None:
    endpoint = FakeEndpoint(chain)
    header = ledger_over(endpoint).state.headers.newest()
    words = ledger_over(endpoint).state.words(
        DEPLOYMENT.registry, [*slots.record(CLIENT, ALICE.address), slots.holder(NUMBER)], header
    )
    assert (header.number, header.timestamp) == (100, NOW)
    assert words[2] == int.from_bytes(ALICE.address, "big")


def test_more_than_half_must_agree_unless_told_otherwise(chain: ChainInMemory) -> None:
    other = FakeEndpoint(chain_with("other", ALICE.address), "http://b")
    with pytest.raises(LedgerError, match="2 of 2"):
        ledger_over(FakeEndpoint(chain, "http://a"), other).coin_balance(ALICE.address)
