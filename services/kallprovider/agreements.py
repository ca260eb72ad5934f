from __future__ import annotations

from dataclasses import dataclass

from kallnet.account import Account, Address
from kallnet.entries import PROXY, ClientEntry, verify_agreement
from kallnet.errors import KallnetError
from kallnet.messages import Agreement
from kallnet.typed import Domain, digest
from kallprovider.chain import Chain
from kallprovider.clock import Clock
from kallprovider.store import Store

AGREEMENT_SECONDS = 365 * 86_400
# How long a client's entry is believed after it was read.
ENTRY_SECONDS = 900.0
MAX_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True)
class SignedAgreement:
    message: Agreement
    signature: bytes


class Agreements:
    """Whom this provider serves: those it signed for, and those whose entry carries its signature."""

    def __init__(self, account: Account, registry: Domain, store: Store, chain: Chain, clock: Clock) -> None:
        self._account = account
        self._registry = registry
        self._store = store
        self._chain = chain
        self._clock = clock
        self._entries: dict[Address, tuple[bool, float]] = {}

    def sign(self, client: Address) -> SignedAgreement:
        expiry = int(self._clock.unix()) + AGREEMENT_SECONDS
        message = Agreement(self._account.address, client, PROXY, expiry)
        self._store.put_agreement(client, expiry)
        return SignedAgreement(message, self._account.sign(digest(self._registry, message)))

    async def is_client(self, account: Address) -> bool:
        """Raises ChainAway when only the ledger could tell."""
        if self._store.agreement_expiry(account) > self._clock.unix():
            return True
        remembered = self._entries.get(account)
        if remembered and remembered[1] > self._clock.monotonic():
            return remembered[0]
        named = self.names_us(account, await self._chain.client_entry(account))
        if len(self._entries) >= MAX_REMEMBERED:
            self._entries.clear()
        self._entries[account] = (named, self._clock.monotonic() + ENTRY_SECONDS)
        return named

    def names_us(self, client: Address, entry: ClientEntry | None) -> bool:
        """Whether the entry carries an agreement of this provider that holds."""
        return entry is not None and any(
            ref.provider == self._account.address and self._holds(client, entry, index)
            for index, ref in enumerate(entry.providers)
        )

    def _holds(self, client: Address, entry: ClientEntry, index: int) -> bool:
        try:
            verify_agreement(entry.providers[index], client, self._registry, int(self._clock.unix()))
        except KallnetError:
            return False
        return True
