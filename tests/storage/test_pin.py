from __future__ import annotations

from pathlib import Path

import pytest

from kallphone.storage.database import Database
from kallphone.storage.errors import PinUnusable, StorageError
from kallphone.storage.pin import DELAYS_S, PinLock, PinVerdict

RIGHT, WRONG = "4711", "0815"


class Clocks:
    """A wall clock that people set, and a monotonic one that begins anew with each boot."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000.0
        self.mono = 50.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.mono += seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "phone.sqlite")


def lock_of(database: Database, clocks: Clocks) -> PinLock:
    """As after a start."""
    return PinLock(database, lambda: clocks.wall, lambda: clocks.mono)


@pytest.fixture
def lock(database: Database, clocks: Clocks) -> PinLock:
    lock = lock_of(database, clocks)
    lock.set(RIGHT)
    return lock


def test_a_pin_opens_and_a_wrong_one_does_not(lock: PinLock):
    assert lock.is_set()
    assert lock.check(RIGHT) == PinVerdict(ok=True)
    assert lock.check(WRONG) == PinVerdict(ok=False)


def test_the_pauses_grow_and_stay(lock: PinLock, clocks: Clocks):
    waits = []
    for _ in range(10):
        verdict = lock.check(WRONG)
        waits.append(verdict.wait_s)
        clocks.pass_(verdict.wait_s)
    assert waits == [*DELAYS_S, 3600, 3600]


def fail(lock: PinLock, clocks: Clocks, times: int) -> PinVerdict:
    for _ in range(times - 1):
        clocks.pass_(lock.check(WRONG).wait_s)
    return lock.check(WRONG)


def test_within_a_pause_no_pin_is_looked_at_and_nothing_counts(lock: PinLock, clocks: Clocks):
    assert fail(lock, clocks, 4).wait_s == 30
    clocks.pass_(10)
    assert lock.check(RIGHT) == PinVerdict(ok=False, wait_s=20)
    assert lock.check(WRONG) == PinVerdict(ok=False, wait_s=20)
    clocks.pass_(20)
    assert lock.check(RIGHT).ok
    assert lock.check(WRONG).wait_s == 0, "the right PIN forgets the failures"


def test_a_power_cut_does_not_shorten_the_pause(lock: PinLock, clocks: Clocks, database: Database):
    fail(lock, clocks, 5)
    clocks.wall += 25
    clocks.mono = 0.0
    again = lock_of(database, clocks)
    assert again.check(RIGHT) == PinVerdict(ok=False, wait_s=35)
    clocks.pass_(35)
    assert again.check(WRONG).wait_s == 300, "the failures before the cut count"


class PowerCut(StorageError):
    pass


def test_a_failure_is_on_disk_before_the_answer(
    lock: PinLock, clocks: Clocks, database: Database, monkeypatch: pytest.MonkeyPatch
):
    """Guessing with a hand on the plug wins nothing."""

    def cut(*_: object) -> bool:
        raise PowerCut

    monkeypatch.setattr("kallphone.storage.pin.fits", cut)
    for _ in range(4):
        with pytest.raises(PowerCut):
            lock_of(database, clocks).check(WRONG)
    monkeypatch.undo()
    assert lock_of(database, clocks).check(RIGHT) == PinVerdict(ok=False, wait_s=30)


@pytest.mark.parametrize("turned", [-100_000_000, -10, 29])
def test_turning_the_clock_does_not_shorten_a_pause(lock: PinLock, clocks: Clocks, turned: float):
    fail(lock, clocks, 4)
    clocks.wall += turned
    assert lock.check(RIGHT).wait_s == 30


def test_a_clock_that_went_back_over_a_restart_begins_the_pause_anew(
    lock: PinLock, clocks: Clocks, database: Database
):
    fail(lock, clocks, 4)
    clocks.wall -= 100_000_000
    again = lock_of(database, clocks)
    assert again.check(RIGHT).wait_s == 30
    clocks.pass_(30)
    assert again.check(RIGHT).ok


def test_a_pin_is_changed_and_taken_away(lock: PinLock, clocks: Clocks):
    lock.set(WRONG)
    assert not lock.check(RIGHT).ok
    lock.set("")
    assert not lock.is_set()
    assert lock.check("anything").ok


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "١٢٣٤", " 1234"])
def test_a_pin_is_four_to_eight_digits(lock: PinLock, pin: str):
    with pytest.raises(PinUnusable, match="4 to 8 digits") as caught:
        lock.set(pin)
    assert pin not in str(caught.value)
    assert lock.check(RIGHT).ok


def test_the_file_does_not_show_the_pin(lock: PinLock, database: Database):
    kept = database.rows("SELECT value FROM settings WHERE name = 'pin'")[0]["value"]
    assert "$argon2id$" in kept
    assert RIGHT not in kept.split("$")[0] + kept.rsplit(",", 2)[1]
