from __future__ import annotations

import time
from collections.abc import Callable

from kallnet.account import Account, Address, address_to_hex
from kallnet.entries import PROXY, ClientEntry
from kallnet.errors import EntryInvalid, LedgerError
from kallnet.mail_names import message_id
from kallnet.messages import Mail
from kallnet.number import parse_number
from kallnet.sealed import seal
from kallnet.typed import Domain, digest
from kallphone.directory import Entries
from kallphone.mail.errors import NoMailbox, is_passing
from kallphone.payments.doors import api_url
from kallphone.payments.errors import NotAProvider, ProviderError
from kallphone.payments.provider_api import ProviderApi

Connect = Callable[[str], ProviderApi]


class MailClient:
    """Seals messages and puts them into mailboxes, for one thread; what is to be tried again is the caller's.

    Raises NoMailbox, NotAProvider, ProviderError and KallnetError. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        account: Account,
        registry: Domain,
        entries: Entries,
        connect: Connect,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._registry = registry
        self._entries = entries
        self._connect = connect
        self._clock = clock
        self._apis: dict[str, ProviderApi] = {}
        self._is_cut = False

    def account_of(self, number: str) -> Address:
        account = self._entries.resolve(parse_number(number))
        if account is None:
            raise NoMailbox("Nobody has this number")
        return account

    def seal(self, recipient: Address, kind: str, body: bytes, time: int) -> bytes:
        entry = self._entry(recipient)
        return seal(self._account, self._registry, entry.public_key, kind, body, time)

    def post(self, recipient: Address, sealed: bytes) -> None:
        """To the first of the recipient's providers that takes it. The same message may be posted again."""
        failures: list[Exception] = []
        for provider in self._providers(recipient):
            try:
                self._post(api_url(self._entries, provider), recipient, sealed)
            except (NotAProvider, ProviderError, LedgerError, EntryInvalid) as error:
                failures.append(error)
            else:
                return
        raise next(filter(is_passing, failures), failures[0])

    def leave(self, recipient: Address, kind: str, body: bytes) -> bytes:
        """Seals and posts in one; the id of the message."""
        sealed = self.seal(recipient, kind, body, int(self._clock()))
        self.post(recipient, sealed)
        return message_id(sealed)

    def cut(self) -> None:
        """For another thread: ends what waits for a provider, and lets nothing begin any more."""
        self._is_cut = True
        for api in list(self._apis.values()):
            api.cut()

    def close(self) -> None:
        for api in self._apis.values():
            api.close()

    def _post(self, url: str, recipient: Address, sealed: bytes) -> None:
        mail = Mail(self._account.address, recipient, message_id(sealed), int(self._clock()))
        self._api(url).post_mail(mail, self._account.sign(digest(self._registry, mail)), sealed)

    def _providers(self, recipient: Address) -> list[Address]:
        refs = self._entry(recipient).providers
        found = [ref.provider for ref in refs if ref.service_type == PROXY]
        if not found:
            raise NoMailbox("The other phone has no provider that would keep a message")
        return found

    def _entry(self, account: Address) -> ClientEntry:
        try:
            entry = self._entries.client_entry(account)
        except EntryInvalid:
            entry = None
        if entry is None:
            raise NoMailbox(f"{address_to_hex(account)} has no entry on the ledger")
        return entry

    def _api(self, url: str) -> ProviderApi:
        if url not in self._apis:
            self._apis[url] = self._connect(url)
        if self._is_cut:
            self._apis[url].cut()
        return self._apis[url]
