from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from kallnet.account import Account, Address
from kallnet.deployment import NETWORK_API_VERSION, Deployment
from kallnet.entries import PROXY, ClientEntry, ProviderRef, verify_agreement
from kallnet.errors import BadSignature, EntryInvalid
from kallnet.ledger import Head
from kallnet.messages import CLIENT, Register, Session
from kallnet.number import SALTS, KallNumber, number_for
from kallnet.typed import registry_domain
from kallphone.payments.chain import DEADLINE_S, Chain, Pause, wait_until
from kallphone.payments.errors import NoFreeNumber, ProviderRefused
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.signatures import Signatures
from kallphone.phone.words import N_

RENEW_BEFORE_S = 7 * 86_400
"""An entry or agreement with less life than this is renewed when the line opens."""

_UNPROCESSABLE = 422

Progress = Callable[[str], None]


class Holders(Protocol):
    def resolve(self, number: KallNumber) -> Address | None: ...


class Registration:
    """Keeps the account's client entry on the ledger, naming one proxy: the phone's provider.

    The ledger is asked before every step, so that what a crash cut off goes on where it stood.
    """

    def __init__(
        self, account: Account, deployment: Deployment, chain: Chain, signatures: Signatures, pause: Pause
    ) -> None:
        self._account = account
        self._chain = chain
        self._signatures = signatures
        self._pause = pause
        self._domain = registry_domain(deployment)

    def ensure(self, api: ProviderApi, provider: Address, progress: Progress) -> KallNumber:
        """The account's number, registered first where it has none with this provider."""
        now = self._chain.chain_time()
        head = self._chain.head(CLIENT, self._account.address)
        entry = self._entry()
        if entry is not None and self._is_good(entry, head, provider, now):
            return KallNumber(head.number)
        progress(N_("Making an agreement with your provider"))
        entry = entry_with(entry, self._account.public_key, self._agreement(api, provider, now))
        progress(N_("Putting your number on the ledger"))
        self._publish(api, head, entry, now)
        progress(N_("Waiting for the ledger"))
        wait_until(lambda: self._nonce() > head.nonce, self._pause, "the registration")
        return KallNumber(self._chain.head(CLIENT, self._account.address).number)

    def _entry(self) -> ClientEntry | None:
        try:
            return self._chain.client_entry(self._account.address)
        except EntryInvalid:
            return None

    def _nonce(self) -> int:
        return self._chain.head(CLIENT, self._account.address).nonce

    def _is_good(self, entry: ClientEntry, head: Head, provider: Address, now: int) -> bool:
        proxies = [ref for ref in entry.providers if ref.service_type == PROXY]
        if [ref.provider for ref in proxies] != [provider] or head.expiry <= now + RENEW_BEFORE_S:
            return False
        try:
            verify_agreement(proxies[0], self._account.address, self._domain, now + RENEW_BEFORE_S)
        except (EntryInvalid, BadSignature):
            return False
        return True

    def _agreement(self, api: ProviderApi, provider: Address, now: int) -> ProviderRef:
        ref = ask_agreement(api, self._signatures, self._account.address, provider)
        verify_agreement(ref, self._account.address, self._domain, now)
        return ref

    def _publish(self, api: ProviderApi, head: Head, entry: ClientEntry, now: int) -> None:
        own = self._account.address
        for salt in salts_to_try(self._chain, own, head):
            message = Register(CLIENT, own, entry.encode(), salt, head.nonce, now + DEADLINE_S)
            try:
                api.relay("register", message, self._signatures.register(message))
            except ProviderRefused as refusal:
                # A lapsed number looks free, but stays with its account for a year of grace: the contract's
                # NumberTaken then names it.
                if refusal.status == _UNPROCESSABLE and str(number_for(own, salt)) in refusal.words:
                    continue
                raise
            return
        raise NoFreeNumber("all numbers of this account belong to others: make a new account")


def ask_agreement(
    api: ProviderApi, signatures: Signatures, client: Address, provider: Address
) -> ProviderRef:
    """What the provider signed, unverified."""
    session = Session(client, provider, api.challenge(client))
    grant = api.agree(session, signatures.session(session))
    return ProviderRef(provider, grant.service_type, grant.expiry, grant.agreement)


def entry_with(old: ClientEntry | None, public_key: bytes, proxy: ProviderRef) -> ClientEntry:
    """The client's entry with this proxy in place of any other; all else stays as it was."""
    fresh = ClientEntry(public_key, (NETWORK_API_VERSION,), providers=(proxy,))
    if old is None:
        return fresh
    others = tuple(ref for ref in old.providers if ref.service_type != PROXY)
    return replace(old, api_versions=fresh.api_versions, providers=(proxy, *others))


def salts_to_try(chain: Holders, account: Address, head: Head) -> Iterator[int]:
    """Those whose number looks free: a lapsed one is not, for a year of grace."""
    if head.number:
        yield 0  # the number is kept, whatever the salt
        return
    for salt in range(SALTS):
        if chain.resolve(number_for(account, salt)) in (None, account):
            yield salt
