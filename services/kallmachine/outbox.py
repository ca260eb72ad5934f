from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from kallnet.account import Address, address_from_hex, address_to_hex
from kallnet.errors import KallnetError
from kallphone.mail.errors import NoMailbox
from kallphone.payments.errors import PaymentsError
from kallphone.storage.files import write_private

log = logging.getLogger(__name__)

FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0
KEPT_S = 30 * 24 * 3600.0

MOST_FOR_ONE = 20
MOST = 400
"""Sealed messages that wait here, at most 512 KiB each: 200 MB."""

Post = Callable[[Address, bytes], None]
"""Hands a sealed message to the recipient's provider; raises NoMailbox, PaymentsError or KallnetError."""


class Outbox:
    """Sealed messages that their recipient's provider has not taken yet; one file each, whole or not there.

    A message's recipient and id are in its file's name, all else is sealed.
    """

    def __init__(self, folder: Path, post: Post, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._post = post
        self._clock = clock

    def keep(self, name: str, recipient: Address, sealed: bytes) -> None:
        """On disk when this returns; `name` is kept once, whatever it is sealed to a second time."""
        if not any(self._folder.glob(f"{name}.*.sealed")):
            file = self._folder / f"{name}.{address_to_hex(recipient)}.sealed"
            write_private(file, sealed, replace=True)

    def full(self, recipient: Address) -> bool:
        waiting = self._waiting()
        return len(waiting) >= MOST or sum(_recipient(file) == recipient for file in waiting) >= MOST_FOR_ONE

    def deliver(self) -> bool:
        """Posts what waits, oldest first; whether all of it is gone. A recipient whose provider is away is
        asked for once, and what nobody has taken for a month is dropped."""
        away: set[Address] = set()
        for file in self._waiting():
            recipient = _recipient(file)
            if recipient not in away and not self._delivered(file, recipient):
                away.add(recipient)
                self._drop_if_old(file)
        return not self._waiting()

    def _waiting(self) -> list[Path]:
        return sorted(self._folder.glob("*.sealed"))

    def _delivered(self, file: Path, recipient: Address) -> bool:
        try:
            self._post(recipient, file.read_bytes())
        except (NoMailbox, PaymentsError, KallnetError, OSError) as error:
            log.info("%s waits: %s", _name(file), error)
            return False
        file.unlink()
        log.info("%s is delivered", _name(file))
        return True

    def _drop_if_old(self, file: Path) -> None:
        if self._clock() - file.stat().st_mtime > KEPT_S:
            file.unlink()
            log.warning("%s is dropped: nobody has taken it for a month", _name(file))


class Deliveries:
    """Empties an outbox on a thread of its own: at once, then ever more slowly, for ever."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Waits for the message that is being posted, though not for long: it stays on disk."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def hurry(self) -> None:
        """There is a new message."""
        self._wake.set()

    def _run(self) -> None:
        pause = FIRST_RETRY_S
        while not self._stopping:
            self._wake.clear()
            empty = self._emptied()
            if self._wake.wait(None if empty else pause):
                pause = FIRST_RETRY_S
            else:
                pause = min(pause * 2, LONGEST_RETRY_S)

    def _emptied(self) -> bool:
        try:
            return self._outbox.deliver()
        except Exception:
            log.exception("deliveries failed")
            return False


def _name(file: Path) -> str:
    return file.name.split(".")[0]


def _recipient(file: Path) -> Address:
    return address_from_hex(file.name.split(".")[1])
