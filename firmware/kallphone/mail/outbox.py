from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from kallnet.account import Address
from kallnet.errors import KallnetError
from kallphone.mail.client import MailClient
from kallphone.mail.errors import NoMailbox, for_people, is_passing
from kallphone.payments.errors import PaymentsError
from kallphone.phone.events import MessageSent
from kallphone.phone.messages import MessageState
from kallphone.ports import Post
from kallphone.storage.errors import StorageError
from kallphone.storage.outbox import Letter, OutboxStore, Pending
from kallphone.task_thread import STOP_S

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 3600.0
AGAIN_S = 6 * 3600.0
"""Without a receipt a message is posted anew after this: its provider may have lost it."""

TRIED_S = 30 * 86_400
"""As long as providers keep mail."""


@dataclass
class _Plan:
    """When a letter is tried next, by the monotonic clock."""

    due: float
    failures: int = 0


class Outbox:
    """Brings what is on disk to mailboxes, on a thread of its own, until receipts come.

    Each message is sealed once, and on disk like that before it leaves: its recipient drops it when it comes
    twice. `clock` gives Unix seconds.
    """

    def __init__(
        self,
        store: OutboxStore,
        client: MailClient,
        post: Post,
        *,
        first_pause: float = FIRST_PAUSE_S,
        again: float = AGAIN_S,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._client = client
        self._post = post
        self._first_pause = first_pause
        self._again = again
        self._clock = clock
        self._monotonic = monotonic
        self._plans: dict[int, _Plan] = {}
        self._changed = threading.Condition()
        self._news = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._client.cut()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def wake(self) -> None:
        """There is more on disk."""
        with self._changed:
            self._news = True
            self._changed.notify()

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._wait(self._step())
        finally:
            self._client.close()

    def _step(self) -> float | None:
        """Tries what is due, and says for how long nothing will be; None while there is nothing at all."""
        try:
            pending = self._store.pending()
            self._plans = {one.serial: self._plan(one) for one in pending}
            now = self._monotonic()
            due = [one.serial for one in pending if self._plans[one.serial].due <= now]
            for serial in due:
                if not self._stopping and (letter := self._store.letter(serial)) is not None:
                    self._carry(letter)
        except StorageError as error:
            log.warning("messages wait: %s", error)
            return self._first_pause
        nexts = [plan.due for plan in self._plans.values()]
        return max(0.0, min(nexts) - self._monotonic()) if nexts else None

    def _wait(self, seconds: float | None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._stopping, seconds)
            self._news = False

    def _plan(self, one: Pending) -> _Plan:
        """After a restart: at once, but for what a provider has."""
        first = self._monotonic() + (self._again if one.taken else 0.0)
        return self._plans.get(one.serial) or _Plan(first)

    def _carry(self, letter: Letter) -> None:
        plan = self._plans[letter.serial]
        try:
            if self._clock() - letter.at > TRIED_S:
                self._give_up(letter, "It could not be delivered within 30 days")
                return
            if (ready := self._sealed(letter)) is not None:
                self._client.post(*ready)
                self._taken(letter)
        except StorageError:
            self._try_later(letter, plan)
            raise
        except Exception as error:
            if self._stopping:
                return
            self._failed(letter, plan, error)
        else:
            plan.failures = 0
            plan.due = self._monotonic() + self._again

    def _sealed(self, letter: Letter) -> tuple[Address, bytes] | None:
        """For whom, and what; None where it was deleted meanwhile."""
        if letter.sealed:
            return letter.peer, letter.sealed
        peer = letter.peer or self._client.account_of(letter.number)
        sealed = self._client.seal(peer, letter.kind, letter.body, letter.at)
        return (peer, sealed) if self._store.seal(letter, peer, sealed) else None

    def _taken(self, letter: Letter) -> None:
        if self._store.take(letter) and letter.message is not None:
            self._post(MessageSent(letter.message, MessageState.TAKEN))
        elif letter.message is None:
            del self._plans[letter.serial]

    def _failed(self, letter: Letter, plan: _Plan, error: Exception) -> None:
        known = isinstance(error, NoMailbox | PaymentsError | KallnetError)
        level = logging.INFO if known else logging.ERROR
        log.log(level, "a %s is not taken: %s", letter.kind, error, exc_info=not known)
        if letter.taken or is_passing(error):
            self._try_later(letter, plan)
        else:
            self._give_up(letter, for_people(error))

    def _try_later(self, letter: Letter, plan: _Plan) -> None:
        pause = min(LONGEST_PAUSE_S, self._first_pause * 2.0 ** min(plan.failures, 16))
        plan.failures += 1
        plan.due = self._monotonic() + (self._again if letter.taken else pause)

    def _give_up(self, letter: Letter, words: str) -> None:
        if self._store.fail(letter, words) and letter.message is not None:
            log.warning("message %d was not sent: %s", letter.message, words)
            self._post(MessageSent(letter.message, MessageState.FAILED, words))
        del self._plans[letter.serial]
