"""Mail on two threads: `mail` brings messages to other phones' providers, `mail-poll` waits at ours."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kallnet.account import Account
from kallnet.deployment import Deployment, load_deployment
from kallnet.typed import registry_domain
from kallphone.directory import DirectorySettings, Entries, Heads, open_entries
from kallphone.mail.book import SharedBook
from kallphone.mail.client import Connect, MailClient
from kallphone.mail.errors import for_people
from kallphone.mail.fetcher import Fetcher
from kallphone.mail.inbox import Inbox, Judge
from kallphone.mail.outbox import FIRST_PAUSE_S, Outbox
from kallphone.payments.provider_api import ProviderApi
from kallphone.phone.events import MessageSent
from kallphone.phone.messages import Message, MessageState, Recording, clean_text
from kallphone.ports import Post, SipCredentials
from kallphone.storage.database import Database
from kallphone.storage.errors import StorageError
from kallphone.storage.messages import MessageStore
from kallphone.storage.outbox import OutboxStore

log = logging.getLogger(__name__)

Credentials = Callable[[], SipCredentials | None]


class MailWorker:
    """The Mail port. `messages`, `recordings` and `next_id` are for the start of the phone.

    `credentials` are those of the session with the home provider, at `home_url`.
    """

    def __init__(
        self,
        account: Account,
        deployment: Deployment,
        database: Database,
        recordings: Path,
        post: Post,
        credentials: Credentials,
        *,
        home_url: str,
        connect: Connect,
        entries: Entries,
        heads: Heads,
        is_blocked: Judge,
        is_machine: Judge,
        close: Callable[[], None] = lambda: None,
        first_pause: float = FIRST_PAUSE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._post = post
        self._clock = clock
        self._close = close
        registry = registry_domain(deployment)
        book = SharedBook(entries, heads)
        self._store = MessageStore(database, recordings, clock)
        self._letters = OutboxStore(database)
        client = MailClient(account, registry, book, connect, clock)
        self._outbox = Outbox(self._letters, client, post, first_pause=first_pause, clock=clock)
        inbox = Inbox(
            account,
            registry,
            self._store,
            self._letters,
            post,
            number_of=book.number_of,
            is_blocked=is_blocked,
            is_machine=is_machine,
            receipt_waits=self._outbox.wake,
            clock=clock,
        )
        self._fetcher = Fetcher(connect(home_url), credentials, inbox, first_pause=first_pause)

    def start(self) -> None:
        self._outbox.start()
        self._fetcher.start()

    def stop(self) -> None:
        self._fetcher.stop()
        self._outbox.stop()
        self._close()

    def messages(self) -> tuple[Message, ...]:
        return self._store.messages()

    def recordings(self) -> tuple[Recording, ...]:
        return self._store.recordings()

    def next_id(self) -> int:
        """The phone numbers its messages from here on."""
        return self._store.next_id()

    def send(self, id: int, number: str, text: str) -> None:  # noqa: A002 - as in SendText
        """On disk when it returns; answered by MessageSent, once or more."""
        cleaned = clean_text(text)
        if not cleaned:
            self._post(MessageSent(id, MessageState.FAILED, "There is nothing to send"))
            return
        try:
            written = self._letters.write(id, number, cleaned, int(self._clock()))
        except StorageError as error:
            log.warning("message %d is not kept: %s", id, error)
            self._post(MessageSent(id, MessageState.FAILED, for_people(error)))
            return
        if written:
            self._outbox.wake()
        else:
            log.error("message %d is not sent: there is one with this id", id)
            self._post(MessageSent(id, MessageState.FAILED, "It could not be sent"))

    def mark_read(self, id: int) -> None:  # noqa: A002
        self._change(lambda: self._store.mark_read(id))

    def delete(self, id: int) -> None:  # noqa: A002
        self._change(lambda: self._store.delete(id))

    def _change(self, change: Callable[[], None]) -> None:
        try:
            change()
        except StorageError as error:
            log.warning("the messages stay as they are: %s", error)


def open_mail(
    account: Account,
    settings: DirectorySettings,
    database: Database,
    state: Path,
    post: Post,
    credentials: Credentials,
    *,
    is_blocked: Judge,
    is_machine: Judge,
) -> MailWorker:
    """Mail over the ledger's endpoints, with a cache of its own, and recordings under `state`."""
    deployment = load_deployment(settings.deployment)
    # A cache serves one thread at a time, and a message must not hold up a call's look-up.
    opened = open_entries(replace(settings, cache=state / "mail-ledger.sqlite"), deployment)
    return MailWorker(
        account,
        deployment,
        database,
        state / "recordings",
        post,
        credentials,
        home_url=settings.provider_api,
        connect=lambda url: ProviderApi(url, settings.ca_file),
        entries=opened.entries,
        heads=opened.heads,
        is_blocked=is_blocked,
        is_machine=is_machine,
        close=opened.close,
    )
