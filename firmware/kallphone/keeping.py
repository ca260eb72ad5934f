from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from pathlib import Path

from kallphone.phone.book import Contact
from kallphone.phone.events import (
    Event,
    PinChecked,
    RecordingLoaded,
    SpentLoaded,
    StorageFailed,
    WordsRead,
)
from kallphone.phone.settings import Settings
from kallphone.phone.words import N_
from kallphone.ports import Post
from kallphone.recordings import RecordingError, forget_sound, to_wav
from kallphone.storage.contacts import ContactStore
from kallphone.storage.errors import StorageError
from kallphone.storage.key import KeyFile
from kallphone.storage.pin import PinLock
from kallphone.storage.preferences import Preferences
from kallphone.storage.receipts import Receipts
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)


class Keeper:
    """The Keeping port, on one thread: what the disk, argon2 or a decoder needs is never waited for."""

    def __init__(
        self,
        contacts: ContactStore,
        preferences: Preferences,
        pin: PinLock,
        key: KeyFile,
        recordings: Path,
        receipts: Receipts,
        now: Callable[[], datetime.datetime],
        post: Post,
    ) -> None:
        """Sound decoded in the folder `recordings` goes at the start. `now` is local time with its zone."""
        self._recordings = recordings
        self._receipts = receipts
        self._now = now
        self._contacts = contacts
        self._preferences = preferences
        self._pin = pin
        self._key = key
        self._post = post
        self._tasks = TaskThread("keeping")

    def start(self) -> None:
        self._tasks.submit(lambda: forget_sound(self._recordings))
        self._tasks.start()

    def stop(self) -> None:
        self._tasks.stop()

    def save_settings(self, settings: Settings) -> None:
        self._keep(lambda: self._preferences.save(settings))

    def save_contact(self, contact: Contact, replaces: str) -> None:
        self._keep(lambda: self._contacts.save(contact, replaces))

    def delete_contact(self, number: str) -> None:
        self._keep(lambda: self._contacts.delete(number))

    def load_recording(self, file: str) -> None:
        self._answer(lambda: _loaded(file))

    def load_spent(self) -> None:
        def load() -> SpentLoaded:
            now = self._now()
            spent = self._receipts.spent_today(now.timestamp(), now.tzinfo or datetime.UTC)
            return SpentLoaded(spent.day, spent.total, spent.numbers)

        self._answer(load)

    def check_pin(self, pin: str) -> None:
        def check() -> PinChecked:
            verdict = self._pin.check(pin)
            return PinChecked(verdict.ok, verdict.wait_s)

        self._answer(check)

    def set_pin(self, pin: str) -> None:
        self._keep(lambda: self._pin.set(pin))

    def read_words(self) -> None:
        def read() -> WordsRead:
            try:
                return WordsRead(self._key.words())
            except StorageError as error:
                return WordsRead((), str(error))

        self._answer(read)

    def _keep(self, task: Callable[[], None]) -> None:
        def kept() -> None:
            try:
                task()
            except StorageError as error:
                log.warning("not kept: %s", error)
                self._post(StorageFailed(N_("Not saved: disk")))

        self._tasks.submit(kept)

    def _answer(self, ask: Callable[[], Event]) -> None:
        def answered() -> None:
            try:
                self._post(ask())
            except StorageError as error:
                log.warning("not read: %s", error)
                self._post(StorageFailed(N_("Disk trouble")))

        self._tasks.submit(answered)


def _loaded(file: str) -> RecordingLoaded:
    try:
        return RecordingLoaded(file, str(to_wav(Path(file))))
    except RecordingError as error:
        log.warning("a recording does not play: %s", error)
        return RecordingLoaded(file, "", N_("It can't be played"))
