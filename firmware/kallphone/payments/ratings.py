from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress

from kallnet.account import Address, address_to_hex
from kallnet.entries import PROXY
from kallnet.errors import EntryInvalid, KallnetError
from kallnet.quality import CallQuality
from kallnet.reputation import EPOCH_LENGTH, LatestRating
from kallphone.payments.chain import DEADLINE_S, Chain
from kallphone.payments.doors import api_url
from kallphone.payments.errors import NotAProvider, PaymentsError, ProviderError
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.signatures import Signatures
from kallphone.phone.commands import RateService
from kallphone.storage.errors import StorageError
from kallphone.storage.quality import QualityStore
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)


class Ratings:
    """Sums what calls measured and has ratings put on the ledger, on a thread of its own.

    Losing a rating harms nobody, so what fails waits for the next round. Only the ledger is believed: a sum
    is forgotten when its rating is there, whatever a provider answered. Sums outlive their epoch, since a
    service that claims late must not choose which calls it is rated for.
    """

    def __init__(
        self,
        client: Address,
        chain: Chain,
        store: QualityStore,
        signatures: Signatures,
        home_url: str,
        connect: Callable[[str], ProviderApi],
    ) -> None:
        self._client = client
        self._chain = chain
        self._store = store
        self._signatures = signatures
        self._home_url = home_url
        self._connect = connect
        self._tasks = TaskThread("ratings")
        self._tries: Counter[Address] = Counter()

    def start(self) -> None:
        self._tasks.start()

    def stop(self) -> None:
        self._tasks.stop()

    def add(self, command: RateService) -> None:
        self._tasks.submit(lambda: self._forgiving(lambda: self._add(command)))

    def send(self) -> None:
        self._tasks.submit(lambda: self._forgiving(self._round))

    def _forgiving(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (PaymentsError, KallnetError, StorageError) as error:
            log.info("no rating: %s", error)

    def _add(self, command: RateService) -> None:
        call = CallQuality(command.loss, command.jitter, command.delay, command.seconds)
        self._store.add(Address(command.provider), call)

    def _round(self) -> None:
        """Sends one rating at most: what a provider relays for nothing in an hour is needed for deposits."""
        services = self._store.services()
        if not services:
            return
        epoch = self._chain.chain_time() // EPOCH_LENGTH
        for service in sorted(services, key=lambda service: self._tries[service]):
            latest = self._chain.latest_rating(service, self._client)
            self._store.settle(service, latest.epoch if latest else None)
            if self._is_due(service, latest, epoch) and self._rate(service, epoch):
                return

    def _is_due(self, service: Address, latest: LatestRating | None, epoch: int) -> bool:
        """KallRating's own rules, so that no relay is spent on a refusal."""
        if latest is not None and latest.epoch >= epoch:
            return False
        channel = self._chain.channel(self._client, service)
        if latest is None or latest.channel_epoch != channel.epoch:
            return channel.claimed > 0
        return channel.claimed > latest.claimed

    def _rate(self, service: Address, epoch: int) -> bool:
        """False where nothing was measured since the last rating."""
        total = self._store.sign(service, epoch)
        if total is None:
            return False
        message = total.rating(self._client, service, epoch, self._chain.chain_time() + DEADLINE_S)
        signature = self._signatures.rating(message)
        for url in self._relays(service):
            try:
                with closing(self._connect(url)) as api:
                    api.relay("rate", message, signature)
            except ProviderError as error:
                log.info("no rating of %s by %s: %s", address_to_hex(service), url, error)
            else:
                break
        return True

    def _relays(self, service: Address) -> list[str]:
        """Doors of providers whose client this account is, the rated one last.

        After a try that the ledger shows nothing of another one is first: who swallows bad ratings does not
        keep them away.
        """
        urls = [self._home_url]
        for provider in (*self._own_proxies(), service):
            with suppress(NotAProvider, EntryInvalid):
                urls.append(api_url(self._chain, provider))
        urls = list(dict.fromkeys(urls))
        first = self._tries[service] % len(urls)
        self._tries[service] += 1
        return urls[first:] + urls[:first]

    def _own_proxies(self) -> list[Address]:
        entry = self._chain.client_entry(self._client)
        return [ref.provider for ref in entry.providers if ref.service_type == PROXY] if entry else []
