"""Whom an account ever gave a deposit, for a phone that was restored and has forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from kallnet.account import Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.errors import LedgerError, LedgerInconsistent
from kallnet.keccak import keccak256

_DEPOSITED = keccak256(b"Deposited(address,address,uint256,uint256,uint256)")
_SMALLEST = 1_000
"""Blocks; endpoints that refuse even this are away."""


class Rpc(Protocol):
    def call(self, method: str, params: Any = ()) -> Any: ...


def depositories(rpc: Rpc, deployment: Deployment, client: Address) -> list[Address]:
    """An endpoint's word: it may leave some out, and what is on deposit with them is proved elsewhere.

    Raises LedgerError.
    """
    head = _number(rpc.call("eth_blockNumber"))
    found = _found(rpc, deployment.escrow, client, deployment.block, head)
    return list(dict.fromkeys(found))


def _found(rpc: Rpc, escrow: Address, client: Address, first: int, last: int) -> Iterator[Address]:
    """Halves what the endpoint finds too long."""
    wanted = {
        "address": address_to_hex(escrow),
        "fromBlock": hex(first),
        "toBlock": hex(last),
        "topics": ["0x" + _DEPOSITED.hex(), "0x" + client.rjust(32, b"\0").hex()],
    }
    try:
        logs = rpc.call("eth_getLogs", [wanted])
    except LedgerError:
        if last - first < _SMALLEST:
            raise
        middle = (first + last) // 2
        yield from _found(rpc, escrow, client, first, middle)
        yield from _found(rpc, escrow, client, middle + 1, last)
    else:
        yield from (_provider(log) for log in logs)


def _provider(log: Any) -> Address:
    try:
        return Address(bytes.fromhex(log["topics"][2][2:])[12:])
    except (TypeError, LookupError, ValueError):
        raise LedgerInconsistent("an endpoint answered with something that is no event") from None


def _number(text: Any) -> int:
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        raise LedgerInconsistent("an endpoint answered with something that is no number") from None
