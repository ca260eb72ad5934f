from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from kallnet import calldata
from kallnet.account import Address, address_to_hex
from kallprovider.balances import Balances
from kallprovider.books import Books
from kallprovider.chain import Chain
from kallprovider.clock import Clock
from kallprovider.errors import ChainAway, NotAccepted, ProviderError, TransactionFailed
from kallprovider.held_transfers import HeldTransfer
from kallprovider.store import Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
FIRST_RETRY = 2.0
SLOWEST_RETRY = 60.0


@dataclass(frozen=True, slots=True)
class _Backoff:
    failures: int = 0
    not_before: float = 0.0


class Collector:
    """Brings accepted transfers to the chain: of each client one at a time, in the order of its sums.

    What there is to do follows from store and chain, so a crash loses nothing.
    """

    def __init__(
        self,
        coin: Address,
        chain: Chain,
        balances: Balances,
        books: Books,
        store: Store,
        confirmations: int,
        clock: Clock,
    ) -> None:
        self._coin = coin
        self._chain = chain
        self._balances = balances
        self._books = books
        self._store = store
        self._confirmations = confirmations
        self._clock = clock
        self._busy: set[Address] = set()
        self._backoff: dict[Address, _Backoff] = {}
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """A transfer was accepted."""
        self._hurry.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                for client in self._take_due():
                    group.create_task(self._collect(client))
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._hurry.wait()
                self._hurry.clear()

    async def step(self) -> None:
        """All that is due, to its end."""
        await asyncio.gather(*(self._collect(client) for client in self._take_due()))

    def _take_due(self) -> list[Address]:
        now = self._clock.monotonic()
        due = [
            client
            for client in self._store.transfers.clients_under_way()
            if client not in self._busy and self._backoff.get(client, _Backoff()).not_before <= now
        ]
        self._busy.update(due)
        return due

    async def _collect(self, client: Address) -> None:
        try:
            await self._look_again(client)
            while transfer := self._first_open(client):
                await self._submit(transfer)
            self._backoff.pop(client, None)
        except ProviderError as problem:
            pause = self._put_off(client)
            log.warning("a transfer of %s waits %.0f s: %s", address_to_hex(client), pause, problem)
        except Exception:
            log.exception("a transfer of %s waits %.0f s", address_to_hex(client), self._put_off(client))
        finally:
            self._busy.discard(client)

    def _first_open(self, client: Address) -> HeldTransfer | None:
        under_way = self._store.transfers.under_way(client)
        return next((transfer for transfer in under_way if transfer.block is None), None)

    async def _submit(self, transfer: HeldTransfer) -> None:
        data = calldata.transfer_with_authorization(transfer.message, transfer.signature)
        try:
            receipt = await self._chain.transact(self._coin, data)
        except (NotAccepted, TransactionFailed) as refusal:
            await self._refused(transfer, refusal)
        else:
            log.info("collected %d of %s", transfer.message.value, address_to_hex(transfer.client))
            self._mined(transfer, receipt.block)

    def _mined(self, transfer: HeldTransfer, block: int) -> None:
        self._books.transfer_mined(transfer, block)
        if self._confirmations == 0:
            self._bury(transfer)

    def _bury(self, transfer: HeldTransfer) -> None:
        with self._store.transaction():
            self._store.transfers.bury(transfer)

    async def _refused(self, transfer: HeldTransfer, refusal: ProviderError) -> None:
        """The chain tells whether the transfer was made after all, or can still be."""
        block = await self._chain.payment_block(transfer.message)
        if block is not None:
            self._mined(transfer, block)
        elif isinstance(refusal, NotAccepted) or await self._has_expired(transfer):
            await self._lost(transfer, refusal)
        else:
            raise refusal

    async def _has_expired(self, transfer: HeldTransfer) -> bool:
        return (await self._chain.head()).timestamp >= transfer.message.valid_before

    async def _lost(self, transfer: HeldTransfer, refusal: ProviderError) -> None:
        client = address_to_hex(transfer.client)
        log.warning("the transfer of %d by %s is lost: %s", transfer.message.value, client, refusal)
        if written_off := self._books.transfer_lost(transfer):
            log.warning("%d of %s written off", written_off, client)
        with suppress(ChainAway):
            await self._balances.refresh(transfer.client)

    async def _look_again(self, client: Address) -> None:
        """A transfer that a reorganisation took back is made again."""
        mined = [held for held in self._store.transfers.under_way(client) if held.block is not None]
        if not mined:
            return
        newest = (await self._chain.head()).number
        for transfer in mined:
            if transfer.block is not None and newest >= transfer.block + self._confirmations:
                block = await self._chain.payment_block(transfer.message)
                if block is not None and newest >= block + self._confirmations:
                    self._bury(transfer)
                else:
                    self._books.transfer_mined(transfer, block)

    def _put_off(self, client: Address) -> float:
        failures = self._backoff.get(client, _Backoff()).failures + 1
        pause = min(SLOWEST_RETRY, FIRST_RETRY * 2.0 ** min(failures - 1, 16))
        self._backoff[client] = _Backoff(failures, self._clock.monotonic() + pause)
        return pause
