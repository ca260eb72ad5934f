from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from kallnet.errors import LedgerError
from kallphone.mail.inbox import Inbox
from kallphone.payments.answers import HeldMessage
from kallphone.payments.errors import ProviderError
from kallphone.payments.provider_api import ProviderApi
from kallphone.ports import SipCredentials
from kallphone.storage.errors import StorageError
from kallphone.task_thread import STOP_S

log = logging.getLogger(__name__)

WAIT_S = 25
"""Of one request: a little less than what home routers keep a silent connection for."""

LONGEST_PAUSE_S = 60.0


class Fetcher:
    """Empties the mailbox at the home provider, on a thread of its own.

    A request waits there until something comes, so it may not hold up what goes out. A message is deleted
    there when it is on this disk, and stays where the disk won't take it.
    """

    def __init__(
        self,
        api: ProviderApi,
        credentials: Callable[[], SipCredentials | None],
        inbox: Inbox,
        *,
        first_pause: float,
    ) -> None:
        self._api = api
        self._credentials = credentials
        self._inbox = inbox
        self._first_pause = first_pause
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mail-poll", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._api.cut()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            self._tried(self._name_strangers)
            while not self._stopping.is_set():
                if self._tried(self._fetch):
                    self._failures = 0
                else:
                    self._pause()
        finally:
            self._api.close()

    def _name_strangers(self) -> bool:
        self._inbox.name_strangers()
        return True

    def _tried(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except ProviderError as error:
            if not self._stopping.is_set():
                log.info("no mail: %s", error)
        except (StorageError, LedgerError) as error:
            log.warning("mail stays at the provider: %s", error)
        except Exception:
            log.exception("no mail")
        return False

    def _fetch(self) -> bool:
        """False where something could not be taken; nothing is fetched before there is a session."""
        session = self._credentials()
        if session is None:
            self._stopping.wait(self._first_pause)
            return True
        taken = True
        for held in self._api.fetch_mail(session.username, session.password, WAIT_S):
            if self._stopping.is_set():
                break
            taken = self._tried(partial(self._take, session, held)) and taken
        return taken

    def _take(self, session: SipCredentials, held: HeldMessage) -> bool:
        self._inbox.take(held.sealed)
        self._api.delete_mail(session.username, session.password, held.id)
        return True

    def _pause(self) -> None:
        pause = min(LONGEST_PAUSE_S, self._first_pause * 2.0 ** min(self._failures, 10))
        self._failures += 1
        self._stopping.wait(pause)
