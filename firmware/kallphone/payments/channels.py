from __future__ import annotations

import threading
from contextlib import suppress

from kallnet.account import Address
from kallnet.ledger import Channel
from kallnet.transfers import EPOCH
from kallphone.payments.transfers import Transfers
from kallphone.phone.events import Credit
from kallphone.storage.errors import VoucherTooLow
from kallphone.storage.vouchers import SignedVoucher, VoucherStore


class Channels:
    """The phone's channels as last seen, with its own highest vouchers; any thread may ask."""

    def __init__(self, client: Address, vouchers: VoucherStore, transfers: Transfers) -> None:
        self._client = client
        self._vouchers = vouchers
        self._transfers = transfers
        self._seen: dict[Address, Channel] = {}
        self._lock = threading.Lock()

    def update(self, provider: Address, channel: Channel) -> Credit:
        with self._lock:
            self._seen[provider] = channel
        return self._credit(provider, channel)

    def seen(self, provider: Address) -> Channel | None:
        with self._lock:
            return self._seen.get(provider)

    def credit(self, provider: Address) -> Credit | None:
        channel = self.seen(provider)
        return None if channel is None else self._credit(provider, channel)

    def signed(self, provider: Address, channel: Channel) -> int:
        """A claim proves a signature of ours, even one that this phone's disk has lost."""
        if channel.epoch == EPOCH:
            return self._transfers.signed(provider)
        highest = self.highest(provider, channel.epoch)
        return max(channel.claimed, highest.voucher.cumulative if highest else 0)

    def highest(self, provider: Address, epoch: int) -> SignedVoucher | None:
        return self._vouchers.highest(self._client, provider, epoch)

    def take_back(self, signed: SignedVoucher) -> None:
        """A voucher of ours that this disk has lost: nothing lower is signed after it."""
        with suppress(VoucherTooLow):
            self._vouchers.commit(signed)

    def _credit(self, provider: Address, channel: Channel) -> Credit:
        return Credit(provider, channel.epoch, channel.deposited, self.signed(provider, channel))
