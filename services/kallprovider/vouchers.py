from __future__ import annotations

from collections.abc import Callable

from kallnet.account import Address, recover
from kallnet.errors import BadSignature
from kallnet.ledger import Channel
from kallnet.messages import Voucher
from kallnet.typed import Domain, digest
from kallprovider.books import Books
from kallprovider.channels import Channels
from kallprovider.clock import Clock
from kallprovider.errors import BadRequest, ChainAway, Conflict, PaymentNeeded, Unauthorized

# A deposit that a client made elsewhere may be news; asking the chain more often would be its lever on us.
REFRESH_SECONDS = 2.0


class VoucherDesk:
    """Takes vouchers: signed, of the channel's epoch, rising, and within the deposit."""

    def __init__(
        self, provider: Address, escrow: Domain, books: Books, channels: Channels, clock: Clock
    ) -> None:
        self._provider = provider
        self._escrow = escrow
        self._books = books
        self._channels = channels
        self._clock = clock
        self._refreshed: dict[Address, float] = {}

    async def accept(self, voucher: Voucher, signature: bytes) -> int:
        """Returns the highest cumulative sum held, which is on disk by then."""
        if voucher.provider != self._provider:
            raise BadRequest("the voucher is for another provider")
        self._verify(voucher, signature)
        channel = await self._channel(voucher, lambda c: c.epoch == voucher.epoch)
        if channel.epoch != voucher.epoch:
            words = f"the channel is in epoch {channel.epoch}, the voucher of {voucher.epoch}: sign again"
            raise Conflict(words, cumulative=self._books.tab(voucher.client).voucher)
        highest = self._books.tab(voucher.client).voucher
        if voucher.cumulative < highest:
            raise Conflict(f"a voucher over {highest} is held already", cumulative=highest)
        channel = await self._channel(voucher, lambda c: c.deposited >= voucher.cumulative)
        if channel.epoch != voucher.epoch or channel.deposited < voucher.cumulative:
            words = f"the deposit is {channel.deposited}, the voucher for {voucher.cumulative}: top up"
            raise PaymentNeeded(words, cumulative=highest, deposited=channel.deposited)
        return self._books.accept(voucher, signature)

    def _verify(self, voucher: Voucher, signature: bytes) -> None:
        try:
            signer = recover(digest(self._escrow, voucher), signature)
        except BadSignature as error:
            raise Unauthorized(str(error)) from None
        if signer != voucher.client:
            raise Unauthorized("the voucher is not signed by its client")

    async def _channel(self, voucher: Voucher, suffices: Callable[[Channel], bool]) -> Channel:
        """As known, unless it speaks against the voucher: then as the chain has it, if the chain is there."""
        client = voucher.client
        channel = await self._channels.known(client)
        now = self._clock.monotonic()
        if suffices(channel) or self._refreshed.get(client, -REFRESH_SECONDS) + REFRESH_SECONDS > now:
            return channel
        self._refreshed[client] = now
        try:
            return await self._channels.refresh(client)
        except ChainAway:
            return channel
