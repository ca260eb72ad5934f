from __future__ import annotations

import logging
import time
from collections.abc import Callable

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.ledger import Channel
from kallnet.messages import Deposit, Permit
from kallphone.payments.allowance import DepositAllowance
from kallphone.payments.chain import DEADLINE_S, Chain, Pause, wait_until
from kallphone.payments.errors import PaymentsError, ProviderRefused
from kallphone.payments.memory import KnownProviders
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.signatures import Signatures

log = logging.getLogger(__name__)

_AFTER_A_FAILURE_S = 120.0


class Deposits:
    """Keeps a channel near its target from the account's own coins, by messages that a provider relays.

    Within the owner's allowance.
    """

    def __init__(
        self,
        client: Address,
        deployment: Deployment,
        chain: Chain,
        signatures: Signatures,
        target: int,
        allowance: DepositAllowance,
        known: KnownProviders,
        pause: Pause,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._escrow = deployment.escrow
        self._chain = chain
        self._signatures = signatures
        self._target = target
        self._allowance = allowance
        self._known = known
        self._pause = pause
        self._clock = clock
        self._not_before: dict[Address, float] = {}

    def amount(self, channel: Channel, signed: int, balance: int) -> int:
        """What to add. Only a channel below half its target is filled up: every deposit costs a relay."""
        available = max(0, channel.deposited - signed)
        if channel.exit_at or 2 * available >= self._target:
            return 0
        return self._allowance.at_most(min(balance, self._target - available))

    def fill(self, api: ProviderApi, provider: Address, channel: Channel, amount: int) -> Channel:
        """The channel afterwards: as it was where the deposit did not work, since a line opens without money.

        Raises LedgerError.
        """
        if self._clock() < self._not_before.get(provider, 0.0):
            return channel
        try:
            return self._deposit(api, provider, channel, amount)
        except PaymentsError as error:
            log.warning("no deposit of %d: %s", amount, error)
            self._not_before[provider] = self._clock() + _AFTER_A_FAILURE_S
            return channel

    def _deposit(self, api: ProviderApi, provider: Address, channel: Channel, amount: int) -> Channel:
        deadline = self._chain.chain_time() + DEADLINE_S
        client = self._client
        message = Deposit(client, provider, amount, self._chain.escrow_nonce(client), deadline)
        permit = Permit(client, self._escrow, amount, self._chain.permit_nonce(client), deadline)
        self._known.add(provider)
        self._allowance.spend(amount)
        try:
            api.relay(
                "deposit", message, self._signatures.deposit(message), self._signatures.permit(permit)
            )
        except ProviderRefused as refusal:
            if refusal.is_certain:
                self._allowance.give_back(amount)
            raise
        wait_until(lambda: self._moved(provider, channel), self._pause, "the deposit")
        return self._chain.channel(client, provider)

    def _moved(self, provider: Address, before: Channel) -> bool:
        now = self._chain.channel(self._client, provider)
        return (now.epoch, now.deposited) != (before.epoch, before.deposited)
