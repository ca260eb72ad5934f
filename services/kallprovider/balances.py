from __future__ import annotations

import asyncio

from kallnet.account import Address
from kallnet.ledger import Channel
from kallnet.transfers import EPOCH, cover
from kallprovider.books import Books
from kallprovider.chain import Chain
from kallprovider.channels import Channels
from kallprovider.clock import Clock
from kallprovider.errors import ChainAway
from kallprovider.store import Store

# No event of an escrow tells when coins come or go: a balance older than this is read anew.
FRESH_SECONDS = 10.0
PATIENCE = 2.0
# Asking the chain more often would be a client's lever on us.
REFRESH_SECONDS = 2.0


class Balances(Channels):
    """What clients who pay by transfers own, put as a channel: their coins stand in for a deposit.

    `deposited` is what was paid and what is left, `claimed` the transfers that are mined. No confirmations
    are waited for: what is accepted before it is mined is bounded anyway.
    """

    def __init__(self, chain: Chain, books: Books, store: Store, clock: Clock) -> None:
        super().__init__(chain, books, confirmations=0)
        self._store = store
        self._clock = clock
        self._read_at: dict[Address, float] = {}

    async def known(self, client: Address) -> Channel:
        """Not older than FRESH_SECONDS, unless the chain is away."""
        known = self._books.channel(client)
        read_at = self._read_at.get(client)
        if known and read_at is not None and self._clock.monotonic() - read_at < FRESH_SECONDS:
            return known
        return await self.current(client, PATIENCE)

    async def again(self, client: Address) -> Channel:
        """For a client who says that there is more by now."""
        known, read_at = self._books.channel(client), self._read_at.get(client)
        if known and read_at is not None and self._clock.monotonic() - read_at < REFRESH_SECONDS:
            return known
        return await self.refresh(client)

    async def current(self, client: Address, patience: float = PATIENCE) -> Channel:
        known = self._books.channel(client)
        if known is None or known.epoch != EPOCH:
            return await self.refresh(client)
        try:
            return await asyncio.wait_for(self.refresh(client), patience)
        except (ChainAway, TimeoutError):
            return known

    async def _read(self, client: Address) -> Channel:
        # Before the balance: what is mined meanwhile must not count twice.
        settled = self._store.transfers.settled(client)
        balance = await self._chain.coin_balance(client)
        self._read_at[client] = self._clock.monotonic()
        known = self._books.channel(client)
        before = known.deposited if known and known.epoch == EPOCH else None
        deposited = cover(balance, settled, self._store.transfers.promised(client), before)
        return Channel(deposited, self._store.transfers.settled(client), exit_at=0, epoch=EPOCH)
