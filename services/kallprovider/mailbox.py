from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kallnet.account import Address, address_to_hex, recover
from kallnet.entries import ClientEntry
from kallnet.errors import BadSignature, EntryInvalid
from kallnet.mail_names import message_id
from kallnet.messages import Mail
from kallnet.typed import Domain, digest
from kallprovider.clock import Clock
from kallprovider.errors import BadRequest, Forbidden, MailboxFull, TooMany, Unauthorized
from kallprovider.held_mail import Held, HeldMail, HeldMessage
from kallprovider.rate import RateLimit

AGE = 30 * 86_400
WINDOW = 3600
"""Seconds that the sender's clock and ours may differ."""
MAX_WAIT = 30
MAX_ANSWER = 512 * 1024

MESSAGES_PER_HOUR = 120
MAX_WAITERS = 10_000
MOST = Held(count=1000, size=32 * 1024 * 1024)
# So that one sender alone fills no mailbox.
MOST_OF_ONE = Held(count=100, size=8 * 1024 * 1024)

LISTED_SECONDS = 900.0
UNLISTED_SECONDS = 30.0
MAX_REMEMBERED = 100_000


class Mailbox:
    """Sealed messages for this provider's clients, kept until they are fetched and deleted."""

    def __init__(
        self,
        mail: HeldMail,
        registry: Domain,
        is_client: Callable[[Address], Awaitable[bool]],
        client_entry: Callable[[Address], Awaitable[ClientEntry | None]],
        clock: Clock,
    ) -> None:
        self._mail = mail
        self._registry = registry
        self._is_client = is_client
        self._client_entry = client_entry
        self._clock = clock
        self._rate = RateLimit(MESSAGES_PER_HOUR, 3600.0, clock.monotonic)
        self._listed: dict[Address, tuple[bool, float]] = {}
        self._waiters: dict[Address, asyncio.Future[None]] = {}
        self._closed = False

    async def accept(self, message: Mail, signature: bytes, sealed: bytes) -> None:
        """On disk when it returns; the same message again changes nothing."""
        self._require_signed(message, signature, sealed)
        if not await self._is_client(message.recipient):
            raise Forbidden("the recipient is not a client of this provider: look for its entry anew")
        await self._require_listed(message.sender)
        if self._mail.has(message.recipient, message.id):
            return
        now = self._clock.unix()
        self._mail.forget(now - AGE)
        self._require_room(message, len(sealed))
        self._count(message.sender)
        self._mail.add(HeldMessage(message.recipient, message.id, message.sender, now, sealed))
        self._wake(message.recipient)

    async def fetch(self, recipient: Address, wait: float) -> list[HeldMessage]:
        """The oldest, up to MAX_ANSWER bytes; where there are none, waits that many seconds for one.

        One request waits per recipient: a newer one ends the wait of the older.
        """
        self._mail.forget(self._clock.unix() - AGE)
        found = self._mail.of(recipient, MAX_ANSWER)
        if found or wait <= 0 or self._closed:
            return found
        self._wake(recipient)
        if len(self._waiters) >= MAX_WAITERS:
            raise TooMany("too many phones wait for mail: ask again in a minute")
        await self._wait(recipient, wait)
        return self._mail.of(recipient, MAX_ANSWER)

    def delete(self, recipient: Address, id_: bytes) -> None:
        self._mail.delete(recipient, id_)

    def close(self) -> None:
        """Nobody waits any more."""
        self._closed = True
        for recipient in list(self._waiters):
            self._wake(recipient)

    async def _wait(self, recipient: Address, seconds: float) -> None:
        waiter = self._waiters[recipient] = asyncio.get_running_loop().create_future()
        timer = self._clock.call_at(self._clock.monotonic() + seconds, lambda: _end(waiter))
        try:
            await waiter
        finally:
            timer.cancel()
            if self._waiters.get(recipient) is waiter:
                del self._waiters[recipient]

    def _wake(self, recipient: Address) -> None:
        if (waiter := self._waiters.pop(recipient, None)) is not None:
            _end(waiter)

    def _require_signed(self, message: Mail, signature: bytes, sealed: bytes) -> None:
        if message_id(sealed) != message.id:
            raise BadRequest("id is not the hash of the sealed message")
        if abs(self._clock.unix() - message.time) > WINDOW:
            raise Unauthorized("the message is signed for another time: one of our clocks is wrong")
        try:
            signer = recover(digest(self._registry, message), signature)
        except BadSignature as error:
            raise Unauthorized(str(error)) from None
        if signer != message.sender:
            raise Unauthorized(f"the message is not signed by {address_to_hex(message.sender)}")

    async def _require_listed(self, sender: Address) -> None:
        """An account costs nothing until it is registered: without an entry, spam would have no name."""
        listed, until = self._listed.get(sender, (False, 0.0))
        if until <= self._clock.monotonic():
            listed = await self._is_listed(sender)
            if len(self._listed) >= MAX_REMEMBERED:
                self._listed.clear()
            life = LISTED_SECONDS if listed else UNLISTED_SECONDS
            self._listed[sender] = (listed, self._clock.monotonic() + life)
        if not listed:
            raise Forbidden("the sender has no entry on the ledger: register first")

    async def _is_listed(self, sender: Address) -> bool:
        try:
            return await self._client_entry(sender) is not None
        except EntryInvalid:
            return False

    def _require_room(self, message: Mail, size: int) -> None:
        if _is_over(self._mail.held_from(message.sender, message.recipient), size, MOST_OF_ONE):
            raise MailboxFull(
                "this sender's messages fill their share of the mailbox: wait until some are read"
            )
        if _is_over(self._mail.held(message.recipient), size, MOST):
            raise MailboxFull("the mailbox is full: try again when its owner has read some")

    def _count(self, sender: Address) -> None:
        if not self._rate.allow(sender):
            minutes = self._rate.wait(sender) / 60
            raise TooMany(f"the messages of this hour are used up: try again in {minutes:.0f} minutes")


def _is_over(held: Held, size: int, most: Held) -> bool:
    return held.count >= most.count or held.size + size > most.size


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
