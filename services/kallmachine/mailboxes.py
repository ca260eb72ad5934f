from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kallmachine.opus import encode
from kallmachine.outbox import Deliveries, Outbox
from kallmachine.recordings import Keep, Recordings, Slip
from kallmachine.visits import MachineEvent, Mailbox, MailboxFound, MailboxNotFound, Record
from kallnet.account import Account, Address
from kallnet.deployment import load_deployment
from kallnet.entries import PROXY, ClientEntry
from kallnet.errors import KallnetError
from kallnet.mail_names import VOICE
from kallnet.number import KallNumber, parse_number
from kallnet.sealed import seal
from kallnet.typed import Domain, registry_domain
from kallnet.voice import Voice
from kallphone.directory import DirectorySettings, open_entries
from kallphone.mail.book import SharedBook
from kallphone.mail.client import MailClient
from kallphone.payments.provider_api import ProviderApi
from kallphone.phone.events import CallId
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)


class Callees(Protocol):
    """Proved entries; kallnet.cache.CachedLedger is one."""

    def resolve(self, number: KallNumber) -> Address | None: ...
    def client_entry(self, account: Address) -> ClientEntry | None: ...


class Mailboxes:
    """The voicemail's Recorder: callees on the ledger, recordings on their way to them.

    Whoever sends callers here has a mailbox: nothing is stored that the machine could read or that is worth
    something to anybody else, so there is nobody to sign up; `Outbox.full` bounds what waits for each.
    """

    def __init__(
        self,
        callees: Callees,
        recordings: Recordings,
        outbox: Outbox,
        post: Callable[[MachineEvent], None],
        *,
        cut: Callable[[], None] = lambda: None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """`cut` ends what waits for a provider, from another thread; `close` gives everything back."""
        self._callees = callees
        self._recordings = recordings
        self._outbox = outbox
        self._post = post
        self._cut = cut
        self._close = close
        self._deliveries = Deliveries(outbox)
        self._looking_up = TaskThread("callees")
        self._sealing = TaskThread("sealing")

    def start(self) -> None:
        self._recordings.recover()
        for part in (self._looking_up, self._sealing, self._deliveries):
            part.start()

    def stop(self) -> None:
        """To be called when no call is up any more: seals what is left."""
        self._cut()
        for part in (self._looking_up, self._sealing, self._deliveries):
            part.stop()
        self._recordings.recover()
        self._close()

    def look_up(self, call: CallId, number: str) -> None:
        self._looking_up.submit(lambda: self._look_up(call, number))

    def begin(self, record: Record) -> Path:
        return self._recordings.begin(record)

    def spoke(self, file: Path) -> bool:
        return self._recordings.spoke(file)

    def ended(self, file: Path) -> None:
        """The recording is as long as it gets."""
        self._sealing.submit(lambda: self._finish(file))

    def _finish(self, file: Path) -> None:
        self._recordings.finish(file)
        self._deliveries.hurry()

    def _look_up(self, call: CallId, number: str) -> None:
        try:
            found: Mailbox | str = self._mailbox_of(number)
        except KallnetError as error:
            found = str(error)
        except Exception as error:
            log.exception("no look-up")
            found = str(error)
        if isinstance(found, Mailbox):
            self._post(MailboxFound(call, found))
        else:
            log.info("no message can be taken: %s", found)
            self._post(MailboxNotFound(call, found))

    def _mailbox_of(self, number: str) -> Mailbox | str:
        account = self._callees.resolve(parse_number(number))
        entry = self._callees.client_entry(account) if account is not None else None
        if account is None or entry is None:
            return "the callee is not on the ledger"
        if not any(ref.service_type == PROXY for ref in entry.providers):
            return "the callee has no provider that would keep a message"
        if self._outbox.full(account):
            return "too many messages wait for the callee"
        return Mailbox(account, entry.public_key)


def sealing(account: Account, registry: Domain, outbox: Outbox) -> Keep:
    """Seals a recording to its callee's key, signed by the machine."""

    def keep(name: str, slip: Slip, seconds: int, ogg: bytes) -> None:
        caller = Address(slip.caller) if slip.caller else None
        body = Voice(seconds, slip.time, ogg, caller, slip.number).encode()
        blob = seal(account, registry, slip.mailbox.key, VOICE, body, slip.time)
        outbox.keep(name, Address(slip.mailbox.account), blob)

    return keep


def open_mailboxes(
    account: Account, settings: DirectorySettings, state: Path, post: Callable[[MachineEvent], None]
) -> Mailboxes:
    """Over the ledger's endpoints with a cache of its own; everything is kept below `state`."""
    deployment = load_deployment(settings.deployment)
    registry = registry_domain(deployment)
    # A cache serves one thread at a time, and the directory has its own.
    opened = open_entries(replace(settings, cache=state / "callees.sqlite"), deployment)
    book = SharedBook(opened.entries, opened.heads)
    client = MailClient(account, registry, book, lambda url: ProviderApi(url, settings.ca_file))
    outbox = Outbox(state / "outbox", client.post)
    recordings = Recordings(state / "recordings", encode, sealing(account, registry, outbox))

    def close() -> None:
        client.close()
        opened.close()

    return Mailboxes(book, recordings, outbox, post, cut=client.cut, close=close)
