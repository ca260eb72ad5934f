from __future__ import annotations

from collections.abc import Awaitable, Callable

from kallnet.account import Address, address_to_hex, recover
from kallnet.errors import BadSignature
from kallnet.ledger import Channel
from kallnet.messages import TransferWithAuthorization
from kallnet.transfers import HIGHEST_SUM, LEAST_LEFT, MOST_LEFT, transfer_nonce
from kallnet.typed import Domain, digest
from kallprovider.balances import Balances
from kallprovider.books import Books
from kallprovider.clock import Clock
from kallprovider.errors import (
    BadRequest,
    ChainAway,
    Conflict,
    Forbidden,
    PaymentNeeded,
    TooMany,
    Unauthorized,
)
from kallprovider.held_transfers import HeldTransfer
from kallprovider.rate import RateLimit
from kallprovider.relay import HOUR
from kallprovider.store import Store

# Each transfer costs a transaction. Some below a period's share are taken all the same: the price may have
# risen since they were signed, and none after them can be taken before.
SMALL_PER_HOUR = 4
# What a client may owe in transfers that are not mined yet: two minutes of a call without a chain.
UNMINED_PERIODS = 8


class TransferDesk:
    """Takes transfers: signed, each following on the last, and within what the client owns."""

    def __init__(
        self,
        provider: Address,
        coin: Domain,
        price: int,
        least: int,
        books: Books,
        store: Store,
        balances: Balances,
        is_client: Callable[[Address], Awaitable[bool]],
        accepted: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`price` of a period, and `least` that one side pays of it: each transfer costs a transaction."""
        self._provider = provider
        self._coin = coin
        self._most_unmined = UNMINED_PERIODS * price
        self._least = least
        self._small = RateLimit(SMALL_PER_HOUR, HOUR, clock.monotonic)
        self._books = books
        self._store = store
        self._balances = balances
        self._is_client = is_client
        self._accepted = accepted
        self._clock = clock

    async def accept(
        self, message: TransferWithAuthorization, cumulative: int, signature: bytes, *, skip: bool = False
    ) -> Channel:
        """The client's channel, once the transfer is on disk.

        With `skip` the client says that it has nothing to deliver between the sum held and this transfer.
        """
        client = message.from_
        self._require_ours(message, cumulative)
        self._verify(message, signature)
        if not await self._is_client(client):
            raise Forbidden("this account is not a client of this provider: ask for an agreement first")
        channel = await self._balances.known(client)
        if channel.deposited < cumulative:
            channel = await self._again(client, channel)
        # From here on nothing is waited for: two transfers at once are taken one after the other.
        if not self._is_held(message, cumulative):
            self._require_worth(message)
            if skip and self._may_skip(message, cumulative):
                channel = self._books.skip_to(client, cumulative - message.value)
            self._require_next(message, cumulative)
            self._require_cover(channel, cumulative, message.value)
            self._books.accept_transfer(HeldTransfer(message, cumulative, signature))
            self._accepted()
        return channel

    def _require_ours(self, message: TransferWithAuthorization, cumulative: int) -> None:
        if message.to != self._provider:
            raise BadRequest("the transfer is to another account")
        if message.valid_after != 0:
            raise BadRequest("valid_after must be 0")
        if not 0 < message.value <= cumulative:
            raise BadRequest(f"value is {message.value}: give 1 to {cumulative}, what the sum has grown by")
        if message.nonce != transfer_nonce(message.from_, message.to, cumulative):
            raise BadRequest(f"the nonce is not that of the sum {cumulative}")

    def _verify(self, message: TransferWithAuthorization, signature: bytes) -> None:
        try:
            signer = recover(digest(self._coin, message), signature)
        except BadSignature as error:
            raise Unauthorized(str(error)) from None
        if signer != message.from_:
            raise Unauthorized(f"the transfer is not signed by {address_to_hex(message.from_)}")

    async def _again(self, client: Address, known: Channel) -> Channel:
        try:
            return await self._balances.again(client)
        except ChainAway:
            return known

    def _is_held(self, message: TransferWithAuthorization, cumulative: int) -> bool:
        """The same again is no mistake; its signature may be a later one, but it can't be mined twice."""
        held = self._store.transfers.promised(message.from_)
        if cumulative > held:
            return False
        for transfer in self._store.transfers.of(message.from_):
            if transfer.cumulative == cumulative and transfer.message.value != message.value:
                words = f"a transfer of {transfer.message.value} up to the sum {cumulative} is held already"
                raise Conflict(words, cumulative=held)
        return True

    def _may_skip(self, message: TransferWithAuthorization, cumulative: int) -> bool:
        """Not while anything of the client's is open: it might still be delivered, mined or lost."""
        transfers = self._store.transfers
        gap = cumulative - message.value - transfers.promised(message.from_)
        return gap > 0 and cumulative <= HIGHEST_SUM and not transfers.under_way(message.from_)

    def _require_next(self, message: TransferWithAuthorization, cumulative: int) -> None:
        held = self._store.transfers.promised(message.from_)
        if cumulative - message.value != held:
            words = f"the transfer follows on the sum {cumulative - message.value}, held is {held}"
            raise Conflict(words, cumulative=held)
        left = message.valid_before - self._clock.unix()
        if not LEAST_LEFT <= left <= MOST_LEFT:
            words = f"the transfer is good for {left:.0f} s, not {LEAST_LEFT} to {MOST_LEFT}: check the clock"
            raise BadRequest(words)

    def _require_worth(self, message: TransferWithAuthorization) -> None:
        if message.value < self._least and not self._small.allow(message.from_):
            words = f"value is {message.value}, below a period's share, {self._least}"
            raise TooMany(f"{words}: {SMALL_PER_HOUR} such are taken in an hour, try again later")

    def _require_cover(self, channel: Channel, cumulative: int, value: int) -> None:
        unmined = cumulative - channel.claimed
        if unmined > self._most_unmined:
            raise TooMany(f"{unmined} would wait for the ledger, {self._most_unmined} may: try again")
        if channel.deposited < cumulative:
            words = f"the account owns {channel.deposited - channel.claimed}, {unmined} is needed: top up"
            raise PaymentNeeded(words, cumulative=cumulative - value, deposited=channel.deposited)
