from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kallnet.account import Address
from kallnet.cache import CachedLedger
from kallnet.deployment import NETWORK_API_VERSION, Deployment, load_deployment
from kallnet.entries import PROXY, ClientEntry, ServiceEntry
from kallnet.errors import EntryInvalid, KallnetError, LedgerError, NumberInvalid
from kallnet.ledger import Head, Ledger, open_ledger
from kallnet.messages import CLIENT
from kallnet.number import KallNumber, number_for, parse_number
from kallnet.opinions import read_opinions
from kallnet.reputation import EPOCH_LENGTH, PRIOR, reputation
from kallnet.routes import Route as RankedRoute
from kallnet.routes import rank_routes
from kallnet.transfers import ESCROW, RAILS
from kallphone.payments.errors import ProviderError
from kallphone.payments.provider_api import ProviderApi
from kallphone.phone.causes import Cause
from kallphone.phone.events import CallerIdentified, CallId, Located, Route, RouteFound, RouteNotFound
from kallphone.ports import Post
from kallphone.reputations import Reputations
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)

RPC_TIMEOUT_S = 4.0
UNHEARD_MOS = 0.1
_NOWHERE = (Cause.WRONG_NUMBER, Cause.NOT_LISTED, Cause.NO_ROUTE)


@dataclass(frozen=True)
class DirectorySettings:
    """An answer younger than `fresh_s` is given without asking the ledger.

    `provider_api` is asked for entries that the endpoints withhold; `ca_file` as in PaymentsSettings.
    """

    deployment: Path
    rpc: tuple[str, ...]
    agree: int | None
    cache: Path
    provider_api: str
    ca_file: Path | None
    fresh_s: float = 300.0


class Entries(Protocol):
    """Proved entries with agreements that hold, and numbers; kallnet.cache.CachedLedger is one."""

    def resolve(self, number: KallNumber) -> Address | None: ...
    def client_entry(self, account: Address) -> ClientEntry | None: ...
    def service_entry(self, account: Address) -> ServiceEntry | None: ...


class Heads(Protocol):
    def head(self, kind: int, account: Address) -> Head: ...


def number_of(entries: Entries, heads: Heads, account: Address) -> str:
    """Empty where it has none. Nearly every account has the number of its first salt, which may be cached."""
    first = number_for(account, 0)
    if entries.resolve(first) == account:
        return str(first)
    number = KallNumber(heads.head(CLIENT, account).number)
    return str(number) if number and entries.resolve(number) == account else ""


class Directory:
    """The Directory port, on one thread. `clock` gives Unix seconds."""

    def __init__(
        self,
        own: Address,
        entries: Entries,
        heads: Heads,
        post: Post,
        reputations: Reputations,
        clock: Callable[[], float] = time.time,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._own = own
        self._entries = entries
        self._heads = heads
        self._post = post
        self._reputations = reputations
        self._clock = clock
        self._close = close
        self._tasks = TaskThread("directory")
        self._newest = CallId(0)

    def start(self) -> None:
        self._reputations.start()
        self._tasks.start()

    def stop(self) -> None:
        self._tasks.stop()
        self._reputations.stop()
        self._close()

    def resolve(self, call: CallId, number: str) -> None:
        self._newest = call
        self._tasks.submit(lambda: self._resolve(call, number))

    def identify(self, call: CallId, caller: bytes) -> None:
        self._tasks.submit(lambda: self._identify(call, Address(caller)))

    def locate(self, number: str) -> None:
        newest = self._newest
        self._tasks.submit(lambda: self._locate(number, newest))

    def _resolve(self, call: CallId, number: str) -> None:
        if call != self._newest:
            return  # given up and dialled anew while a slow ledger held this one up
        found = self._found(number)
        self._post(RouteFound(call, found) if isinstance(found, Route) else RouteNotFound(call, found))

    def _locate(self, number: str, newest: CallId) -> None:
        if newest != self._newest:
            return  # a call waits behind this
        found = self._found(number)
        if isinstance(found, Route):
            self._post(Located(number, found.uri))
        elif found in _NOWHERE:
            self._post(Located(number, ""))

    def _found(self, number: str) -> Route | Cause:
        try:
            return self._route_to(parse_number(number))
        except NumberInvalid:
            return Cause.WRONG_NUMBER
        except LedgerError as error:
            log.warning("no look-up: %s", error)
            return Cause.LEDGER_AWAY
        except Exception:
            log.exception("no look-up")
            return Cause.FAILED

    def _route_to(self, number: KallNumber) -> Route | Cause:
        callee = self._entries.resolve(number)
        if callee == self._own:
            return Cause.BUSY
        entry = self._client(callee) if callee is not None else None
        if callee is None or entry is None:
            return Cause.NOT_LISTED
        routes = [route for ranked in self._ranked(entry) if (route := _usable(ranked, callee))]
        return routes[0] if routes else Cause.NO_ROUTE

    def _ranked(self, entry: ClientEntry) -> list[RankedRoute]:
        """Cheapest first, of equal prices the best by reputation."""
        now = int(self._clock())
        proxies = [ref.provider for ref in entry.providers if ref.service_type == PROXY]
        services = self._services(proxies)
        scores = {}
        if len(services) > 1:
            scores = self._scores(services)
            # For later calls, and behind this one.
            self._tasks.submit(lambda: self._reputations.want(services))
        # Only a proxy of the callee's carries the call, so the caller adds none.
        return rank_routes(entry, entry, services, {NETWORK_API_VERSION}, now=now, reputation=scores)

    def _services(self, providers: Iterable[Address]) -> dict[Address, ServiceEntry]:
        """Raises LedgerError only when that leaves none: one provider's entry may be withheld."""
        found, failure = {}, None
        for provider in providers:
            try:
                service = self._service(provider)
            except LedgerError as error:
                failure = error
                continue
            if service is not None:
                found[provider] = service
        if failure is not None and not found:
            raise failure
        return found

    def _scores(self, providers: Iterable[Address]) -> dict[Address, float]:
        """Providers of our own, where money is on deposit already, gain what nobody hears."""
        known = self._reputations.scores()
        try:
            own = self._client(self._own)
        except LedgerError:
            own = None  # to rank is not worth a call
        common = {ref.provider for ref in own.providers} if own is not None else set()
        return {p: known.get(p, PRIOR.mos) + (UNHEARD_MOS if p in common else 0) for p in providers}

    def _client(self, account: Address) -> ClientEntry | None:
        try:
            return self._entries.client_entry(account)
        except EntryInvalid as error:
            log.info("a client entry does not count: %s", error)
            return None

    def _service(self, provider: Address) -> ServiceEntry | None:
        try:
            return self._entries.service_entry(provider)
        except EntryInvalid as error:
            log.info("a service entry does not count: %s", error)
            return None

    def _identify(self, call: CallId, caller: Address) -> None:
        try:
            number = number_of(self._entries, self._heads, caller)
        except KallnetError as error:
            log.info("the caller's number is not known: %s", error)
        except Exception:
            log.exception("the caller's number is not known")
        else:
            self._post(CallerIdentified(call, number, caller))


def _usable(ranked: RankedRoute, callee: Address) -> Route | None:
    details = ranked.service.details
    domain = details.get("domain")
    if not isinstance(domain, str) or details.get("rail", ESCROW) not in RAILS:
        return None
    return Route(ranked.provider, callee, f"sip:0x{callee.hex()}@{domain}", ranked.price)


@dataclass(frozen=True)
class OpenEntries:
    """For one thread at a time."""

    entries: CachedLedger
    heads: Ledger
    close: Callable[[], None]


def open_directory(own: Address, settings: DirectorySettings, post: Post) -> Directory:
    """The directory over the ledger's endpoints, with its cache on disk."""
    deployment = load_deployment(settings.deployment)
    opened = open_entries(settings, deployment)
    reputations = open_reputations(settings, deployment)
    return Directory(own, opened.entries, opened.heads, post, reputations, close=opened.close)


def open_entries(settings: DirectorySettings, deployment: Deployment) -> OpenEntries:
    home = ProviderApi(settings.provider_api, settings.ca_file)

    def published(kind: int, account: Address) -> bytes | None:
        try:
            return home.published(kind, account)
        except ProviderError as error:
            log.info("the provider does not have an entry either: %s", error)
            return None

    ledger = open_ledger(
        settings.rpc, deployment, agree=settings.agree, timeout=RPC_TIMEOUT_S, bodies=[published]
    )
    cached = CachedLedger(ledger, settings.cache, fresh=settings.fresh_s)

    def close() -> None:
        cached.close()
        ledger.close()
        home.close()

    return OpenEntries(cached, ledger, close)


def open_reputations(settings: DirectorySettings, deployment: Deployment) -> Reputations:
    """With a ledger of its own: a look-up never waits behind hundreds of ratings."""
    ledger = open_ledger(settings.rpc, deployment, agree=settings.agree, timeout=RPC_TIMEOUT_S)

    def read(service: Address) -> float:
        opinions = read_opinions(ledger, service)
        return reputation(opinions, opinions.proved_at.timestamp // EPOCH_LENGTH).mos

    return Reputations(read, close=ledger.close)
