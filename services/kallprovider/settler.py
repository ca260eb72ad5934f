from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from kallnet import calldata
from kallnet.account import Address, address_to_hex
from kallnet.ledger import Channel
from kallprovider.chain import Chain
from kallprovider.channels import Channels
from kallprovider.clock import Clock
from kallprovider.config import Claims
from kallprovider.errors import ProviderError
from kallprovider.store import HeldVoucher, Store

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
MAX_BATCH = 40
FIRST_RETRY = 10.0
SLOWEST_RETRY = 3_600.0
# An exit this near is claimed against whatever else is going on.
EXIT_MARGIN = 600.0
# Between claims on one channel that is leaving: it could otherwise be made to cost a transaction a voucher.
EXIT_GAP = 60.0


def gain(held: HeldVoucher, channel: Channel) -> int:
    """What a claim would pay."""
    return max(0, min(held.voucher.cumulative, channel.deposited) - channel.claimed)


def is_due(
    held: HeldVoucher, channel: Channel, claims: Claims, *, now: float, idle: bool, exit_seen: bool
) -> bool:
    """`now` in Unix seconds; `exit_seen`: a claim has answered this exit already."""
    worth = gain(held, channel)
    if worth == 0:
        return False
    if channel.exit_at:
        near = channel.exit_at - now < EXIT_MARGIN
        return not exit_seen or idle or near or worth >= claims.minimum
    return idle and worth >= claims.minimum and now - held.received >= claims.after_seconds


@dataclass(frozen=True, slots=True)
class _Backoff:
    failures: int = 0
    not_before: float = 0.0


class Settler:
    """Turns vouchers into coins. What to claim follows from store and chain, so a crash loses nothing."""

    def __init__(
        self,
        escrow: Address,
        chain: Chain,
        channels: Channels,
        store: Store,
        claims: Claims,
        is_idle: Callable[[Address], bool],
        clock: Clock,
    ) -> None:
        self._escrow = escrow
        self._chain = chain
        self._channels = channels
        self._store = store
        self._claims = claims
        self._is_idle = is_idle
        self._clock = clock
        self._exits_seen: set[tuple[Address, int]] = set()
        self._backoff: dict[Address, _Backoff] = {}
        self._hurry = asyncio.Event()

    def channel_changed(self, client: Address, channel: Channel) -> None:
        if channel.exit_at:
            log.info("%s takes its deposit back at %d", address_to_hex(client), channel.exit_at)
            self._hurry.set()

    async def run(self) -> None:
        while True:
            try:
                await self.step()
            except ProviderError as problem:
                log.warning("claims are put off: %s", problem)
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._hurry.wait()
        except TimeoutError:
            return
        self._hurry.clear()

    async def step(self) -> None:
        """Claims all that is due, in one transaction for each MAX_BATCH channels."""
        due = [held for held, channel in self._store.unclaimed() if self._is_due(held, channel)]
        for start in range(0, len(due), MAX_BATCH):
            await self._claim(due[start : start + MAX_BATCH])

    def _is_due(self, held: HeldVoucher, channel: Channel) -> bool:
        client = held.voucher.client
        waiting = self._backoff.get(client, _Backoff()).not_before > self._clock.monotonic()
        return not waiting and is_due(
            held,
            channel,
            self._claims,
            now=self._clock.unix(),
            idle=self._is_idle(client),
            exit_seen=(client, channel.exit_at) in self._exits_seen,
        )

    async def _claim(self, batch: list[HeldVoucher]) -> None:
        for held in batch:
            self._put_off(held.voucher.client)  # until the channel shows that it is settled
        try:
            receipt = await self._chain.transact(self._escrow, _calldata(batch))
            log.info("claimed %d channels in 0x%s", len(batch), receipt.transaction.hex())
        finally:
            await self._conclude(batch)

    async def _conclude(self, batch: list[HeldVoucher]) -> None:
        """Whatever became of the transaction: the channels tell."""
        for held in batch:
            client = held.voucher.client
            channel = await self._channels.refresh(client)
            if channel.epoch == held.voucher.epoch and gain(held, channel):
                continue
            self._backoff.pop(client, None)
            if channel.exit_at:
                self._exits_seen.add((client, channel.exit_at))
                self._backoff[client] = _Backoff(0, self._clock.monotonic() + self._gap(channel))

    def _gap(self, channel: Channel) -> float:
        return LOOK_SECONDS if channel.exit_at - self._clock.unix() < EXIT_MARGIN else EXIT_GAP

    def _put_off(self, client: Address) -> None:
        failures = self._backoff.get(client, _Backoff()).failures + 1
        pause = min(SLOWEST_RETRY, FIRST_RETRY * 2 ** min(failures - 1, 16))
        self._backoff[client] = _Backoff(failures, self._clock.monotonic() + pause)


def _calldata(batch: list[HeldVoucher]) -> bytes:
    if len(batch) == 1:
        return calldata.claim(batch[0].voucher, batch[0].signature)
    return calldata.claim_batch([held.voucher for held in batch], [held.signature for held in batch])
