from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from kallnet.account import Address
from kallnet.errors import LedgerUnreachable
from kallphone.reputations import FRESH_S, RETRY_S, Reputations

ONE, OTHER = Address(b"1" * 20), Address(b"2" * 20)


@dataclass
class Library:
    """Reputations that are read from memory, by a clock that stands still."""

    now: float = 1000.0
    away: bool = False
    mos: float = 4.0
    asked: queue.SimpleQueue[Address] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self.reputations = Reputations(self._read, clock=lambda: self.now)

    def want(self, *services: Address) -> list[Address]:
        """Who was read by the time that a later, unknown service was."""
        self.reputations.want(services)
        last = Address(self.asked.qsize().to_bytes(4, "big") + repr(self.now).encode().rjust(16))
        self.reputations.want([last])
        read = [self.asked.get(timeout=30)]
        while read[-1] != last:
            read.append(self.asked.get(timeout=30))
        return read[:-1]

    def _read(self, service: Address) -> float:
        self.asked.put(service)
        if self.away and service in (ONE, OTHER):
            raise LedgerUnreachable({"http://127.0.0.1:1": "can't connect"})
        return self.mos


@pytest.fixture
def library() -> Iterator[Library]:
    library = Library()
    library.reputations.start()
    yield library
    library.reputations.stop()


def scores(library: Library) -> dict[Address, float]:
    return {service: mos for service, mos in library.reputations.scores().items() if service in (ONE, OTHER)}


def test_a_score_is_missing_until_it_was_read(library: Library):
    assert library.reputations.scores() == {}
    assert library.want(ONE, OTHER) == [ONE, OTHER]
    assert scores(library) == {ONE: 4.0, OTHER: 4.0}


def test_a_service_is_read_once_a_day(library: Library):
    library.want(ONE)
    library.now += FRESH_S - 1
    assert library.want(ONE, OTHER) == [OTHER]
    library.now += 1
    library.mos = 3.0
    assert library.want(ONE, OTHER) == [ONE]
    assert scores(library) == {ONE: 3.0, OTHER: 4.0}


def test_a_ledger_that_is_away_is_asked_again_after_an_hour(library: Library):
    library.away = True
    assert library.want(ONE) == [ONE]
    library.away = False
    library.now += RETRY_S - 1
    assert library.want(ONE) == []
    assert scores(library) == {}
    library.now += 1
    assert library.want(ONE) == [ONE]
    assert scores(library) == {ONE: 4.0}


def test_an_old_score_stands_while_the_ledger_is_away(library: Library):
    library.want(ONE)
    library.now += FRESH_S
    library.away = True
    assert library.want(ONE) == [ONE]
    assert scores(library) == {ONE: 4.0}


def test_what_is_wanted_twice_at_once_is_read_once(library: Library):
    assert library.want(ONE, ONE) == [ONE]
