from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from web3.exceptions import Web3Exception

from kallnet import refusals
from kallnet.account import Address
from kallnet.entries import ClientEntry, ServiceEntry
from kallnet.errors import (
    KallnetError,
    LedgerError,
    LedgerInconsistent,
    LedgerRefused,
    LedgerUnreachable,
)
from kallnet.ledger import Channel
from kallnet.messages import TransferWithAuthorization
from kallnet.query import query
from kallprovider.chain_rpc import Block, ChainRpc, Sent
from kallprovider.errors import ChainAway, NotAccepted, ProviderError, TransactionFailed

log = logging.getLogger(__name__)

T = TypeVar("T")

READ_TIMEOUT = 20.0
SEND_TIMEOUT = 40.0
# After this the fee is raised.
RECEIPT_WAIT = 60.0
RAISES = 3
FIRST_POLL = 0.05
SLOWEST_POLL = 2.0
# Nodes refuse longer ranges of logs.
MAX_RANGE = 2_000
# How far back a transfer is looked for that somebody else brought to the chain.
LOOK_BACK = 50 * MAX_RANGE


@dataclass(frozen=True, slots=True)
class Receipt:
    transaction: bytes
    block: int
    gas_used: int


class Chain(Protocol):
    """The chain as the provider uses it. Every method raises ChainAway when no answer comes in time."""

    @property
    def is_up(self) -> bool: ...
    async def head(self) -> Block: ...
    async def block_hash(self, number: int) -> bytes | None: ...
    async def channel(self, client: Address, block: int | None = None) -> Channel: ...
    async def touched(self, first: int, last: int) -> set[Address]: ...
    async def client_entry(self, account: Address) -> ClientEntry | None: ...
    async def query(self, kind: str, account: Address) -> str: ...
    async def coin_balance(self, account: Address) -> int: ...
    async def payment_block(self, transfer: TransferWithAuthorization) -> int | None: ...
    async def transact(self, contract: Address, data: bytes) -> Receipt: ...


class ChainWorker:
    """Runs every chain call in one thread, which alone owns the connection, the signer and the nonce.

    A call that is late is given up here; the thread itself is bounded by the time-outs of its connection.
    """

    def __init__(self, rpc: ChainRpc, receipt_wait: float = RECEIPT_WAIT) -> None:
        self._rpc = rpc
        self._receipt_wait = receipt_wait
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chain")
        self._up = False

    @property
    def is_up(self) -> bool:
        """Whether the latest question was answered."""
        return self._up

    def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._rpc.close()

    async def head(self) -> Block:
        return await self._read(self._rpc.head)

    async def block_hash(self, number: int) -> bytes | None:
        return await self._read(self._rpc.block_hash, number)

    async def channel(self, client: Address, block: int | None = None) -> Channel:
        """The channel of `client` and this provider after `block`, or as it is now."""
        return await self._read(self._rpc.channel, client, block)

    async def touched(self, first: int, last: int) -> set[Address]:
        """The clients whose channel with this provider changed in these blocks."""
        return await self._read(self._rpc.touched, first, last)

    async def client_entry(self, account: Address) -> ClientEntry | None:
        return await self._read(self._rpc.ledger.client_entry, account)

    async def query(self, kind: str, account: Address) -> str:
        """One of kallnet.query's questions; raises its NotListed, EntryLapsed and EntryInvalid."""
        return await self._read(query, self._rpc.ledger, kind, account)
    async def coin_balance(self, account: Address) -> int:
        return await self._read(self._rpc.ledger.coin_balance, account)

    async def payment_block(self, transfer: TransferWithAuthorization) -> int | None:
        """Where it was made; a nonce that was cancelled or used for another payment gives None as well."""
        head = await self.head()
        if not await self._read(self._rpc.is_used, transfer, head.number):
            return None
        for last in range(head.number, max(0, head.number - LOOK_BACK) - 1, -MAX_RANGE):
            use = await self._read(self._rpc.find_use, transfer, max(0, last - MAX_RANGE + 1), last)
            if use is not None:
                return use.block if use.paid else None
        return None

    async def service_entry(self) -> ServiceEntry | None:
        return await self._read(self._rpc.ledger.service_entry, self._rpc.account)

    async def service_nonce(self) -> int:
        return await self._read(self._rpc.service_nonce)

    async def chain_time(self) -> int:
        return await self._read(self._rpc.ledger.chain_time)

    async def gas_balance(self) -> int:
        """In wei."""
        return await self._read(self._rpc.gas_balance)

    async def transact(self, contract: Address, data: bytes) -> Receipt:
        """Simulates, sends at this provider's cost and waits for the receipt.

        Raises NotAccepted with the contract's words when it would revert, TransactionFailed when it did.
        """
        sent = [await self._run(SEND_TIMEOUT, self._rpc.send, contract, data)]
        for _ in range(RAISES):
            receipt = await self._receipt(sent)
            if receipt is not None:
                return receipt
            log.warning("no receipt for 0x%s: raising its fee", sent[-1].hash.hex())
            sent.append(await self._run(SEND_TIMEOUT, self._rpc.raise_fee, sent[-1]))
        receipt = await self._receipt(sent)
        if receipt is None:
            await self._read(self._rpc.abandon, sent[-1])
            raise ChainAway(f"transaction 0x{sent[-1].hash.hex()} is not mined yet: look for it later")
        return receipt

    async def _receipt(self, sent: list[Sent]) -> Receipt | None:
        """Any of these transactions with one nonce may be the one that is mined."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._receipt_wait
        pause = FIRST_POLL
        while loop.time() < deadline:
            with suppress(ChainAway):  # it was sent: a moment without the ledger must not hide that
                if found := await self._read(self._rpc.find_receipt, sent):
                    return _checked(*found)
            await asyncio.sleep(pause)
            pause = min(SLOWEST_POLL, pause * 2)
        return None

    async def _read(self, function: Callable[..., T], *arguments: Any) -> T:
        return await self._run(READ_TIMEOUT, function, *arguments)

    async def _run(self, timeout: float, function: Callable[..., T], *arguments: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            answer = await asyncio.wait_for(loop.run_in_executor(self._thread, function, *arguments), timeout)
        except TimeoutError:
            self._up = False
            raise ChainAway(f"the ledger gave no answer in {timeout:.0f} s: try again") from None
        except LedgerError as error:
            self._up = not isinstance(error, LedgerUnreachable)
            raise translated(error) from error
        except KallnetError:
            self._up = True  # it answered, with what its publisher got wrong or nobody published
            raise
        except (Web3Exception, LookupError, TypeError, ValueError, AttributeError) as error:
            words = f"the ledger's answer makes no sense ({type(error).__name__}): try again"
            raise ChainAway(words) from error
        self._up = True
        return answer


def translated(error: LedgerError) -> ProviderError:
    if isinstance(error, LedgerRefused):
        if error.data or "revert" in error.message:
            return NotAccepted(refusals.words_of(error.data))
        return TransactionFailed(f"the ledger refuses the transaction: {error.message}")
    if isinstance(error, LedgerInconsistent):
        return ChainAway(f"the ledger's answers don't fit together ({error}): try again")
    return ChainAway("the ledger can't be reached: try again")


def _checked(sent: Sent, receipt: dict[str, int]) -> Receipt:
    if receipt["status"] != 1:
        raise TransactionFailed(f"transaction 0x{sent.hash.hex()} was mined and reverted: sign it again")
    return Receipt(sent.hash, receipt["block"], receipt["gas_used"])


def merged(safe: Channel, latest: Channel) -> Channel:
    """A deposit counts when it is buried, whatever takes it away counts at once."""
    if safe.epoch != latest.epoch:
        return Channel(deposited=0, claimed=latest.claimed, exit_at=latest.exit_at, epoch=latest.epoch)
    return Channel(
        deposited=min(safe.deposited, latest.deposited),
        claimed=latest.claimed,
        exit_at=latest.exit_at or safe.exit_at,
        epoch=latest.epoch,
    )
