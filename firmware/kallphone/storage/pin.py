from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id

from kallphone.storage.database import Database
from kallphone.storage.errors import PinUnusable
from kallphone.storage.settings import Settings

DELAYS_S = (0, 0, 0, 30, 60, 5 * 60, 15 * 60, 60 * 60)
"""The pause after the first, second, ... wrong PIN; the last one after each further one."""

_NAME = "pin"
_FORM = re.compile(r"[0-9]{4,8}", re.ASCII)
_OPERATIONS = 2
_MEMORY = 16 * 1024 * 1024


@dataclass(frozen=True)
class PinVerdict:
    """`wait_s`: for so long no PIN is looked at."""

    ok: bool
    wait_s: int = 0


class PinLock:
    """The PIN of keypad and menu, with a pause that grows after wrong ones.

    Kept as argon2id (2 passes over 16 MiB, which a small board has to spare). That hides the PIN from an eye
    on the file; it would not keep four digits from whoever guesses at a copy of the card, and it seals
    nothing: the account's key has its own seal.

    Pauses run by the monotonic clock. After a restart the wall clock says what is left; one that went back
    makes the pause begin anew. Takes its time: not for the main thread.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = Settings(database)
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._open_at = monotonic() + self._left_over()

    def is_set(self) -> bool:
        return self._hash() is not None

    def set(self, pin: str) -> None:
        """Four to eight digits; an empty PIN takes the lock away. Raises PinUnusable."""
        if pin and not is_pin(pin):
            raise PinUnusable("a PIN has 4 to 8 digits")
        hashed = hash_of(pin) if pin else None
        with self._lock:
            self._keep(hashed, failures=0)
            self._open_at = self._monotonic()

    def holds(self, pin: str) -> bool:
        """Whether it is this one, for whoever may set it anyway: counts nothing."""
        hashed = self._hash()
        return hashed is not None and fits(hashed, pin)

    def check(self, pin: str) -> PinVerdict:
        """A failure is on disk before the PIN is looked at, so that cutting the power wins no second try."""
        with self._lock:
            hashed = self._hash()
            if hashed is None:
                return PinVerdict(ok=True)
            wait = self._wait()
            if wait:
                return PinVerdict(ok=False, wait_s=wait)
            return self._look_at(pin, hashed)

    def _look_at(self, pin: str, hashed: str) -> PinVerdict:
        failures = self._failures() + 1
        self._keep(hashed, failures)
        if fits(hashed, pin):
            self._keep(hashed, failures=0)
            return PinVerdict(ok=True)
        self._open_at = self._monotonic() + _delay(failures)
        return PinVerdict(ok=False, wait_s=_delay(failures))

    def _wait(self) -> int:
        return max(0, -int(self._monotonic() - self._open_at))

    def _left_over(self) -> float:
        since = self._clock() - float(self._read().get("failed_at", 0))
        delay = _delay(self._failures())
        return delay - since if 0 <= since <= delay else delay if since < 0 else 0

    def _hash(self) -> str | None:
        hashed = self._read().get("hash")
        return hashed if isinstance(hashed, str) else None

    def _failures(self) -> int:
        return int(self._read().get("failures", 0))

    def _read(self) -> dict[str, Any]:
        return self._settings.read(_NAME) or {}

    def _keep(self, hashed: str | None, failures: int) -> None:
        kept = {"hash": hashed, "failures": failures, "failed_at": int(self._clock())}
        self._settings.write(_NAME, kept)


def hash_of(pin: str) -> str:
    return argon2id.str(pin.encode(), opslimit=_OPERATIONS, memlimit=_MEMORY).decode()


def is_pin(text: str) -> bool:
    """Four to eight digits."""
    return bool(_FORM.fullmatch(text))


def _delay(failures: int) -> int:
    return DELAYS_S[min(failures, len(DELAYS_S)) - 1] if failures else 0


def fits(hashed: str, pin: str) -> bool:
    try:
        return bool(argon2id.verify(hashed.encode(), pin.encode()))
    except InvalidkeyError:
        return False
