from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import NETWORK_API_VERSION, Deployment
from kallnet.entries import Cost
from kallnet.errors import LedgerError
from kallnet.messages import Session, Voucher
from kallnet.transfers import EPOCH, ESCROW, TRANSFERS
from kallphone.payments.answers import ChannelReport, SessionGrant, Terms, TransferReport
from kallphone.payments.chain import Chain
from kallphone.payments.channels import Channels
from kallphone.payments.courier import Connect, Courier
from kallphone.payments.deposits import Deposits
from kallphone.payments.doors import api_url
from kallphone.payments.errors import ProviderInvalid, ProviderRefused, WrongNetwork
from kallphone.payments.memory import LineMemory, Standing
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.registration import Progress, Registration
from kallphone.payments.relays import HomeRelay
from kallphone.payments.session import sign_in
from kallphone.payments.signatures import Signatures
from kallphone.payments.transfers import Transfers
from kallphone.payments.withdrawals import Withdrawals
from kallphone.phone.events import Credit, CreditChanged, LineOpened
from kallphone.phone.meter import PERIOD_S
from kallphone.phone.words import N_
from kallphone.ports import SipCredentials
from kallphone.storage.vouchers import SignedVoucher

log = logging.getLogger(__name__)

_FORBIDDEN = 403
_FRESH_S = 60.0
"""A session with less life than this is not used for a new call."""


class Line:
    """The account's line with its provider, and sessions with other providers.

    All but `credentials` and `session_credit` may wait for the network and belong to one thread. Raises
    PaymentsError, KallnetError and StorageError.
    """

    def __init__(
        self,
        account: Account,
        deployment: Deployment,
        chain: Chain,
        *,
        home_url: str,
        connect: Connect,
        signatures: Signatures,
        registration: Registration,
        deposits: Deposits,
        channels: Channels,
        transfers: Transfers,
        memory: LineMemory,
        courier: Courier,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._deployment = deployment
        self._chain = chain
        self._home_url = home_url
        self._connect = connect
        self._signatures = signatures
        self._registration = registration
        self._deposits = deposits
        self._channels = channels
        self._transfers = transfers
        self._memory = memory
        self._courier = courier
        self._clock = clock
        self._apis: dict[str, ProviderApi] = {}
        self.needs_review = False
        self._standing: Standing | None = None
        self._lock = threading.Lock()
        self._grants: dict[Address, SessionGrant] = {}
        self._home: Address | None = None

    def open(self, progress: Progress) -> LineOpened:
        """From nothing to a session. After the first time it waits for no ledger: `review` then does."""
        progress(N_("Calling your provider"))
        api, terms = self._terms(self._home_url)
        remembered = self._remembered(api, terms, progress)
        standing, grant = remembered or self._from_nothing(api, terms, progress)
        self._standing, self._home = standing, terms.provider
        self.needs_review = remembered is not None
        if grant.channel.voucher > self._channels.signed(terms.provider, standing.channel):
            progress(N_("Your provider holds a payment that this phone has forgotten"))
        credit = self._channels.update(terms.provider, standing.channel)
        self._bring_up_to_date(terms.provider, grant)
        return LineOpened(
            account=self._account.address,
            number=f"{standing.number:010d}",
            balance=standing.balance,
            credit=credit,
            incoming_price=Cost(terms.price, terms.api_version, terms.inviter_share).share("invitee"),
            lifetime_s=max(_FRESH_S, grant.expires - self._clock()),
        )

    def review(self, progress: Progress) -> LineOpened | CreditChanged | None:
        """Checks what `open` took from memory against the ledger, and renews a registration that runs out."""
        self.needs_review = False
        api, terms = self._terms(self._home_url)
        standing = self._read_ledger(api, terms, progress)
        if self._standing is None or standing.number != self._standing.number:
            return self.open(progress)
        return self._take_over(standing)

    def refresh(self, progress: Progress) -> CreditChanged | None:
        """Puts coins that came in on deposit; None where nothing has moved."""
        known = self._standing
        if known is None:
            return None
        api, rail = self._api(self._home_url), TRANSFERS if known.channel.epoch == EPOCH else ESCROW
        if rail == TRANSFERS:
            # The answer says how much is mined by now.
            self._deliver_last(known.provider, above=self._transfers.settled(known.provider))
        return self._take_over(self._read_money(api, known.provider, known.number, rail, progress))

    def visit(self, provider: Address, progress: Progress) -> Credit:
        """Opens a session with any provider, and a channel where there are coins for one."""
        url = self._home_url if provider == self._home else api_url(self._chain, provider)
        api, terms = self._terms(url)
        if terms.provider != provider:
            raise WrongNetwork("account", address_to_hex(terms.provider), address_to_hex(provider))
        grant = self._sign_in_as_guest(api, terms)
        credit = self._credit_at(api, terms, progress)
        self._bring_up_to_date(provider, grant)
        return credit

    def withdraw(self, withdrawals: Withdrawals, to: Address, amount: int) -> int:
        """Through the home provider; what was sent. Coins that are promised to providers stay."""
        api, terms = self._terms(self._home_url)
        relay = HomeRelay(api, terms.provider, self._signatures)
        free = self._chain.coin_balance(self._account.address) - self._transfers.promised
        return withdrawals.send(relay, to, min(amount, max(0, free)), self._transfers.promised)

    def session_credit(self, provider: Address) -> Credit | None:
        """Of a session that is open already, from memory."""
        with self._lock:
            grant = self._grants.get(provider)
        if grant is None or grant.expires - self._clock() < _FRESH_S:
            return None
        return self._channels.credit(provider)

    def credentials(self) -> SipCredentials | None:
        with self._lock:
            grant = self._grants.get(self._home) if self._home is not None else None
        if grant is None:
            return None
        return SipCredentials(
            self._account.address, grant.domain, grant.sip, grant.username, grant.password, grant.turn
        )

    def close(self) -> None:
        for api in self._apis.values():
            api.close()

    def _remembered(
        self, api: ProviderApi, terms: Terms, progress: Progress
    ) -> tuple[Standing, SessionGrant] | None:
        standing = self._memory.recall(terms.provider)
        if standing is None:
            return None
        progress(N_("Signing in"))
        try:
            grant = self._sign_in(api, terms)
        except ProviderRefused as refusal:
            if refusal.is_passing:
                raise
            log.warning("the provider does not know this account any more: %s", refusal)
            return None
        if grant.channel.epoch != standing.channel.epoch:
            with suppress(LedgerError):
                standing = self._read_ledger(api, terms, progress)
        return standing, grant

    def _from_nothing(
        self, api: ProviderApi, terms: Terms, progress: Progress
    ) -> tuple[Standing, SessionGrant]:
        standing = self._read_ledger(api, terms, progress)
        progress(N_("Signing in"))
        grant = self._sign_in(api, terms)
        if terms.rail == TRANSFERS:
            # Only now is it known what of the earlier transfers is mined.
            standing = self._read_coins(terms.provider, standing.number)
            self._memory.keep(standing)
        return standing, grant

    def _read_ledger(self, api: ProviderApi, terms: Terms, progress: Progress) -> Standing:
        number = self._registration.ensure(api, terms.provider, progress)
        standing = self._read_money(api, terms.provider, number, terms.rail, progress)
        self._memory.keep(standing)
        return standing

    def _read_money(
        self, api: ProviderApi, provider: Address, number: int, rail: str, progress: Progress
    ) -> Standing:
        if rail == TRANSFERS:
            return self._read_coins(provider, number)
        own = self._account.address
        channel = self._chain.channel(own, provider)
        balance = self._chain.coin_balance(own)
        spare = max(0, balance - self._transfers.promised)
        amount = self._deposits.amount(channel, self._channels.signed(provider, channel), spare)
        if amount:
            progress(N_("Putting coins on deposit"))
            channel = self._deposits.fill(api, provider, channel, amount)
            balance = self._chain.coin_balance(own)
        return Standing(provider, number, channel, balance)

    def _read_coins(self, provider: Address, number: int) -> Standing:
        """Where transfers pay, the account's coins are the credit; none of them count beside it."""
        own, known = self._account.address, self._channels.seen(provider)
        channel = self._transfers.channel(provider, lambda: self._chain.coin_balance(own), known)
        return Standing(provider, number, channel, balance=0)

    def _credit_at(self, api: ProviderApi, terms: Terms, progress: Progress) -> Credit:
        provider = terms.provider
        try:
            standing = self._read_money(api, provider, 0, terms.rail, progress)
        except LedgerError:
            known = self._channels.credit(provider)
            if known is None:
                raise
            return known
        return self._channels.update(provider, standing.channel)

    def _take_over(self, standing: Standing) -> CreditChanged | None:
        if standing == self._standing:
            return None
        before = (self._standing and self._standing.balance, self._channels.credit(standing.provider))
        credit = self._channels.update(standing.provider, standing.channel)
        self._standing = standing
        self._memory.keep(standing)
        return CreditChanged(standing.balance, credit) if before != (standing.balance, credit) else None

    def _sign_in(self, api: ProviderApi, terms: Terms) -> SessionGrant:
        provider = terms.provider
        grant = sign_in(api, self._account.address, provider, self._signatures)
        if (grant.channel.epoch == EPOCH) != (terms.rail == TRANSFERS):
            raise ProviderInvalid("the provider's session is not on the rail of its terms")
        if terms.rail == TRANSFERS:
            self._transfers.heard(provider, TransferReport(grant.channel.voucher, grant.channel.claimed))
        self._take_back(provider, grant.channel)
        with self._lock:
            self._grants[provider] = grant
        return grant

    def _take_back(self, provider: Address, report: ChannelReport) -> None:
        """A phone that was restored, or lost its disk, goes on from its own last voucher.

        Only its signature proves it: a provider's bare word for a sum could make it pay for nothing.
        """
        voucher = Voucher(self._account.address, provider, report.epoch, report.voucher)
        if report.signature and self._signatures.is_ours(voucher, report.signature):
            self._channels.take_back(SignedVoucher(voucher, report.signature))

    def _sign_in_as_guest(self, api: ProviderApi, terms: Terms) -> SessionGrant:
        """A provider of the other side serves this account once it has made an agreement with it."""
        provider = terms.provider
        try:
            return self._sign_in(api, terms)
        except ProviderRefused as refusal:
            if refusal.status != _FORBIDDEN:
                raise
        session = Session(self._account.address, provider, api.challenge(self._account.address))
        api.agree(session, self._signatures.session(session))
        return self._sign_in(api, terms)

    def _bring_up_to_date(self, provider: Address, grant: SessionGrant) -> None:
        """A crash between commit and delivery leaves the provider without our last voucher."""
        if grant.channel.epoch == EPOCH:
            self._deliver_last(provider, above=grant.channel.voucher)
            return
        highest = self._channels.highest(provider, grant.channel.epoch)
        if highest is not None and highest.voucher.cumulative > grant.channel.voucher:
            self._courier.deliver(highest, None)

    def _deliver_last(self, provider: Address, above: int) -> None:
        last = self._transfers.last(provider)
        if last is not None and last.cumulative > above:
            self._courier.deliver(last, None)

    def _terms(self, url: str) -> tuple[ProviderApi, Terms]:
        api = self._api(url)
        terms = api.terms()
        ours = self._deployment
        for what, theirs, own in (
            ("chain", terms.chain_id, ours.chain_id),
            ("registry", terms.registry.hex(), ours.registry.hex()),
            ("escrow", terms.escrow.hex(), ours.escrow.hex()),
            ("coin", terms.coin.hex(), ours.coin.hex()),
            ("API version", terms.api_version, NETWORK_API_VERSION),
            ("period", terms.period, PERIOD_S),
        ):
            if theirs != own:
                raise WrongNetwork(what, theirs, own)
        self._courier.learn(terms.provider, url)
        return api, terms

    def _api(self, url: str) -> ProviderApi:
        if url not in self._apis:
            self._apis[url] = self._connect(url)
        return self._apis[url]
