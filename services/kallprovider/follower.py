from __future__ import annotations

import asyncio
import logging

from kallnet.account import Address
from kallprovider.chain import MAX_RANGE, Chain
from kallprovider.channels import Channels
from kallprovider.errors import ProviderError
from kallprovider.store import Store

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
SLOWEST_SECONDS = 60.0
# How far back to look again when the chain turns out to have been reorganised.
REORGANISED = 128


class Follower:
    """Follows the escrow's events. They only say where to look: what counts is the channel, read anew."""

    def __init__(
        self, chain: Chain, channels: Channels, store: Store, first_block: int, confirmations: int
    ) -> None:
        self._chain = chain
        self._channels = channels
        self._store = store
        self._first_block = first_block
        self._confirmations = confirmations

    async def run(self) -> None:
        pause = POLL_SECONDS
        while True:
            try:
                await self.step()
                pause = POLL_SECONDS
            except ProviderError as problem:
                pause = min(SLOWEST_SECONDS, 2 * pause)
                log.warning("channels are not up to date, next try in %.0f s: %s", pause, problem)
            await asyncio.sleep(pause)

    async def step(self) -> None:
        """Reads all that changed up to the newest block."""
        head = await self._chain.head()
        position = self._store.chain_position()
        if position == (head.number, head.hash):
            return
        for client in sorted(await self._changed(position, head.number)):
            await self._channels.refresh(client)
        self._store.set_chain_position(head.number, head.hash)

    async def _changed(self, position: tuple[int, bytes] | None, newest: int) -> set[Address]:
        if position is None:
            return await self._touched(self._first_block, newest)
        block, block_hash = position
        # A change is read when it is new, and again when it is buried.
        back = self._confirmations
        clients: set[Address] = set()
        if block > newest or await self._chain.block_hash(block) != block_hash:
            log.warning("the chain was reorganised at or below block %d: all channels are read again", block)
            back += REORGANISED
            clients = set(self._store.clients())
        return clients | await self._touched(max(self._first_block, min(block, newest) + 1 - back), newest)

    async def _touched(self, first: int, last: int) -> set[Address]:
        clients: set[Address] = set()
        for start in range(first, last + 1, MAX_RANGE):
            clients |= await self._chain.touched(start, min(last, start + MAX_RANGE - 1))
        return clients
