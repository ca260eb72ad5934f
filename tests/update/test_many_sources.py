"""Sticks and a server at once: whatever is wrong with one of them, the next one is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from nacl.signing import SigningKey

from kallphone.update.confirm import confirm, settle
from kallphone.update.errors import Refused, Unreachable
from kallphone.update.install import Updater
from kallphone.update.manifest import SYSTEM_FILE
from kallphone.update.sources import Folder
from tests.update.world import NEW, Pieces, Restarted, World, make_release, make_system


def test_without_any_source_it_says_so(world: World) -> None:
    with pytest.raises(Unreachable, match="no address"):
        Updater(world.box()).check([])


def test_a_bad_stick_does_not_hide_a_good_server(world: World, release: Path, tmp_path: Path) -> None:
    assert Updater(world.box()).check([Pieces(tmp_path), Pieces(release)]).source.name == str(release)


@pytest.mark.parametrize("damage", ["rotten", "short", "gone"])
def test_a_stick_whose_system_is_damaged_does_not_hide_it_either(
    world: World, release: Path, tmp_path: Path, key: SigningKey, damage: str
) -> None:
    make_release(tmp_path / "stick", NEW + 1, key)
    system = tmp_path / "stick" / SYSTEM_FILE
    if damage == "gone":
        system.unlink()
    else:
        with system.open("r+b") as file:
            file.write(b"rotten") if damage == "rotten" else file.truncate(500)
    sources = [Folder(tmp_path / "stick"), Pieces(release)]
    if damage != "rotten":
        assert Updater(world.box()).check(sources).manifest.build == NEW
    with pytest.raises(Restarted):
        Updater(world.box()).take(sources)
    world.start()
    assert world.build == NEW


def test_a_stick_whose_system_failed_does_not_hide_it_either(
    world: World, release: Path, tmp_path: Path, key: SigningKey
) -> None:
    make_release(tmp_path / "server", NEW + 1, key)
    world.systems[NEW + 1] = (tmp_path / "server" / SYSTEM_FILE).read_bytes()
    with pytest.raises(Restarted):
        Updater(world.box()).take([Pieces(release)])
    world.start()
    world.registers = False
    world.speak()
    with pytest.raises(Restarted):
        confirm(world.box())
    world.start()
    world.registers = True
    world.speak()
    settle(world.box())
    with pytest.raises(Restarted):
        Updater(world.box()).take([Pieces(release), Pieces(tmp_path / "server")])
    world.start()
    assert world.build == NEW + 1


def test_the_last_stick_says_what_is_wrong_with_it(world: World, release: Path) -> None:
    (release / SYSTEM_FILE).write_bytes(make_system(NEW)[::-1])
    with pytest.raises(Refused, match="changed or damaged"):
        Updater(world.box()).take([Pieces(release)])
