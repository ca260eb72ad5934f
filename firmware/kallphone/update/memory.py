"""What updates remember in /data/system/update, so that no power cut makes a phone repeat itself for ever."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kallphone.update.disk import Disk
from kallphone.update.errors import Refused
from kallphone.update.keys import TrustedKeys, parse_keys
from kallphone.update.manifest import canonical

MOST_ATTEMPTS = 3
DAY = 86400  # seconds


@dataclass(frozen=True, slots=True)
class Pending:
    """A trial that is about to start or under way. `attempt` counts from 1 for each build."""

    build: int
    version: str
    slot: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Of the newest build that failed; `at` in Unix seconds."""

    build: int
    version: str
    attempts: int
    reason: str
    at: int

    def may_try_again(self, now: float) -> bool:
        """A day after the first failure, three after the second, never after the third."""
        wait = DAY * 3 ** (self.attempts - 1)
        # A clock that went back must not put it off for years.
        return self.attempts < MOST_ATTEMPTS and not 0 <= now - self.at < wait


class Memory:
    """Damaged files count as missing: the floor is also held by the running system's own build."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk

    def floor(self) -> int:
        """The highest build that ever proved itself here; 0 for none."""
        build = self._read("floor.json").get("build")
        return build if isinstance(build, int) else 0

    def raise_floor(self, build: int) -> None:
        if build > self.floor():
            self._write("floor.json", {"build": build})

    def keys(self, image: TrustedKeys) -> TrustedKeys:
        """The newer one of the image's list and the one that was walked to."""
        try:
            kept = parse_keys((self._folder / "keys.json").read_bytes())
        except (OSError, Refused):
            return image
        return kept if kept.serial > image.serial else image

    def keep_keys(self, keys: TrustedKeys, image: TrustedKeys) -> None:
        if keys.serial > self.keys(image).serial:
            self._disk.make_folder(self._folder)
            self._disk.replace(self._folder / "keys.json", keys.to_bytes())

    def pending(self) -> Pending | None:
        try:
            return Pending(**self._read("pending.json"))
        except TypeError:
            return None

    def expect(self, pending: Pending) -> None:
        self._write("pending.json", asdict(pending))

    def nothing_pending(self) -> None:
        self._disk.unlink(self._folder / "pending.json")

    def failure(self) -> Failure | None:
        try:
            return Failure(**self._read("failed.json"))
        except TypeError:
            return None

    def failed(self, pending: Pending, reason: str, now: float) -> Failure:
        """The same attempt may be told of twice: what was told first holds."""
        before = self.failure()
        if before and before.build == pending.build and before.attempts >= pending.attempt:
            return before
        failure = Failure(pending.build, pending.version, pending.attempt, reason, int(now))
        self._write("failed.json", asdict(failure))
        return failure

    def next_attempt(self, build: int) -> int:
        before = self.failure()
        return before.attempts + 1 if before and before.build == build else 1

    def say(self, words: str, *, failed: str = "") -> None:
        """What happened last, for `kallphone update status` and `kallphone doctor`."""
        if self.words() != (words, failed):
            self._write("state.json", {"words": words, "failed": failed})

    def words(self) -> tuple[str, str]:
        told = self._read("state.json")
        return str(told.get("words", "")), str(told.get("failed", ""))

    def _read(self, name: str) -> dict[str, Any]:
        try:
            told = json.loads((self._folder / name).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}

    def _write(self, name: str, told: dict[str, Any]) -> None:
        self._disk.make_folder(self._folder)
        self._disk.replace(self._folder / name, canonical(told))
