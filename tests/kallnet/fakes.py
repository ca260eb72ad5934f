"""A chain in memory with real tries (py-trie), behind endpoints that are honest until a test forges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import rlp
from trie import HexaryTrie

from kallnet import slots
from kallnet.abi import encode
from kallnet.account import Address
from kallnet.endpoint import Endpoint, EndpointFailed
from kallnet.headers import Finality
from kallnet.keccak import keccak256
from kallnet.ledger import REGISTERED, Head, Ledger
from kallnet.messages import CLIENT
from kallnet.number import KallNumber
from kallnet.world_state import WorldState
from tests.kallnet.samples import DEPLOYMENT

NOW = 1_000_000
HEAD = Head(number=0, expiry=NOW + 1, block=7, nonce=1)
NUMBER, HASH = rlp.sedes.big_endian_int, rlp.sedes.binary
ACCOUNT = rlp.sedes.List([NUMBER, NUMBER, HASH, HASH])
CODE = keccak256(b"code")

Nodes = list[str]


@dataclass
class Published:
    entry: bytes
    head: Head = HEAD
    hash: bytes = b""

    def __post_init__(self) -> None:
        self.hash = self.hash or keccak256(self.entry)

    def log(self) -> dict[str, str]:
        data = encode(("uint256", "uint256", "bytes"), (self.head.number, self.head.expiry, self.entry))
        return {"data": "0x" + data.hex()}


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


def hash_of(block: Mapping[str, str]) -> str:
    fields = [_raw(text, name) for name, text in block.items() if name != "hash"]
    return hexed(keccak256(rlp.encode(fields)))


def proof_of(trie: HexaryTrie, key: bytes) -> list[bytes]:
    """As eth_getProof gives it: nodes of less than 32 bytes stand inside their parents."""
    nodes = [rlp.encode(node) for node in trie.get_proof(key)]
    return [node for i, node in enumerate(nodes) if i == 0 or len(node) >= 32]


@dataclass
class ChainInMemory:
    published: dict[tuple[int, bytes], Published] = field(default_factory=dict)
    numbers: dict[int, bytes] = field(default_factory=dict)
    words: dict[tuple[Address, bytes], int] = field(default_factory=dict)
    calls: dict[tuple[str, str], str] = field(default_factory=dict)
    noise: list[Any] = field(default_factory=list)
    height: int = 100
    time: int = NOW

    def storage(self, contract: Address) -> HexaryTrie:
        trie = HexaryTrie({})
        for slot, word in self._slots(contract).items():
            if word:
                trie[keccak256(slot)] = rlp.encode(NUMBER.serialize(word))
        return trie

    def world(self) -> HexaryTrie:
        trie, d = HexaryTrie({}), DEPLOYMENT
        for contract in (d.registry, d.escrow, d.coin, d.rating, d.spec):
            fields = [1, 0, self.storage(contract).root_hash, CODE]
            trie[keccak256(contract)] = rlp.encode(fields, ACCOUNT)
        for other in range(20):
            trie[keccak256(bytes([other]))] = rlp.encode([0, other, bytes(32), bytes(32)], ACCOUNT)
        return trie

    def block(self) -> dict[str, Any]:
        word, empty = hexed(bytes(32)), "0x0"
        block = {
            "parentHash": word,
            "sha3Uncles": word,
            "miner": hexed(bytes(20)),
            "stateRoot": hexed(self.world().root_hash),
            "transactionsRoot": word,
            "receiptsRoot": word,
            "logsBloom": hexed(bytes(256)),
            "difficulty": empty,
            "number": hex(self.height),
            "gasLimit": "0x1c9c380",
            "gasUsed": empty,
            "timestamp": hex(self.time),
            "extraData": "0x",
            "mixHash": word,
            "nonce": hexed(bytes(8)),
            "baseFeePerGas": "0x7",
        }
        return {**block, "hash": hash_of(block)}

    def proof(self, contract: Address, wanted: Sequence[bytes]) -> dict[str, Any]:
        storage = self.storage(contract)
        return {
            "accountProof": [hexed(node) for node in proof_of(self.world(), keccak256(contract))],
            "storageProof": [
                {"key": hexed(s), "proof": [hexed(node) for node in proof_of(storage, keccak256(s))]}
                for s in wanted
            ],
        }

    def logs(self, wanted: Mapping[str, Any]) -> list[Any]:
        assert wanted["address"] == hexed(DEPLOYMENT.registry)
        assert wanted["fromBlock"] == wanted["toBlock"]
        event, kind, account = wanted["topics"]
        assert event == hexed(REGISTERED)
        published = self.published[int(kind, 16), bytes.fromhex(account[-40:])]
        found = int(wanted["fromBlock"], 16) == published.head.block
        return [*self.noise, published.log()] if found else self.noise

    def answer(self, method: str, params: Sequence[Any]) -> Any:
        match method:
            case "eth_getBlockByNumber":
                return self.block()
            case "eth_getProof":
                if params[2] != hex(self.height):
                    raise EndpointFailed("it does not have that state")
                contract = Address(bytes.fromhex(params[0][2:]))
                return self.proof(contract, [bytes.fromhex(slot[2:]) for slot in params[1]])
            case "eth_getLogs":
                return self.logs(params[0])
            case "eth_call":
                return self.calls[params[0]["to"], params[0]["data"]]
        raise AssertionError(method)

    def _slots(self, contract: Address) -> dict[bytes, int]:
        own = {slot: word for (where, slot), word in self.words.items() if where == contract}
        if contract == DEPLOYMENT.registry:
            for (kind, account), p in self.published.items():
                head, entry_hash = slots.record(kind, Address(account))
                h = p.head
                own[head] = h.number | h.expiry << 40 | h.block << 80 | h.nonce << 144
                own[entry_hash] = int.from_bytes(p.hash, "big")
            for number, account in self.numbers.items():
                own[slots.holder(KallNumber(number))] = int.from_bytes(account, "big")
        return own


def _raw(text: str, name: str) -> bytes:
    if name in ("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas"):
        raw: bytes = NUMBER.serialize(int(text, 16))
        return raw
    return bytes.fromhex(text[2:])


Forge = Callable[[str, Sequence[Any], Any], Any]
"""Makes another answer of a method, its parameters and the true answer."""


class FakeEndpoint(Endpoint):
    def __init__(self, chain: ChainInMemory, name: str = "http://fake", forge: Forge | None = None) -> None:
        super().__init__("http://fake", timeout=1.0)
        self.name = name
        self.chain = chain
        self.forge = forge
        self.away = False
        self.asked: list[str] = []
        self.chain_ids: set[int | None] = set()

    def ask(self, method: str, params: Sequence[Any] = (), *, chain_id: int | None = None) -> Any:
        self.asked.append(method)
        self.chain_ids.add(chain_id)
        if self.away:
            raise EndpointFailed("can't connect")
        answer = self.chain.answer(method, params)
        return self.forge(method, params, answer) if self.forge else answer


def ledger_over(
    *endpoints: FakeEndpoint,
    agree: int | None = None,
    finality: Finality = "latest",
    clock: Callable[[], float] = lambda: NOW,
) -> Ledger:
    state = WorldState(endpoints, DEPLOYMENT.chain_id, agree=agree, finality=finality, clock=clock)
    return Ledger(state, DEPLOYMENT)


def lapsing(published: Published, expiry: int) -> Published:
    return replace(published, head=replace(published.head, expiry=expiry))


def numbered(chain: ChainInMemory, account: Address, number: KallNumber) -> None:
    """Gives a published client its number."""
    chain.numbers[number] = account
    published = chain.published[CLIENT, account]
    chain.published[CLIENT, account] = replace(published, head=replace(published.head, number=number))
