import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kallnet.cache import AWAY, DAY, CachedLedger
from kallnet.entries import ClientEntry, Cost, ServiceEntry
from kallnet.errors import EntryInvalid, LedgerUnreachable
from kallnet.ledger import Head, Ledger
from kallnet.messages import CLIENT, SERVICE
from kallnet.number import number_for
from tests.kallnet.fakes import NOW, ChainInMemory, FakeEndpoint, Published, ledger_over
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT

EXPIRY = NOW + 30 * 24 * 3600
NUMBER = number_for(ALICE.address, 0)


def published(contact: str, expiry: int = EXPIRY) -> Published:
    entry = ClientEntry(ALICE.public_key, (1,), contact=contact).encode()
    return Published(entry, Head(NUMBER, expiry, 7, 1))


@dataclass
class World:
    chain: ChainInMemory
    endpoint: FakeEndpoint
    path: Path
    now: float = float(NOW)

    def open(self) -> CachedLedger:
        return CachedLedger(ledger_over(self.endpoint), self.path, clock=lambda: self.now)

    def contact(self, cache: CachedLedger) -> str | None:
        entry = cache.client_entry(ALICE.address)
        return None if entry is None else entry.contact


@pytest.fixture
def world(tmp_path: Path) -> World:
    service = ServiceEntry(BOB.public_key, (1,), "proxy", (Cost(5, 1, 100),)).encode()
    chain = ChainInMemory(
        published={
            (CLIENT, ALICE.address): published("desk"),
            (SERVICE, BOB.address): Published(service, Head(0, EXPIRY, 8, 1)),
        },
        numbers={NUMBER: ALICE.address},
    )
    return World(chain, FakeEndpoint(chain), tmp_path / "ledger.db")


@pytest.fixture
def cache(world: World) -> Iterator[CachedLedger]:
    with closing(world.open()) as cache:
        yield cache


def test_without_a_chain_and_a_cache_the_error_passes_through(world: World, cache: CachedLedger) -> None:
    world.endpoint.away = True
    with pytest.raises(LedgerUnreachable):
        cache.client_entry(ALICE.address)
    assert cache.away


def test_everything_asked_before_is_answered_while_the_chain_is_away(
    world: World, cache: CachedLedger
) -> None:
    before = (
        cache.client_entry(ALICE.address),
        cache.service_entry(BOB.address),
        cache.resolve(NUMBER),
    )
    world.endpoint.away = True
    world.now += DAY
    assert before == (
        cache.client_entry(ALICE.address),
        cache.service_entry(BOB.address),
        cache.resolve(NUMBER),
    )
    assert None not in before


def test_answers_outlive_a_restart(world: World) -> None:
    with closing(world.open()) as first:
        assert world.contact(first) == "desk"
    world.endpoint.away = True
    world.now += 3600
    with closing(world.open()) as second:
        assert world.contact(second) == "desk"


def test_answers_older_than_the_maximum_are_not_given(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.endpoint.away = True
    world.now += DAY + 1
    with pytest.raises(LedgerUnreachable):
        world.contact(cache)


def test_expired_entries_and_their_numbers_are_not_given(world: World, cache: CachedLedger) -> None:
    world.chain.published[CLIENT, ALICE.address] = published("desk", expiry=NOW + 100)
    world.contact(cache)
    cache.resolve(NUMBER)
    world.endpoint.away = True
    world.now += 100
    with pytest.raises(LedgerUnreachable):
        world.contact(cache)
    with pytest.raises(LedgerUnreachable):
        cache.resolve(NUMBER)


def test_a_clock_set_back_does_not_make_answers_eternal(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.endpoint.away = True
    world.now -= DAY + 1
    with pytest.raises(LedgerUnreachable):
        world.contact(cache)


def test_fresh_answers_do_not_ask_the_chain(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.chain.published[CLIENT, ALICE.address] = published("sofa")
    asked = len(world.endpoint.asked)
    world.now += 60
    assert world.contact(cache) == "desk"
    assert len(world.endpoint.asked) == asked


def test_older_answers_are_refreshed(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.chain.published[CLIENT, ALICE.address] = published("sofa")
    world.now += 61
    assert world.contact(cache) == "sofa"
    world.endpoint.away = True
    world.now += DAY
    assert world.contact(cache) == "sofa"


def test_that_there_is_none_is_believed_but_never_kept(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    kept = world.chain.published.pop((CLIENT, ALICE.address))
    world.now += 61
    assert world.contact(cache) is None
    world.chain.published[CLIENT, ALICE.address] = kept
    assert world.contact(cache) == "desk"
    assert cache.client_entry(CAROL.address) is None
    world.endpoint.away = True
    with pytest.raises(LedgerUnreachable):
        cache.client_entry(CAROL.address)


def test_one_failure_speaks_for_a_while(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.endpoint.away = True
    world.now += 100
    world.contact(cache)
    asked = len(world.endpoint.asked)
    world.now += AWAY - 1
    assert world.contact(cache) == "desk"
    assert len(world.endpoint.asked) == asked
    assert cache.away
    world.endpoint.away = False
    world.chain.published[CLIENT, ALICE.address] = published("sofa")
    world.now += 1
    assert world.contact(cache) == "sofa"
    assert not cache.away


def test_an_endpoint_that_lost_the_entry_does_not_hide_it(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.chain.published[CLIENT, ALICE.address].hash = b"\1" * 32
    world.now += 61
    assert world.contact(cache) == "desk"


def test_an_invalid_entry_is_not_covered_by_an_older_one(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.chain.published[CLIENT, ALICE.address] = Published(b"\0", Head(NUMBER, EXPIRY, 9, 2))
    world.now += 61
    with pytest.raises(EntryInvalid):
        world.contact(cache)


def test_the_block_and_the_time_are_kept(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    with closing(sqlite3.connect(world.path)) as db:
        rows = db.execute("SELECT block, expiry, fetched FROM proved_answers").fetchall()
    assert rows == [(100, EXPIRY, float(NOW))]


def test_another_deployment_s_answers_are_forgotten(world: World) -> None:
    with closing(world.open()) as first:
        world.contact(first)
    world.endpoint.away = True
    other = Ledger(ledger_over(world.endpoint).state, replace(DEPLOYMENT, chain_id=1))
    with (
        closing(CachedLedger(other, world.path, clock=lambda: world.now)) as cache,
        pytest.raises(LedgerUnreachable),
    ):
        cache.client_entry(ALICE.address)
    with closing(world.open()) as back, pytest.raises(LedgerUnreachable):
        back.client_entry(ALICE.address)


@pytest.mark.parametrize(
    "junk", [b"not a database, but longer than a header" * 40, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_replaced(world: World, junk: bytes, caplog: pytest.LogCaptureFixture) -> None:
    world.path.write_bytes(junk)
    with closing(world.open()) as cache:
        assert world.contact(cache) == "desk"
    assert "damaged" in caplog.text
    world.endpoint.away = True
    with closing(world.open()) as again:
        assert world.contact(again) == "desk"


def test_a_full_disk_does_not_stop_calls(
    world: World, cache: CachedLedger, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(world.path)) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON proved_answers"
            " BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        db.commit()
    assert world.contact(cache) == "desk"
    assert "can't be written: disk is full" in caplog.text
