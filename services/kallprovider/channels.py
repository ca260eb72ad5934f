from __future__ import annotations

import asyncio
from collections.abc import Callable

from kallnet.account import Address
from kallnet.ledger import Channel
from kallprovider.books import Books
from kallprovider.chain import Chain, merged
from kallprovider.errors import ChainAway


class Channels:
    """Brings the channels of this provider from the chain into the books."""

    def __init__(self, chain: Chain, books: Books, confirmations: int) -> None:
        self._chain = chain
        self._books = books
        self._confirmations = confirmations
        self._listeners: list[Callable[[Address, Channel], None]] = []

    def on_change(self, listener: Callable[[Address, Channel], None]) -> None:
        self._listeners.append(listener)

    async def known(self, client: Address) -> Channel:
        """As the books have it, however old; only a stranger's is asked for."""
        return self._books.channel(client) or await self.refresh(client)

    async def current(self, client: Address, patience: float = 2.0) -> Channel:
        """As the chain has it, or as the books do when the chain takes longer than `patience` seconds."""
        known = self._books.channel(client)
        if known is None:
            return await self.refresh(client)
        try:
            return await asyncio.wait_for(self.refresh(client), patience)
        except (ChainAway, TimeoutError):
            return known

    async def refresh(self, client: Address) -> Channel:
        """As the chain has it now."""
        channel = await self._read(client)
        if channel != self._books.channel(client):
            self._books.channel_changed(client, channel)
            for listener in self._listeners:
                listener(client, channel)
        return channel

    async def _read(self, client: Address) -> Channel:
        head = await self._chain.head()
        latest = await self._chain.channel(client, head.number)
        if self._confirmations:
            safe = await self._chain.channel(client, max(0, head.number - self._confirmations))
        else:
            safe = latest
        return merged(safe, latest)
