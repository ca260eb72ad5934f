from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any, cast

from eth_account import Account as EthAccount
from eth_typing import HexStr
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import BlockNotFound, TransactionNotFound
from web3.providers.base import JSONBaseProvider
from web3.types import LogReceipt, RPCEndpoint, RPCResponse, TxParams

from kallnet.abi import decode, encode_call
from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.errors import AbiInvalid, LedgerInconsistent, LedgerRefused
from kallnet.keccak import keccak256
from kallnet.ledger import Channel, Ledger
from kallnet.messages import SERVICE, TransferWithAuthorization
from kallnet.rpc import JsonRpc
from kallnet.world_state import WorldState

# What web3 imports raises this a hundredfold: deeply nested JSON from a stranger would then end the process.
sys.setrecursionlimit(1000)

_EVENTS = [
    keccak256(signature)
    for signature in (
        b"Deposited(address,address,uint256,uint256,uint256)",
        b"Claimed(address,address,uint256,uint256,uint256)",
        b"ExitStarted(address,address,uint256)",
        b"Exited(address,address,uint256,uint256)",
    )
]
_USED = keccak256(b"AuthorizationUsed(address,bytes32)")
_CANCELED = keccak256(b"AuthorizationCanceled(address,bytes32)")
_TRANSFER = keccak256(b"Transfer(address,address,uint256)")
_GAS_MARGIN = 1.2
# EIP-1559 lets the base fee grow by an eighth a block: twice today's lasts for five full blocks.
_BASE_FEES = 2
# Nodes take a replacement that pays a tenth more.
_RAISE = 1.25


@dataclass(frozen=True, slots=True)
class Block:
    number: int
    hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction under way; fees in wei per gas."""

    hash: bytes
    contract: Address
    data: bytes
    nonce: int
    gas: int
    max_fee: int
    priority_fee: int


@dataclass(frozen=True, slots=True)
class Use:
    """Of a transfer's nonce; `paid` when by that very transfer."""

    block: int
    paid: bool


class _KallnetTransport(JSONBaseProvider):
    """web3 over kallnet's connection: one fail-over, one time-out, and kallnet's errors."""

    def __init__(self, rpc: JsonRpc) -> None:
        super().__init__()
        self._rpc = rpc

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        return {"jsonrpc": "2.0", "id": 1, "result": self._rpc.call(method, params)}


class ChainRpc:
    """Blocking calls to the chain, for one thread. Raises kallnet's LedgerError."""

    def __init__(self, rpc: JsonRpc, deployment: Deployment, signer: Account) -> None:
        rpc.require_chain(deployment.chain_id)
        # A provider asks nodes of its own, so the newest block of any of them is good enough.
        state = WorldState(rpc.endpoints, deployment.chain_id, agree=1, finality="latest")
        self.ledger = Ledger(state, deployment)
        self.deployment = deployment
        self.account = signer.address
        self._rpc = rpc
        self._web3 = Web3(_KallnetTransport(rpc))
        self._signer = EthAccount.from_key(signer.export_key())
        self._under_way: dict[bytes, Sent] = {}

    def close(self) -> None:
        self._rpc.close()

    def head(self) -> Block:
        return self._block("latest")

    def block_hash(self, number: int) -> bytes | None:
        try:
            return self._block(number).hash
        except BlockNotFound:
            return None

    def _block(self, which: Any) -> Block:
        block = self._web3.eth.get_block(which)
        return Block(block["number"], bytes(block["hash"]), block["timestamp"])

    def channel(self, client: Address, block: int | None = None) -> Channel:
        data = encode_call("channel(address,address)", client, self.account)
        to = Web3.to_checksum_address(self.deployment.escrow)
        answer = self._web3.eth.call(
            {"to": to, "data": HexBytes(data)}, "latest" if block is None else cast(Any, block)
        )
        if block is not None and not answer:
            return Channel(deposited=0, claimed=0, exit_at=0, epoch=0)  # before the escrow's own block
        try:
            (fields,) = decode(("(uint88,uint88,uint40,uint40)",), bytes(answer))
        except AbiInvalid as error:
            raise LedgerInconsistent(f"{to} is not the escrow: {error}") from None
        return Channel(*fields)

    def touched(self, first: int, last: int) -> set[Address]:
        """Clients of the escrow's events for this provider in blocks `first` to `last`."""
        logs = self._web3.eth.get_logs(
            {
                "address": Web3.to_checksum_address(self.deployment.escrow),
                "fromBlock": cast(Any, first),
                "toBlock": cast(Any, last),
                "topics": [[_hex(event) for event in _EVENTS], None, _hex(self.account.rjust(32, b"\0"))],
            }
        )
        return {_client_of(log) for log in logs}

    def is_used(self, transfer: TransferWithAuthorization, block: int) -> bool:
        """Whether the nonce is spent after `block`, whatever for."""
        data = encode_call("authorizationState(address,bytes32)", transfer.from_, transfer.nonce)
        to = Web3.to_checksum_address(self.deployment.coin)
        answer = self._web3.eth.call({"to": to, "data": HexBytes(data)}, cast(Any, block))
        try:
            (used,) = decode(("bool",), bytes(answer))
        except AbiInvalid as error:
            raise LedgerInconsistent(f"{to} is not the coin: {error}") from None
        return bool(used)

    def find_use(self, transfer: TransferWithAuthorization, first: int, last: int) -> Use | None:
        """Where the nonce was spent in blocks `first` to `last`."""
        logs = self._web3.eth.get_logs(
            {
                "address": Web3.to_checksum_address(self.deployment.coin),
                "fromBlock": cast(Any, first),
                "toBlock": cast(Any, last),
                "topics": [
                    [_hex(_USED), _hex(_CANCELED)],
                    _hex(transfer.from_.rjust(32, b"\0")),
                    _hex(transfer.nonce),
                ],
            }
        )
        if not logs:
            return None
        log = logs[-1]
        return Use(log["blockNumber"], bytes(log["topics"][0]) == _USED and self._paid(transfer, log))

    def _paid(self, transfer: TransferWithAuthorization, used: LogReceipt) -> bool:
        """The coin logs each use right before the transfer that it was for."""
        receipt = self._web3.eth.get_transaction_receipt(used["transactionHash"])
        wanted = [_TRANSFER, transfer.from_.rjust(32, b"\0"), transfer.to.rjust(32, b"\0")]
        return any(
            log["logIndex"] == used["logIndex"] + 1
            and log["address"] == used["address"]
            and [bytes(topic) for topic in log["topics"]] == wanted
            and int.from_bytes(bytes(log["data"]), "big") == transfer.value
            for log in receipt["logs"]
        )

    def service_nonce(self) -> int:
        return self.ledger.head(SERVICE, self.account).nonce

    def gas_balance(self) -> int:
        return int(self._web3.eth.get_balance(Web3.to_checksum_address(self.account)))

    def send(self, contract: Address, data: bytes) -> Sent:
        """Raises LedgerRefused with the contract's error when it would revert."""
        gas = self._estimate(contract, data)
        base = self._web3.eth.get_block("latest").get("baseFeePerGas", 0)
        priority = self._web3.eth.max_priority_fee
        sent = Sent(b"", contract, data, self._nonce(), gas, _BASE_FEES * base + priority, priority)
        try:
            return self._submit(sent)
        except LedgerRefused as error:
            if "nonce too low" not in error.message:
                raise
            self._under_way.clear()
            return self._submit(replace(sent, nonce=self._nonce()))

    def raise_fee(self, sent: Sent) -> Sent:
        """The same transaction again, for a higher fee; whichever is mined, the other can't be."""
        dearer = replace(
            sent,
            max_fee=int(sent.max_fee * _RAISE) + 1,
            priority_fee=int(sent.priority_fee * _RAISE) + 1,
        )
        try:
            return self._submit(dearer)
        except LedgerRefused as error:
            if "nonce too low" in error.message or "already" in error.message:
                return sent  # mined meanwhile: its receipt follows
            raise

    def find_receipt(self, sent: list[Sent]) -> tuple[Sent, dict[str, int]] | None:
        """Of transactions with one nonce, whichever was mined."""
        for transaction in reversed(sent):
            receipt = self._receipt(transaction)
            if receipt is not None:
                self.abandon(transaction)
                return transaction, receipt
        return None

    def abandon(self, sent: Sent) -> None:
        """From here on the node's own count decides about this nonce."""
        self._under_way = {h: other for h, other in self._under_way.items() if other.nonce != sent.nonce}

    def _receipt(self, sent: Sent) -> dict[str, int] | None:
        try:
            receipt = self._web3.eth.get_transaction_receipt(HexBytes(sent.hash))
        except TransactionNotFound:
            return None
        return {
            "status": receipt["status"],
            "block": receipt["blockNumber"],
            "gas_used": receipt["gasUsed"],
        }

    def _estimate(self, contract: Address, data: bytes) -> int:
        call: TxParams = {
            "from": Web3.to_checksum_address(self.account),
            "to": Web3.to_checksum_address(contract),
            "data": HexBytes(data),
        }
        self._web3.eth.call(call)
        return int(self._web3.eth.estimate_gas(call) * _GAS_MARGIN)

    def _nonce(self) -> int:
        """The node may forget what it has not mined, so its count rules when nothing is under way."""
        counted = self._web3.eth.get_transaction_count(Web3.to_checksum_address(self.account), "pending")
        return max([counted, *(sent.nonce + 1 for sent in self._under_way.values())])

    def _submit(self, sent: Sent) -> Sent:
        signed = self._signer.sign_transaction(
            {
                "type": 2,
                "chainId": self.deployment.chain_id,
                "to": address_to_hex(sent.contract),
                "data": sent.data,
                "value": 0,
                "nonce": sent.nonce,
                "gas": sent.gas,
                "maxFeePerGas": sent.max_fee,
                "maxPriorityFeePerGas": sent.priority_fee,
            }
        )
        # Known before it leaves: its fate is uncertain when the answer gets lost.
        known = replace(sent, hash=bytes(signed.hash))
        self._under_way[known.hash] = known
        try:
            self._web3.eth.send_raw_transaction(signed.raw_transaction)
        except LedgerRefused as error:
            if "already known" in error.message or "already imported" in error.message:
                return known
            del self._under_way[known.hash]
            raise
        return known


def _client_of(log: LogReceipt) -> Address:
    return Address(bytes(log["topics"][1])[12:])


def _hex(value: bytes) -> HexStr:
    return HexStr("0x" + value.hex())
