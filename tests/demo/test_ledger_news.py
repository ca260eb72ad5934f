from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kallnet.abi import encode
from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.errors import LedgerUnreachable
from kallnet.keccak import keccak256
from kallphone.demo.ledger_news import LedgerNews

A, PROVIDER, BANK, STRANGER = (Address(bytes([n]) * 20) for n in (1, 2, 3, 4))
COIN, REGISTRY, ESCROW, RATING, SPEC, KRYPTON = (Address(bytes([n]) * 20) for n in range(10, 16))
DEPLOYMENT = Deployment(31337, COIN, REGISTRY, ESCROW, RATING, SPEC, KRYPTON, block=2)
NAMES = {A: "A", PROVIDER: "the provider", BANK: "the bank"}
PARTIES = "address,address"


def topic(word: bytes) -> str:
    return "0x" + word.rjust(32, b"\0").hex()


def log(block: int, event: str, indexed: Sequence[bytes], types: list[str], *values: Any) -> dict[str, Any]:
    topics = ["0x" + keccak256(event.encode()).hex(), *map(topic, indexed)]
    return {"blockNumber": hex(block), "topics": topics, "data": "0x" + encode(types, values).hex()}


class Node:
    """A chain's node with logs by block; away while `height` is None."""

    def __init__(self) -> None:
        self.height: int | None = 5
        self.logs: list[dict[str, Any]] = []

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        if self.height is None:
            raise LedgerUnreachable({"http://127.0.0.1": "away"})
        if method == "eth_blockNumber":
            return hex(self.height)
        (wanted,) = params
        assert "0x" + ESCROW.hex() in [address.lower() for address in wanted["address"]]
        first, last = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        return [one for one in self.logs if first <= int(one["blockNumber"], 16) <= last]


@pytest.mark.parametrize(("event", "words"), [
    (log(3, "Registered(uint8,address,uint256,uint256,bytes)", [b"\1", A], ["uint256", "uint256", "bytes"],
         2_345_678_901, 0, b"entry"), "block 3: A registered the number 234 567 8901"),
    (log(3, "Registered(uint8,address,uint256,uint256,bytes)", [b"\2", PROVIDER],
         ["uint256", "uint256", "bytes"], 0, 0, b"entry"),
     "block 3: the provider registered its service, 5 bytes"),
    (log(4, "Released(uint8,address,uint256)", [b"\1", A], ["uint256"], 7), "block 4: A took its entry back"),
    (log(4, f"Deposited({PARTIES},uint256,uint256,uint256)", [A, PROVIDER], ["uint256"] * 3, 1, 1_000_000, 7),
     "block 4: A deposited 1.00 kallCoin with the provider"),
    (log(4, f"Claimed({PARTIES},uint256,uint256,uint256)", [A, PROVIDER], ["uint256"] * 3, 1, 60_000, 40_000),
     "block 4: the provider claimed 0.04 kallCoin of A's vouchers"),
    (log(4, f"ExitStarted({PARTIES},uint256)", [A, PROVIDER], ["uint256"], 99),
     "block 4: A asked the provider for its deposit back"),
    (log(4, f"Exited({PARTIES},uint256,uint256)", [A, PROVIDER], ["uint256"] * 2, 1, 960_000),
     "block 4: A left the provider and got 0.96 kallCoin back"),
    (log(4, f"Rated({PARTIES}{',uint256' * 6})", [A, PROVIDER], ["uint256"] * 6, 1, 2, 3, 4, 5, 6),
     "block 4: A rated the provider"),
    (log(5, f"Transfer({PARTIES},uint256)", [BANK, A], ["uint256"], 5_000_000),
     "block 5: the bank gave A 5.00 kallCoin"),
    (log(5, f"Transfer({PARTIES},uint256)", [A, STRANGER], ["uint256"], 1),
     "block 5: A gave 0x040404 0.000001 kallCoin"),
])  # fmt: skip
def test_what_moves_on_the_chain_stands_in_words(event: dict[str, Any], words: str):
    node = Node()
    node.logs = [event]
    assert list(LedgerNews(node, DEPLOYMENT, NAMES).latest()) == [words]


def test_the_escrows_own_coins_and_unknown_events_are_left_out():
    node = Node()
    node.logs = [
        log(4, f"Transfer({PARTIES},uint256)", [A, ESCROW], ["uint256"], 1),
        log(4, f"Transfer({PARTIES},uint256)", [bytes(20), BANK], ["uint256"], 1),
        log(4, "Tomorrow(uint256)", [], ["uint256"], 1),
    ]
    assert list(LedgerNews(node, DEPLOYMENT, NAMES).latest()) == []


def test_each_event_is_told_once_and_none_is_lost_while_the_node_is_away():
    node = Node()
    news = LedgerNews(node, DEPLOYMENT, NAMES)
    for block in (1, 4, 7):
        node.logs.append(log(block, f"ExitStarted({PARTIES},uint256)", [A, PROVIDER], ["uint256"], 99))
    assert [words[:7] for words in news.latest()] == ["block 4"]  # block 1 is older than the contracts
    assert list(news.latest()) == []
    node.height = None
    with pytest.raises(LedgerUnreachable):
        list(news.latest())
    node.height = 8
    assert [words[:7] for words in news.latest()] == ["block 7"]
