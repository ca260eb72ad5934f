from __future__ import annotations

import logging
import time
from collections.abc import Callable

from kallnet.account import Account, Address, address_to_hex
from kallnet.errors import KallnetError, SealInvalid
from kallnet.mail_names import RECEIPT, TEXT, VOICE
from kallnet.sealed import Opened, open_sealed
from kallnet.typed import Domain
from kallnet.voice import Voice, decode_voice
from kallphone.phone.events import MessageArrived, MessageSent, RecordingArrived
from kallphone.phone.messages import MessageState, clean_text
from kallphone.ports import Post
from kallphone.storage.messages import MessageStore
from kallphone.storage.outbox import OutboxStore

log = logging.getLogger(__name__)

Judge = Callable[[Address, str], bool]
"""Of an account and its number, which is empty where it is not known."""


class Inbox:
    """Takes sealed messages: when `take` returns, what counts is on disk, and the provider may forget it.

    `is_machine` tells the voicemail that the owner chose: who called is a machine's word.
    `receipt_waits` is called when a receipt is on disk to be sent.
    """

    def __init__(
        self,
        account: Account,
        registry: Domain,
        store: MessageStore,
        outbox: OutboxStore,
        post: Post,
        *,
        number_of: Callable[[Address], str],
        is_blocked: Judge,
        is_machine: Judge,
        receipt_waits: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._registry = registry
        self._store = store
        self._outbox = outbox
        self._post = post
        self._number_of = number_of
        self._is_blocked = is_blocked
        self._is_machine = is_machine
        self._receipt_waits = receipt_waits
        self._clock = clock

    def take(self, sealed: bytes) -> None:
        """What is no message for this phone is dropped.

        Raises StorageError where the disk won't, LedgerError where it has to tell who left a recording.
        """
        try:
            opened = open_sealed(self._account, self._registry, sealed)
            self._sort(opened)
        except (SealInvalid, UnicodeDecodeError) as error:
            log.warning("a message is dropped: %s", error)

    def name_strangers(self) -> None:
        """Looks for the numbers that the ledger did not tell when the messages came."""
        for account in self._store.unnamed():
            if number := self._number(account):
                self._store.name(account, number)

    def _sort(self, opened: Opened) -> None:
        if opened.kind == TEXT:
            self._text(opened)
        elif opened.kind == VOICE:
            self._voice(opened, decode_voice(opened.body))
        elif opened.kind == RECEIPT:
            self._receipt(opened)
        else:
            log.info("a message of the unknown kind %s is dropped", opened.kind)

    def _text(self, opened: Opened) -> None:
        text = clean_text(opened.body.decode())
        number = self._number(opened.sender)
        if not text or self._turns_away(opened, opened.sender, number):
            return
        message = self._store.add_text(opened.id, opened.sender, number, text, self._not_ahead(opened.time))
        if message is not None:
            self._post(MessageArrived(message))
        self._receipt_waits()

    def _voice(self, opened: Opened, voice: Voice) -> None:
        caller, number = self._caller(opened.sender, voice)
        if self._turns_away(opened, caller, number):
            return
        at = self._not_ahead(voice.time)
        recording = self._store.add_recording(opened.id, caller, number, at, voice.seconds, voice.ogg)
        if recording is not None:
            self._post(RecordingArrived(recording))

    def _caller(self, sender: Address, voice: Voice) -> tuple[Address, str]:
        number = self._number_of(sender)
        if not self._is_machine(sender, number):
            return sender, number
        if voice.caller is None:
            return Address(b""), voice.number
        return voice.caller, self._number_of(voice.caller)

    def _receipt(self, opened: Opened) -> None:
        message = self._outbox.deliver(opened.body, opened.sender)
        if message is not None:
            self._post(MessageSent(message, MessageState.DELIVERED))

    def _turns_away(self, opened: Opened, account: Address, number: str) -> bool:
        if not self._is_blocked(account, number):
            return False
        log.info("a %s of %s is turned away", opened.kind, address_to_hex(account))
        self._store.drop(opened.id)
        return True

    def _number(self, account: Address) -> str:
        try:
            return self._number_of(account)
        except KallnetError as error:
            log.info("a sender's number is not known: %s", error)
            return ""

    def _not_ahead(self, time: int) -> int:
        return min(time, int(self._clock()))
