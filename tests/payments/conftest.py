from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from kallnet.account import Account
from kallphone.payments.settings import PaymentsSettings
from kallphone.payments.worker import PaymentsWorker
from kallphone.phone.events import Event, LineFailed, LineOpened
from kallphone.storage.database import Database
from tests.payments.fake_ledger import FakeLedger
from tests.payments.fake_provider import FakeProvider

TARGET = 100_000
PATIENCE_S = 30.0

E_ = TypeVar("E_")


class Posted:
    """Collects events from any thread; each `wait_for` takes the next of its type."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()
        self._read = 0

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, *kinds: type[E_]) -> E_:
        with self._changed:
            assert self._changed.wait_for(lambda: self._next(kinds) is not None, PATIENCE_S), self.events
            found = self._next(kinds)
            assert found is not None
            self._read = found + 1
            return self.events[found]  # type: ignore[return-value]

    def of(self, kind: type[E_]) -> list[E_]:
        with self._changed:
            return [event for event in self.events if isinstance(event, kind)]

    def _next(self, kinds: tuple[type, ...]) -> int | None:
        later = range(self._read, len(self.events))
        return next((i for i in later if isinstance(self.events[i], kinds)), None)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.005)


@dataclass
class Phone:
    account: Account
    posted: Posted
    worker: PaymentsWorker
    database: Database

    def open_line(self) -> LineOpened | LineFailed:
        self.worker.open_line()
        return self.posted.wait_for(LineOpened, LineFailed)  # type: ignore[type-var]

    def opened(self) -> LineOpened:
        event = self.open_line()
        assert isinstance(event, LineOpened), event
        return event

    def stop(self) -> None:
        self.worker.stop()
        self.database.close()


@dataclass
class Desk:
    """Phones of one account and one disk, one at a time."""

    directory: Path
    ledger: FakeLedger
    provider: FakeProvider
    account: Account = field(default_factory=Account.generate)
    phones: list[Phone] = field(default_factory=list)

    def phone(self, **changes: object) -> Phone:
        database = Database(self.directory / "phone.sqlite")
        posted = Posted()
        settings = PaymentsSettings(
            provider_api=self.provider.url, deployment=Path(), rpc=("http://127.0.0.1:1",), agree=None,
            deposit_target=TARGET, **changes,
        )  # type: ignore[arg-type]  # fmt: skip
        worker = PaymentsWorker(
            self.account, settings, database, posted, deployment=self.ledger.deployment, chain=self.ledger
        )
        worker.start()
        phone = Phone(self.account, posted, worker, database)
        self.phones.append(phone)
        return phone

    def stop(self) -> None:
        for phone in self.phones:
            phone.stop()


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def start_provider(ledger: FakeLedger) -> Iterator[Callable[[], FakeProvider]]:
    started: list[FakeProvider] = []

    def start() -> FakeProvider:
        started.append(FakeProvider(ledger))
        return started[-1]

    yield start
    for provider in started:
        provider.stop()


@pytest.fixture
def provider(start_provider: Callable[[], FakeProvider]) -> FakeProvider:
    return start_provider()


@pytest.fixture
def desk(tmp_path: Path, ledger: FakeLedger, provider: FakeProvider) -> Iterator[Desk]:
    desk = Desk(tmp_path, ledger, provider)
    yield desk
    desk.stop()
