from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from kallnet.abi import decode
from kallnet.account import Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.keccak import keccak256
from kallnet.messages import CLIENT
from kallphone.phone.dialplan import grouped
from kallphone.phone.money import coins

_NOBODY = Address(bytes(20))


def _topic(event: str) -> str:
    return "0x" + keccak256(event.encode()).hex()


_REGISTERED = _topic("Registered(uint8,address,uint256,uint256,bytes)")
_RELEASED = _topic("Released(uint8,address,uint256)")
_DEPOSITED = _topic("Deposited(address,address,uint256,uint256,uint256)")
_CLAIMED = _topic("Claimed(address,address,uint256,uint256,uint256)")
_EXIT_STARTED = _topic("ExitStarted(address,address,uint256)")
_EXITED = _topic("Exited(address,address,uint256,uint256)")
_RATED = _topic("Rated(address,address,uint256,uint256,uint256,uint256,uint256,uint256)")
_TRANSFER = _topic("Transfer(address,address,uint256)")


class Node(Protocol):
    """kallnet.rpc.JsonRpc is one."""

    def call(self, method: str, params: Sequence[Any] = ()) -> Any: ...


class LedgerNews:
    """The network's events on a chain, in words, each once and in their order; one thread may ask.

    `names` says who an account is and may grow. The node is believed: this is for eyes, not for money.
    """

    def __init__(self, node: Node, deployment: Deployment, names: Mapping[Address, str]) -> None:
        self._node = node
        self._names = names
        self._next = deployment.block
        self._escrow = deployment.escrow
        contracts = (deployment.coin, deployment.registry, deployment.escrow, deployment.rating)
        self._contracts = [address_to_hex(one) for one in contracts]

    def latest(self) -> Iterator[str]:
        """What is new since the last time. Raises LedgerError where the node does not answer."""
        newest = int(self._node.call("eth_blockNumber"), 16)
        if newest < self._next:
            return
        wanted = {"address": self._contracts, "fromBlock": hex(self._next), "toBlock": hex(newest)}
        logs = self._node.call("eth_getLogs", [wanted])
        self._next = newest + 1
        for log in logs:
            if words := self._in_words(log):
                yield f"block {int(log['blockNumber'], 16)}: {words}"

    def _in_words(self, log: dict[str, Any]) -> str | None:
        topic, *indexed = log["topics"]
        data = bytes.fromhex(log["data"][2:])
        if topic in (_REGISTERED, _RELEASED):
            return self._registration(topic, indexed, data)
        if topic == _TRANSFER:
            return self._transfer(indexed, data)
        if topic in (_DEPOSITED, _CLAIMED, _EXIT_STARTED, _EXITED, _RATED):
            client, provider = (self._name(_account(word)) for word in indexed)
            return _between(topic, client, provider, data)
        return None

    def _registration(self, topic: str, indexed: list[str], data: bytes) -> str:
        kind, who = int(indexed[0], 16), self._name(_account(indexed[1]))
        if topic == _RELEASED:
            return f"{who} took its entry back"
        number, _, entry = decode(("uint256", "uint256", "bytes"), data)
        if kind == CLIENT:
            return f"{who} registered the number {grouped(f'{number:010d}')}"
        return f"{who} registered its service, {len(entry)} bytes"

    def _transfer(self, indexed: list[str], data: bytes) -> str | None:
        giver, taker = map(_account, indexed)
        if self._escrow in (giver, taker) or giver == _NOBODY:
            return None  # the escrow tells of its own money, and nobody waits for the minting
        (amount,) = decode(("uint256",), data)
        return f"{self._name(giver)} gave {self._name(taker)} {coins(amount)} kallCoin"

    def _name(self, account: Address) -> str:
        return self._names.get(account) or address_to_hex(account)[:8]


def _account(word: str) -> Address:
    return Address(bytes.fromhex(word[2:])[12:])


def _between(topic: str, client: str, provider: str, data: bytes) -> str:
    told = [int.from_bytes(data[at : at + 32], "big") for at in range(0, len(data), 32)]
    if topic == _DEPOSITED:
        return f"{client} deposited {coins(told[1])} kallCoin with {provider}"
    if topic == _CLAIMED:
        return f"{provider} claimed {coins(told[2])} kallCoin of {client}'s vouchers"
    if topic == _EXIT_STARTED:
        return f"{client} asked {provider} for its deposit back"
    if topic == _EXITED:
        return f"{client} left {provider} and got {coins(told[1])} kallCoin back"
    return f"{client} rated {provider}"
