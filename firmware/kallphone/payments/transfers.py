from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from kallnet.account import Address
from kallnet.ledger import Channel
from kallnet.transfers import EPOCH, HIGHEST_SUM, VALID_SECONDS, cover, transfer_of
from kallphone.payments.answers import TransferReport
from kallphone.payments.errors import PaymentsError, ProviderInvalid, ProviderRefused
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.signatures import Signatures
from kallphone.storage.receipts import Charge
from kallphone.storage.transfers import SignedTransfer, TransferStore

log = logging.getLogger(__name__)

RENEW_S = VALID_SECONDS // 2
"""A transfer with less life than this is signed anew, with the same nonce, before it leaves."""

KEEP_S = 86_400
"""How long a transfer that is mined is kept: no reorganisation is deeper."""


class Transfers:
    """Payment by single transfers of the coin, for providers that want no escrow; any thread may ask."""

    def __init__(
        self,
        client: Address,
        store: TransferStore,
        signatures: Signatures,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._store = store
        self._signatures = signatures
        self._clock = clock
        self._reports: dict[Address, TransferReport] = {}
        self._lock = threading.Lock()

    def signed(self, provider: Address) -> int:
        return self._store.highest(provider)

    def settled(self, provider: Address) -> int:
        """What the provider says is mined, of what was signed here."""
        with self._lock:
            report = self._reports.get(provider)
        return min(report.settled, self._store.highest(provider)) if report else 0

    @property
    def promised(self) -> int:
        """What is signed and, as far as its providers say, not mined yet."""
        with self._lock:
            providers = list(self._reports)
        return sum(self.signed(provider) - self.settled(provider) for provider in providers)

    def channel(self, provider: Address, read_balance: Callable[[], int], known: Channel | None) -> Channel:
        """The account's coins put as a channel, in which they are the deposit.

        What the provider says is mined is asked before the balance is read, so that nothing counts twice.
        """
        settled = self.settled(provider)
        before = known.deposited if known is not None and known.epoch == EPOCH else None
        deposited = cover(read_balance(), settled, self.signed(provider), before)
        return Channel(deposited, settled, exit_at=0, epoch=EPOCH)

    def sign(self, provider: Address, cumulative: int, charge: Charge | None = None) -> SignedTransfer:
        """Signs what the sum grows by, and commits it with the charge. Raises StorageError."""
        previous = self._store.highest(provider)
        if cumulative == previous and (same := self._store.after(provider, previous - 1)):
            return same[-1]
        if cumulative > HIGHEST_SUM:
            raise PaymentsError(f"the sum {cumulative} is larger than all coins")
        until = int(self._clock()) + VALID_SECONDS
        message = transfer_of(self._client, provider, min(previous, cumulative), cumulative, until)
        signed = SignedTransfer(message, cumulative, self._signatures.transfer(message))
        self._store.commit(signed, charge)
        return signed

    def last(self, provider: Address) -> SignedTransfer | None:
        found = self._store.after(provider, self._store.highest(provider) - 1)
        return found[-1] if found else None

    def heard(self, provider: Address, report: TransferReport) -> None:
        """What a provider says it holds. A larger sum than ours is one that this disk has lost.

        Going on from the provider's word risks nothing: each transfer carries only what it adds.
        """
        if self._store.highest(provider) < report.cumulative <= HIGHEST_SUM:
            log.warning("going on from the sum %d that the provider holds", report.cumulative)
            self._store.begin_at(provider, report.cumulative)
        with self._lock:
            self._reports[provider] = report
        self._store.forget(provider, report.settled, int(self._clock()) - KEEP_S)

    def hand_over(self, api: ProviderApi, signed: SignedTransfer) -> None:
        """All up to this one that the provider lacks, in their order. Raises PaymentsError."""
        held = self._held(signed.provider)
        try:
            self._hand_over_after(api, signed, held)
        except ProviderRefused as refusal:
            if refusal.held is None or (refusal.held == held and not self._has_gap(signed, held)):
                raise
            # What it held has fallen back, another thread was faster, or one of us has lost its disk.
            self._hand_over_after(api, signed, refusal.held, skip=self._has_gap(signed, refusal.held))

    def _has_gap(self, signed: SignedTransfer, held: int) -> bool:
        """Whether nothing is left here that follows on what the provider holds."""
        return self._from(signed, held)[0].previous > held

    def _from(self, signed: SignedTransfer, held: int) -> list[SignedTransfer]:
        after = self._store.after(signed.provider, held)
        return [one for one in after if one.cumulative <= signed.cumulative] or [signed]

    def _hand_over_after(
        self, api: ProviderApi, signed: SignedTransfer, held: int, *, skip: bool = False
    ) -> None:
        for one in self._from(signed, held):
            answer = api.transfer(self._fresh(one), skip=skip)
            skip = False
            self.heard(one.provider, answer)
            if answer.cumulative < one.cumulative:
                words = f"the provider took a transfer up to {one.cumulative} and holds {answer.cumulative}"
                raise ProviderInvalid(words)

    def _held(self, provider: Address) -> int:
        with self._lock:
            report = self._reports.get(provider)
        return report.cumulative if report else 0

    def _fresh(self, signed: SignedTransfer) -> SignedTransfer:
        now = int(self._clock())
        if RENEW_S <= signed.message.valid_before - now <= VALID_SECONDS:
            return signed
        message = replace(signed.message, valid_before=now + VALID_SECONDS)
        renewed = SignedTransfer(message, signed.cumulative, self._signatures.transfer(message))
        self._store.renew(renewed)
        return renewed
