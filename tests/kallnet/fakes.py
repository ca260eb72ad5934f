from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kallnet.abi import decode, encode, selector
from kallnet.errors import LedgerUnreachable
from kallnet.keccak import keccak256
from kallnet.ledger import REGISTERED, Head
from kallnet.rpc import JsonRpc
from tests.kallnet.samples import DEPLOYMENT

NOW = 1_000_000
HEAD = Head(number=0, expiry=NOW + 1, block=7, nonce=1)
REGISTRY, ESCROW, COIN = ("0x" + a.hex() for a in (DEPLOYMENT.registry, DEPLOYMENT.escrow, DEPLOYMENT.coin))


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


@dataclass
class ChainInMemory(JsonRpc):
    """Answers the questions that a Ledger asks, from dictionaries."""

    published: dict[tuple[int, bytes], Published] = field(default_factory=dict)
    numbers: dict[int, bytes] = field(default_factory=dict)
    words: dict[tuple[str, bytes, tuple[bytes, ...]], tuple[int, ...]] = field(default_factory=dict)
    noise: list[Any] = field(default_factory=list)
    time: Any = field(default_factory=lambda: hex(NOW))
    away: bool = False
    asked: list[str] = field(default_factory=list)
    chain_id: int | None = None

    def require_chain(self, chain_id: int) -> None:
        self.chain_id = chain_id

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        self.asked.append(method)
        if self.away:
            raise LedgerUnreachable({"http://fake": "can't connect"})
        if method == "eth_getBlockByNumber":
            return {"timestamp": self.time}
        return self._logs(params[0]) if method == "eth_getLogs" else self._view(params[0])

    def _logs(self, wanted: dict[str, Any]) -> list[Any]:
        assert wanted["address"] == REGISTRY
        assert wanted["fromBlock"] == wanted["toBlock"]
        event, kind, account = wanted["topics"]
        assert event == "0x" + REGISTERED.hex()
        published = self.published[int(kind, 16), bytes.fromhex(account[-40:])]
        found = int(wanted["fromBlock"], 16) == published.head.block
        return [*self.noise, published.log()] if found else self.noise

    def _view(self, call: dict[str, str]) -> str:
        data = bytes.fromhex(call["data"][2:])
        if call["to"] == REGISTRY and data[:4] == selector("query(uint8,address)"):
            return self._query(*decode(("uint8", "address"), data[4:]))
        if call["to"] == REGISTRY and data[:4] == selector("resolve(uint256)"):
            return "0x" + self.numbers.get(int.from_bytes(data[4:], "big"), bytes(20)).rjust(32, b"\0").hex()
        arguments = tuple(data[i + 12 : i + 32] for i in range(4, len(data), 32))
        return (
            "0x" + b"".join(v.to_bytes(32, "big") for v in self.words[call["to"], data[:4], arguments]).hex()
        )

    def _query(self, kind: int, account: bytes) -> str:
        p = self.published.get((kind, account)) or Published(b"", Head(0, 0, 0, 0), bytes(32))
        head = (p.head.number, p.head.expiry, p.head.block, p.head.nonce)
        return "0x" + encode(["(uint40,uint40,uint64,uint32)", "bytes32"], [head, p.hash]).hex()
