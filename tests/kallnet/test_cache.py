import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from kallnet.cache import AWAY, DAY, CachedLedger
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.errors import EntryInvalid, LedgerError, LedgerInconsistent, LedgerUnreachable
from kallnet.ledger import Head, Ledger
from kallnet.messages import CLIENT, SERVICE, Agreement
from kallnet.number import number_for
from kallnet.typed import digest, registry_domain
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


def test_an_entry_that_is_proved_to_be_superseded_is_not_served(world: World, cache: CachedLedger) -> None:
    assert world.contact(cache) == "desk"
    world.now += 61
    world.chain.published[CLIENT, ALICE.address] = published("moved")
    world.endpoint.forge = without_events
    with pytest.raises(LedgerInconsistent, match="no endpoint shows it"):
        world.contact(cache)
    assert not cache.away


def test_an_unchanged_entry_needs_no_event(world: World, cache: CachedLedger) -> None:
    world.contact(cache)
    world.now += 2 * DAY
    world.chain.time = int(world.now)
    world.endpoint.forge = without_events
    assert world.contact(cache) == "desk"


def without_events(method: str, _: Sequence[Any], true: Any) -> Any:
    return [] if method == "eth_getLogs" else true


def reopened(world: World) -> CachedLedger:
    """As after a restart, for final blocks."""
    ledger = ledger_over(world.endpoint, finality="finalized", clock=lambda: world.now)
    return CachedLedger(ledger, world.path, clock=lambda: world.now)


@pytest.mark.parametrize("height", [50, 2**62])
def test_neither_a_made_up_height_nor_a_chain_that_began_anew_locks_the_phone_out(
    world: World, height: int
) -> None:
    world.chain.height = height
    with closing(reopened(world)) as cache:
        world.contact(cache)
    world.chain.height = 20
    world.now += 100
    world.chain.time = int(world.now)
    world.chain.published[CLIENT, ALICE.address] = published("new")
    with closing(reopened(world)) as cache:
        world.endpoint.asked.clear()
        cache._fresh = 0.0
        assert world.contact(cache) == "new"


def test_a_height_that_no_disk_can_keep_is_no_block(world: World, cache: CachedLedger) -> None:
    world.chain.height = 2**64
    with pytest.raises(LedgerError, match="no possible height"):
        world.contact(cache)


def test_a_clock_that_is_years_behind_revives_no_agreement(world: World, cache: CachedLedger) -> None:
    message = Agreement(BOB.address, ALICE.address, "proxy", NOW - 10)
    signature = BOB.sign(digest(registry_domain(DEPLOYMENT), message))
    ref = ProviderRef(BOB.address, "proxy", NOW - 10, signature)
    entry = ClientEntry(ALICE.public_key, (1,), providers=(ref,)).encode()
    world.chain.published[CLIENT, ALICE.address] = Published(entry, Head(NUMBER, EXPIRY, 7, 1))
    world.now = 1.0
    found = cache.client_entry(ALICE.address)
    assert found is not None
    assert found.providers == ()


def test_a_clock_that_was_set_back_does_not_keep_the_chain_away(world: World, cache: CachedLedger) -> None:
    world.now += 10 * 365 * DAY
    world.endpoint.away = True
    with pytest.raises(LedgerUnreachable):
        world.contact(cache)
    assert cache.away
    world.endpoint.away = False
    world.now = float(NOW)
    assert not cache.away
    assert world.contact(cache) == "desk"


@pytest.mark.parametrize("what", [b"desk", ALICE.address])
def test_a_flipped_bit_on_the_disk_gives_no_wrong_answer(world: World, what: bytes) -> None:
    with closing(world.open()) as cache:
        world.contact(cache)
        cache.resolve(NUMBER)
    data = bytearray(world.path.read_bytes())
    places = [i for i in range(len(data)) if data.startswith(what, i)]
    assert places
    for place in places:
        data[place] ^= 1
    world.path.write_bytes(data)
    with closing(world.open()) as cache:
        assert world.contact(cache) == "desk"
        assert cache.resolve(NUMBER) == ALICE.address


def test_without_a_folder_for_it_the_cache_is_kept_in_memory(world: World, tmp_path: Path) -> None:
    world.path = tmp_path / "gone" / "ledger.db"
    with closing(world.open()) as cache:
        assert world.contact(cache) == "desk"
        world.endpoint.away = True
        assert world.contact(cache) == "desk"


def test_a_cache_that_another_process_holds_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(world.open()) as cache:
        world.contact(cache)
    connect = sqlite3.connect
    with closing(connect(world.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", lambda path, **more: connect(path, timeout=0.01, **more))
        with closing(world.open()) as cache:
            assert world.contact(cache) == "desk"
    monkeypatch.undo()
    world.endpoint.away = True
    with closing(world.open()) as cache:
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
        rows = db.execute("SELECT block, expiry, fetched FROM proved").fetchall()
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
            "CREATE TRIGGER full BEFORE INSERT ON proved"
            " BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
        db.commit()
    assert world.contact(cache) == "desk"
    assert "can't be written: disk is full" in caplog.text
