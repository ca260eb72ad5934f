"""An endpoint that lies about a real chain, over HTTP: beside two honest ones, and as the only one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kallnet import calldata, slots
from kallnet.abi import encode
from kallnet.account import Account, Address, address_to_hex
from kallnet.cache import CachedLedger
from kallnet.deployment import Deployment, load_deployment
from kallnet.entries import ClientEntry
from kallnet.errors import LedgerError, LedgerStale
from kallnet.ledger import Head, Ledger, open_ledger
from kallnet.messages import CLIENT, Register
from kallnet.number import KallNumber, number_for
from kallnet.typed import digest, registry_domain
from tests.chain import LocalChain
from tests.kallnet.liar import Handler, Liar, Question, Reply, forging, honest

pytestmark = pytest.mark.chain

ALICE, BOB = Account(b"\x0a" * 32), Account(b"\x0b" * 32)
NUMBER = number_for(ALICE.address, 0)
ENTRY = ClientEntry(ALICE.public_key, (1,), contact="desk")
MARGIN_S = 60.0


@dataclass(frozen=True)
class World:
    chain: LocalChain
    deployment: Deployment
    started_at: int

    def register(self, account: Account, contact: str, nonce: int = 0) -> None:
        entry = ClientEntry(account.public_key, (1,), contact=contact).encode()
        message = Register(CLIENT, account.address, entry, 0, nonce, self.chain.time() + 600)
        signature = account.sign(digest(registry_domain(self.deployment), message))
        self.chain.transact(
            address_to_hex(self.deployment.registry), calldata.register(message, signature)
        )

    def now(self) -> float:
        return float(self.chain.time())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    out = tmp_path_factory.mktemp("deployments")
    with LocalChain() as chain:
        chain.deploy(out)
        world = World(chain, load_deployment(chain.deployment_path(out)), chain.time())
        for i in range(12):  # so that proofs have several nodes
            world.register(Account(bytes([i + 1]) * 32), "somebody")
        head = open_ledger([chain.url], world.deployment, finality="latest").head(CLIENT, ALICE.address)
        world.register(ALICE, "desk", head.nonce)
        chain.pass_time(7200)
        chain.mine(64)
        yield world


def changed_entry(_: Liar, question: Question, true: Any) -> Any:
    if question["method"] != "eth_getLogs":
        return true
    forged = ClientEntry(ALICE.public_key, (1,), contact="forged").encode()
    data = encode(("uint256", "uint256", "bytes"), (NUMBER, 2**40 - 1, forged))
    return [{**true[0], "data": "0x" + data.hex()}]


def changed_number(liar: Liar, question: Question, true: Any) -> Any:
    """The proof of another number, which is somebody else's."""
    if question["method"] != "eth_getProof" or len(question["params"][1]) != 1:
        return true
    other = "0x" + slots.holder(number_for(Account(b"\1" * 32).address, 0)).hex()
    contract, _, block = question["params"]
    return liar.ask("eth_getProof", contract, [other], block)


def withheld_record(liar: Liar, question: Question, true: Any) -> Any:
    """The state before anybody had registered."""
    if question["method"] != "eth_getProof":
        return true
    contract, keys, _ = question["params"]
    return liar.ask("eth_getProof", contract, keys, "0x7")


def withheld_event(_: Liar, question: Question, true: Any) -> Any:
    return [] if question["method"] == "eth_getLogs" else true


def old_block(liar: Liar, question: Question, true: Any) -> Any:
    if question["method"] != "eth_getBlockByNumber":
        return true
    return liar.ask("eth_getBlockByNumber", "0x8", False)


def forged_node(_: Liar, question: Question, true: Any) -> Any:
    if question["method"] == "eth_getProof":
        for proof in true["storageProof"]:
            last = proof["proof"][-1]
            proof["proof"][-1] = last[:-2] + ("00" if last[-2:] != "00" else "01")
    return true


def forged_header(_: Liar, question: Question, true: Any) -> Any:
    return true | {"stateRoot": "0x" + "ab" * 32} if question["method"] == "eth_getBlockByNumber" else true


def truncated(handler: Handler, _: Question, true: bytes) -> None:
    handler.send(true[: len(true) // 2])


def ten_megabytes(handler: Handler, _: Question, true: bytes) -> None:
    handler.send(true[:-1] + b" " * 10_000_000 + b"}")


def dripping(prefix: bytes) -> Reply:
    def reply(handler: Handler, _question: Question, true: bytes) -> None:
        handler.close_connection = True
        handler.wfile.write(prefix)
        for byte in true * 1000:
            if handler.server.over.wait(0.02):
                return
            handler.wfile.write(bytes([byte]))

    return reply


LIES: dict[str, Reply] = {
    "changed entry": forging(changed_entry),
    "changed number": forging(changed_number),
    "withheld record": forging(withheld_record),
    "withheld event": forging(withheld_event),
    "old block": forging(old_block),
    "forged node": forging(forged_node),
    "forged header": forging(forged_header),
    "truncated JSON": truncated,
    "ten megabytes": ten_megabytes,
    "slow body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
    "slow headers": dripping(b"HTTP/1.1 200 OK\r\nX-Padding: "),
}


SLOW = [reply for lie, reply in LIES.items() if lie.startswith("slow")]

Open = Callable[..., tuple[Ledger, list[str]]]


@pytest.fixture
def opened(world: World) -> Iterator[Open]:
    """A ledger over endpoints that answer so, the first one first, and their addresses."""
    with ExitStack() as stack:

        def open_over(*replies: Reply) -> tuple[Ledger, list[str]]:
            # Long, so that a busy machine makes no honest endpoint late; short where a lie is to be late.
            timeout = 1.0 if any(reply in SLOW for reply in replies) else 10.0
            urls = [stack.enter_context(Liar(world.chain.url, reply)).url for reply in replies]
            ledger = stack.enter_context(
                closing(open_ledger(urls, world.deployment, timeout=timeout, clock=world.now))
            )
            return ledger, urls

        yield open_over


Question_ = Callable[[Ledger], Any]
QUESTIONS: dict[str, tuple[Question_, Any]] = {
    "number": (lambda ledger: ledger.resolve(NUMBER), ALICE.address),
    "entry": (lambda ledger: ledger.client_entry(ALICE.address), ENTRY),
    "absence": (lambda ledger: ledger.client_entry(Account(b"\x63" * 32).address), None),
    "free number": (lambda ledger: ledger.resolve(number_for(Account(b"\x63" * 32).address, 0)), None),
}


@pytest.mark.parametrize("lie", LIES)
def test_two_honest_endpoints_carry_every_answer_past_a_liar(opened: Open, lie: str) -> None:
    ledger, _ = opened(LIES[lie], honest, honest)
    for ask, expected in QUESTIONS.values():
        assert ask(ledger) == expected


# What each lie is about; other questions are answered rightly all the same.
SPOILED = {
    "changed entry": {"entry"},
    "changed number": {"number", "free number"},
    "withheld event": {"entry"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_liar_alone_gives_no_wrong_answer_and_is_named(opened: Open, lie: str) -> None:
    ledger, (url,) = opened(LIES[lie])
    spoiled = SPOILED.get(lie, set(QUESTIONS))
    for name, (ask, expected) in QUESTIONS.items():
        if name in spoiled:
            with pytest.raises(LedgerError, match=url):
                ask(ledger)
        else:
            assert ask(ledger) == expected


def test_the_honest_alone_are_believed(opened: Open) -> None:
    ledger, _ = opened(honest)
    for ask, expected in QUESTIONS.values():
        assert ask(ledger) == expected
    assert ledger.state.suspects == {}


def test_an_old_block_is_told_by_its_age(opened: Open) -> None:
    ledger, (url,) = opened(LIES["old block"])
    with pytest.raises(LedgerStale, match=f"newest block of {url} is 8, .* minutes old"):
        ledger.resolve(NUMBER)


def test_after_a_restart_nobody_brings_back_the_past(
    world: World, opened: Open, tmp_path: Path
) -> None:
    """The only endpoint has turned: it shows a block that is young enough, but older than one seen before."""
    before, _ = opened(honest)
    with closing(CachedLedger(before, tmp_path / "ledger.db", clock=world.now)) as cache:
        assert cache.client_entry(ALICE.address) == ENTRY
    newest = before.state.headers.newest()

    def a_little_older(liar: Liar, question: Question, true: Any) -> Any:
        if question["method"] != "eth_getBlockByNumber":
            return true
        return liar.ask("eth_getBlockByNumber", hex(newest.number - 1), False)

    after, _ = opened(forging(a_little_older))
    with closing(CachedLedger(after, tmp_path / "ledger.db", clock=lambda: world.now() + 61)) as cache:
        assert cache.client_entry(ALICE.address) == ENTRY
        assert after.state.headers.newest() == newest


def test_the_cache_answers_when_the_only_endpoint_begins_to_lie(
    world: World, opened: Open, tmp_path: Path
) -> None:
    before, _ = opened(honest)
    with closing(CachedLedger(before, tmp_path / "ledger.db", clock=world.now)) as cache:
        assert cache.resolve(NUMBER) == ALICE.address
    after, _ = opened(LIES["forged node"])
    with closing(CachedLedger(after, tmp_path / "ledger.db", clock=lambda: world.now() + 61)) as cache:
        assert cache.resolve(NUMBER) == ALICE.address
        assert cache.away


def test_numbers_and_heads_are_those_of_the_contract(world: World, opened: Open) -> None:
    ledger, _ = opened(honest)
    head = ledger.head(CLIENT, ALICE.address)
    assert isinstance(head, Head)
    assert head.number == NUMBER
    assert KallNumber(head.number) == number_for(Address(ALICE.address), 0)
