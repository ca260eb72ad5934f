"""The power goes before every single change that an update makes, and what is started then is whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from nacl.signing import SigningKey

from kallphone.update.confirm import confirm, settle
from kallphone.update.disk import Disk
from kallphone.update.errors import Postponed, Refused
from kallphone.update.install import Updater
from kallphone.update.memory import MOST_ATTEMPTS
from tests.update.world import NEW, OLD, CuttableDisk, Pieces, PowerCut, Restarted, World, make_release

DAYS = 4 * 86400


def run(world: World, release: Path, disk: Disk) -> None:
    """What the timer does."""
    settle(world.box(disk))
    updater = Updater(world.box(disk))
    updater.install(updater.check([Pieces(release)]))


def a_day(world: World, release: Path, disk: Disk) -> None:
    """A start, what follows it, and the timer; another start where one is asked for."""
    for _ in range(3):
        try:
            confirm(world.box(disk))
            run(world, release, disk)
        except Restarted:
            world.start()
        except (Postponed, Refused):
            return
    raise AssertionError("starts over and over")


def steps_of(world: World, release: Path) -> int:
    disk = CuttableDisk()
    a_day(world, release, disk)
    return disk.steps


@pytest.mark.parametrize("fate", ["kept", "lost", "torn"])
def test_a_cut_anywhere_in_an_update_leaves_a_whole_system_and_the_next_day_brings_it(
    tmp_path: Path, key: SigningKey, release: Path, fate: str
) -> None:
    steps = steps_of(World(tmp_path / "dry", key), release)
    assert steps > 40
    for cut in range(1, steps + 1):
        world = World(tmp_path / f"{cut}", key)
        with pytest.raises(PowerCut):
            a_day(world, release, CuttableDisk(cut, fate))
        floor = world.box().memory.floor()
        world.start()
        assert world.box().memory.floor() >= floor
        for _ in range(3):
            a_day(world, release, CuttableDisk())
            world.sleep(DAYS)
        assert (world.build, world.box().memory.floor()) == (NEW, NEW), f"cut {cut}"
        assert world.box().card.trial() is None
        assert world.box().memory.pending() is None
        failure = world.box().memory.failure()
        assert failure is None or failure.attempts == 1


@pytest.mark.parametrize("fate", ["kept", "lost"])
def test_a_cut_anywhere_around_a_broken_update_leaves_the_old_system_and_an_end(
    tmp_path: Path, key: SigningKey, release: Path, fate: str
) -> None:
    def broken(name: str) -> World:
        return World(tmp_path / name, key)

    disk = CuttableDisk()
    broken_days(broken("dry"), release, disk, 1)
    for cut in range(1, disk.steps + 1):
        world = broken(f"{cut}")
        with pytest.raises(PowerCut):
            broken_days(world, release, CuttableDisk(cut, fate), 1)
        world.start()
        broken_days(world, release, CuttableDisk(), 8)
        assert (world.build, world.box().memory.floor()) == (OLD, 0), f"cut {cut}"
        assert world.box().card.trial() is None
        assert 3 <= world.trials <= 4, f"cut {cut}"


def broken_days(world: World, release: Path, disk: Disk, days: int) -> None:
    """The old system registers, the new one never does."""
    for _ in range(days):
        for _ in range(4):
            world.registers = world.build == OLD
            world.speak()
            try:
                confirm(world.box(disk))
                run(world, release, disk)
            except Restarted:
                world.start()
            except Postponed:
                break
        else:
            raise AssertionError("starts over and over")
        world.now += 9 * 86400


@pytest.mark.parametrize("writes", [0, 1])
def test_a_cut_while_the_initramfs_goes_back(world: World, release: Path, writes: int) -> None:
    with pytest.raises(Restarted):
        run(world, release, CuttableDisk())
    world.start()
    assert world.build == NEW
    world.slot = "b"
    assert world.judge(writes) != 0
    world.start()
    assert world.build == OLD
    settle(world.box())
    failure = world.box().memory.failure()
    assert failure is not None
    assert failure.attempts == 1
    assert world.box().card.trial() is None


@pytest.mark.parametrize("fate", ["kept", "lost", "torn"])
def test_a_cut_while_a_trial_is_ended_by_the_jumper(
    tmp_path: Path, key: SigningKey, release: Path, fate: str
) -> None:
    def dark(name: str) -> World:
        world = World(tmp_path / name, key)
        with pytest.raises(Restarted):
            run(world, release, CuttableDisk())
        assert (world.slot, world.box().card.chosen()) == ("a", "b")
        return world

    disk = CuttableDisk()
    confirm(dark("dry").box(disk))
    assert disk.steps > 5
    for cut in range(1, disk.steps + 1):
        world = dark(f"{cut}")
        with pytest.raises(PowerCut):
            confirm(world.box(CuttableDisk(cut, fate)))
        confirm(world.box())
        world.start()
        failure = world.box().memory.failure()
        assert (world.build, world.box().card.trial(), world.box().memory.pending()) == (OLD, None, None)
        assert failure is not None, f"cut {cut}"
        assert failure.attempts == MOST_ATTEMPTS


def test_a_system_that_never_gets_to_its_own_programs_is_left_at_the_second_start(
    world: World, release: Path
) -> None:
    with pytest.raises(Restarted):
        run(world, release, CuttableDisk())
    world.start()
    assert world.build == NEW
    world.start()
    assert world.build == OLD
    settle(world.box())
    words, failed = world.box().memory.words()
    assert "did not start" in words
    assert failed.startswith(f"v{NEW}")


def test_a_newer_release_is_tried_at_once_where_one_has_failed(
    world: World, release: Path, key: SigningKey, tmp_path: Path
) -> None:
    broken_days(world, release, CuttableDisk(), 8)
    assert world.trials == 3
    better = tmp_path / "better"
    make_release(better, NEW + 1, key)
    world.systems[NEW + 1] = (better / "system.squashfs").read_bytes()
    world.registers = True
    world.speak()
    a_day(world, better, CuttableDisk())
    assert world.build == NEW + 1
