from __future__ import annotations

import asyncio
from collections.abc import Callable

from kallnet.account import Address
from kallnet.ledger import Channel
from kallprovider.books import Books
from kallprovider.chain import Chain, merged


class Channels:
    """Brings the channels of this provider from the chain into the books."""

    def __init__(self, chain: Chain, books: Books, confirmations: int) -> None:
        self._chain = chain
        self._books = books
        self._confirmations = confirmations
        self._reads: dict[Address, asyncio.Task[Channel]] = {}
        self._listeners: list[Callable[[Address, Channel], None]] = []

    def on_change(self, listener: Callable[[Address, Channel], None]) -> None:
        self._listeners.append(listener)

    async def known(self, client: Address) -> Channel:
        """As the books have it, however old; only a stranger's is asked for."""
        return self._books.channel(client) or await self.refresh(client)

    async def refresh(self, client: Address) -> Channel:
        """As the chain has it now; askers at the same time share one answer."""
        read = self._reads.get(client)
        if read is None:
            read = self._reads[client] = asyncio.create_task(self._read(client))
            read.add_done_callback(lambda _: self._reads.pop(client, None))
        return await asyncio.shield(read)

    async def _read(self, client: Address) -> Channel:
        head = await self._chain.head()
        latest = await self._chain.channel(client, head.number)
        if self._confirmations:
            safe = await self._chain.channel(client, max(0, head.number - self._confirmations))
        else:
            safe = latest
        channel = merged(safe, latest)
        if channel != self._books.channel(client):
            self._books.channel_changed(client, channel)
            for listener in self._listeners:
                listener(client, channel)
        return channel
