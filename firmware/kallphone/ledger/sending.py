"""Transactions of the owner. Reading the ledger needs none of this module's libraries."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

from kallnet import refusals
from kallnet.account import Account, Address, address_to_hex
from kallnet.errors import LedgerInconsistent, LedgerRefused, LedgerUnreachable
from kallphone.ledger.answer import Mined
from kallphone.ledger.errors import ContractRefused, NotMined, OutOfGas, WalletMissing

try:
    from eth_account import Account as EthAccount
except ImportError:
    raise WalletMissing("transactions need web3: run pip install 'kallphone[wallet]'") from None

# What eth_account imports raises this a hundredfold: deeply nested JSON would then end the process.
sys.setrecursionlimit(1000)

GAS_MARGIN = 1.2
# EIP-1559 lets the base fee grow by an eighth a block: twice today's lasts for five full blocks.
BASE_FEES = 2
RECEIPT_WAIT_S = 180.0
_FIRST_LOOK_S = 0.05
_SLOWEST_LOOK_S = 2.0


class Rpc(Protocol):
    def call(self, method: str, params: Any = ()) -> Any: ...


class TransactionSender:
    """Simulates, signs, sends and waits for the receipt, all at the payer's cost."""

    def __init__(
        self,
        rpc: Rpc,
        chain_id: int,
        payer: Account,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._payer = payer.address
        self._signer = EthAccount.from_key(payer.export_key())
        self._pause = pause
        self._clock = clock

    def transact(self, contract: Address, data: bytes) -> Mined:
        """Raises ContractRefused with the contract's words before anything is sent or paid."""
        gas = self._simulated_gas(contract, data)
        priority = _quantity(self._rpc.call("eth_maxPriorityFeePerGas"))
        fee = BASE_FEES * self._base_fee() + priority
        self._require_funds(gas * fee)
        signed = self._signer.sign_transaction(
            {
                "type": 2,
                "chainId": self._chain_id,
                "to": address_to_hex(contract),
                "data": data,
                "value": 0,
                "nonce": _quantity(self._rpc.call("eth_getTransactionCount", [self._own(), "pending"])),
                "gas": gas,
                "maxFeePerGas": fee,
                "maxPriorityFeePerGas": priority,
            }
        )
        transaction = bytes(signed.hash)
        self._send(transaction, bytes(signed.raw_transaction))
        return self._mined(transaction)

    def _own(self) -> str:
        return address_to_hex(self._payer)

    def _simulated_gas(self, contract: Address, data: bytes) -> int:
        call = {"from": self._own(), "to": address_to_hex(contract), "data": _hex(data)}
        try:
            self._rpc.call("eth_call", [call, "latest"])
            return int(_quantity(self._rpc.call("eth_estimateGas", [call])) * GAS_MARGIN)
        except LedgerRefused as error:
            if error.data or "revert" in error.message:
                raise ContractRefused(refusals.words_of(error.data), error.data) from error
            raise

    def _base_fee(self) -> int:
        block = self._rpc.call("eth_getBlockByNumber", ["latest", False])
        return _quantity(block.get("baseFeePerGas", "0x0")) if isinstance(block, dict) else 0

    def _require_funds(self, needed: int) -> None:
        owned = _quantity(self._rpc.call("eth_getBalance", [self._own(), "latest"]))
        if owned < needed:
            raise OutOfGas(self._payer, owned, needed)

    def _send(self, transaction: bytes, raw: bytes) -> None:
        try:
            self._rpc.call("eth_sendRawTransaction", [_hex(raw)])
        except LedgerRefused as error:
            # One endpoint took it and was slow to say so; the next one has heard of it.
            if "already known" not in error.message and "already imported" not in error.message:
                raise
        except LedgerUnreachable as error:
            what = f"transaction {_hex(transaction)} may be on its way, but {error}"
            raise NotMined(f"{what}; look for it before you try again") from None

    def _mined(self, transaction: bytes) -> Mined:
        deadline, pause = self._clock() + RECEIPT_WAIT_S, _FIRST_LOOK_S
        while self._clock() < deadline:
            if receipt := self._receipt(transaction):
                return _checked(transaction, receipt)
            self._pause(pause)
            pause = min(_SLOWEST_LOOK_S, 2 * pause)
        what = f"transaction {_hex(transaction)} is not mined after {RECEIPT_WAIT_S:.0f} s"
        raise NotMined(f"{what}: look for it before you try again")

    def _receipt(self, transaction: bytes) -> Any:
        try:
            return self._rpc.call("eth_getTransactionReceipt", [_hex(transaction)])
        except LedgerUnreachable:
            return None  # it was sent: a moment without the ledger must not hide that


def _checked(transaction: bytes, receipt: Any) -> Mined:
    if not isinstance(receipt, dict):
        raise LedgerInconsistent("an endpoint answered with something that is no receipt")
    if _quantity(receipt.get("status")) != 1:
        raise ContractRefused(f"transaction {_hex(transaction)} was mined and reverted; try again")
    return Mined(transaction, _quantity(receipt.get("blockNumber")), _quantity(receipt.get("gasUsed")))


def _quantity(text: Any) -> int:
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        raise LedgerInconsistent("an endpoint answered with something that is no number") from None


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
