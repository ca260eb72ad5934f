"""When an update may start, and how a system on trial proves itself."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kallphone.update.confirm import TRIAL_TAKES, confirm, settle
from kallphone.update.disk import Disk
from kallphone.update.errors import CardTrouble, Postponed
from kallphone.update.install import Updater
from kallphone.update.slots import Trial, trial_sector
from tests.update.world import (
    NEW,
    OLD,
    CuttableDisk,
    Pieces,
    Restarted,
    World,
)


def install(world: World, source: Pieces, disk: Disk | None = None) -> None:
    updater = Updater(world.box(disk))
    updater.install(updater.check([source]))


def start_new(world: World, release: Path) -> None:
    with pytest.raises(Restarted):
        install(world, Pieces(release))
    world.start()
    assert world.build == NEW


def test_a_used_phone_is_waited_for(world: World, release: Path) -> None:
    phone = os.open(world.layout.in_use, os.O_RDWR)
    fcntl.flock(phone, fcntl.LOCK_SH)
    hung_up = world.now + 100
    box = world.box()

    def sleep(seconds: float) -> None:
        world.sleep(seconds)
        assert box.card.trial() is None, "a trial began while the phone was used"
        if world.now >= hung_up:
            fcntl.flock(phone, fcntl.LOCK_UN)

    updater = Updater(replace(box, phone=type(box.phone)(world.layout, lambda: world.now, sleep)))
    with pytest.raises(Restarted):
        updater.install(updater.check([Pieces(release)]))
    assert world.now >= hung_up
    os.close(phone)


def test_a_phone_in_endless_use_is_left_alone(world: World, release: Path) -> None:
    phone = os.open(world.layout.in_use, os.O_RDWR)
    fcntl.flock(phone, fcntl.LOCK_SH)
    source = Pieces(release)
    with pytest.raises(Postponed, match="in use"):
        install(world, source)
    assert world.box().card.trial() is None
    os.close(phone)
    with pytest.raises(Restarted):
        install(world, source)
    assert source.streamed == 1


def test_the_phone_stays_locked_until_the_restart(world: World, release: Path) -> None:
    tried: list[bool] = []

    class Restarter:
        def restart(self) -> None:
            phone = os.open(world.layout.in_use, os.O_RDWR)
            try:
                fcntl.flock(phone, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                tried.append(True)
            finally:
                os.close(phone)

    updater = Updater(replace(world.box(), power=Restarter()))
    with pytest.raises(CardTrouble, match="did not start again"):
        updater.install(updater.check([Pieces(release)]))
    assert tried == [True]


def test_no_trial_starts_while_the_provider_is_away(world: World, release: Path) -> None:
    world.registers = False
    world.speak()
    with pytest.raises(Postponed, match="not registered"):
        install(world, Pieces(release))
    assert (world.box().card.trial(), world.box().card.chosen()) == (None, "a")


def test_a_phone_without_a_line_can_be_mended_by_hand(world: World, release: Path) -> None:
    world.registers = False
    world.speak()
    updater = Updater(world.box())
    with pytest.raises(Restarted):
        updater.install(updater.check([Pieces(release)]), unregistered=True)
    world.registers = True
    world.start()
    confirm(world.box())
    assert (world.build, world.box().memory.floor()) == (NEW, NEW)


def test_the_fat_is_closed_while_a_system_is_fetched(world: World, release: Path) -> None:
    disk = CuttableDisk()
    opened: list[Path | None] = []

    class Watched(Pieces):
        def stream(self, name: str, size: int) -> Iterator[bytes]:
            for piece in super().stream(name, size):
                opened.append(disk.open_fat)
                yield piece

    with pytest.raises(Restarted):
        install(world, Watched(release), disk)
    assert len(opened) > 1
    assert not any(opened)


def test_an_old_word_of_the_phone_is_none(world: World, release: Path) -> None:
    world.now += 300
    with pytest.raises(Postponed, match="not registered"):
        install(world, Pieces(release))


def test_without_a_phone_nothing_is_tried(world: World, release: Path) -> None:
    world.layout.in_use.unlink()
    with pytest.raises(Postponed, match="does not run"):
        install(world, Pieces(release))


def test_a_registered_system_is_kept_for_good(world: World, release: Path) -> None:
    start_new(world, release)
    began = world.now
    confirm(world.box())
    assert world.now - began < 60
    assert world.box().memory.floor() == NEW
    world.start()
    world.start()
    assert (world.build, world.slot) == (NEW, "b")
    assert "proved" in world.box().memory.words()[0]


@pytest.mark.parametrize("change", [{"registers": False}, {"silent": True}])
def test_one_message_and_a_phone_that_is_not_registered_are_no_proof(
    world: World, release: Path, change: dict[str, bool]
) -> None:
    start_new(world, release)
    world.registers = not change.get("silent", False) and change.get("registers", True)
    if not change.get("silent"):
        world.speak()  # else what stands there says that it is registered, and never speaks again
    began = world.now
    with pytest.raises(Restarted):
        confirm(world.box())
    assert TRIAL_TAKES <= world.now - began < TRIAL_TAKES + 10
    world.start()
    assert world.build == OLD
    failure = world.box().memory.failure()
    assert failure is not None
    assert "register" in failure.reason
    settle(world.box())
    assert "register" in world.box().memory.words()[1]


def test_another_release_that_registers_proves_nothing(world: World, release: Path) -> None:
    start_new(world, release)
    with pytest.raises(Restarted):
        confirm(replace(world.box(), build=NEW + 1))


def test_a_full_disk_does_not_keep_a_broken_system(world: World, release: Path) -> None:
    class Full(CuttableDisk):
        def replace(self, path: Path, content: bytes) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    start_new(world, release)
    world.registers = False
    world.speak()
    with pytest.raises(Restarted):
        confirm(world.box(Full()))
    world.start()
    assert world.build == OLD


def test_a_full_fat_leaves_the_running_system(world: World, release: Path) -> None:
    class FullFat(CuttableDisk):
        def write_at(self, handle: int, path: Path, offset: int, content: bytes) -> None:
            if "slots" in path.parts:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            super().write_at(handle, path, offset, content)

    with pytest.raises(CardTrouble, match="No space"):
        install(world, Pieces(release), FullFat())
    world.start()
    assert world.build == OLD
    with pytest.raises(Restarted):
        install(world, Pieces(release))


def test_a_card_that_forgets_is_noticed(world: World, release: Path) -> None:
    class Forgetful(CuttableDisk):
        def write_at(self, handle: int, path: Path, offset: int, content: bytes) -> None:
            super().write_at(handle, path, offset, bytes(len(content)) if offset > 20_000 else content)

    with pytest.raises(CardTrouble, match="other bytes"):
        install(world, Pieces(release), Forgetful())
    assert not any(world.partition("b").read_bytes()[:4096])


def test_what_is_staged_is_read_again_before_it_is_started(world: World, release: Path) -> None:
    world.registers = False
    world.speak()
    with pytest.raises(Postponed):
        install(world, Pieces(release))
    (world.boot / "slots/b/vmlinuz").write_bytes(b"rotten")
    world.registers = True
    world.speak()
    source = Pieces(release)
    with pytest.raises(Restarted):
        install(world, source)
    assert source.streamed == 1
    world.start()
    assert world.build == NEW


def test_a_system_started_by_hand_changes_nothing(world: World, release: Path) -> None:
    offer = Updater(world.box()).check([Pieces(release)])
    start_new(world, release)
    confirm(world.box())
    world.slot = "a"  # the jumper
    box = world.box()
    (world.boot / "trial.txt").write_bytes(trial_sector(Trial("a", 0, "b")))
    confirm(box)
    assert (box.memory.floor(), box.card.chosen(), box.memory.failure()) == (NEW, "b", None)
    with pytest.raises(Postponed, match="by hand"):
        Updater(box).install(offer)


def start_by_jumper(world: World) -> None:
    """NEW is chosen and on trial; whether its initramfs ever ran, trial.txt tells."""
    world.slot = "a"
    world.speak()
    confirm(world.box())


@pytest.mark.parametrize("counted", [False, True], ids=["dark", "seen-by-its-initramfs"])
def test_the_jumper_ends_the_trial_of_a_system_that_stays_dark(
    world: World, release: Path, counted: bool
) -> None:
    with pytest.raises(Restarted):
        install(world, Pieces(release))
    if counted:
        world.start()
    start_by_jumper(world)
    card, memory = world.box().card, world.box().memory
    assert (card.chosen(), card.trial(), memory.pending()) == ("a", None, None)
    assert ("jumper" in memory.words()[0]) is not counted
    world.start()
    assert world.build == OLD
    with pytest.raises(Postponed, match="did not work here"):
        install(world, Pieces(release))
    world.now += 9 * 86400
    world.speak()
    with pytest.raises(Restarted if counted else Postponed):
        install(world, Pieces(release))


def test_an_updater_that_is_about_to_restart_is_no_jumper(world: World, release: Path) -> None:
    with pytest.raises(Restarted):
        install(world, Pieces(release))
    settle(world.box())
    assert world.box().card.chosen() == "b"
    assert world.box().memory.failure() is None
