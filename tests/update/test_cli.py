"""The commands, as units and publishers call them."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest

from kallphone.cli import main
from kallphone.update.box import alone
from kallphone.update.errors import Postponed
from kallphone.update.install import Updater
from kallphone.update.manifest import SYSTEM_FILE
from kallphone.update.sources import Folder
from tests.update.world import NEW, OLD, World, make_release, make_system


@pytest.fixture
def phone(world: World) -> World:
    """A phone that has been given its image's files, too."""
    keys = world.box().image_keys.to_bytes()
    (world.layout.share / "update-keys.json").write_bytes(keys)
    world.layout.release.write_text(json.dumps({"version": f"v{OLD}", "build": OLD}))
    (world.root / "proc").mkdir()
    (world.root / "proc/cmdline").write_text("kall.slot=a\n")
    return world


def call(phone: World, *words: str) -> int:
    return main(["update", words[0], "--root", str(phone.root), *words[1:]])


def test_check_names_what_could_be_installed(
    phone: World, release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(phone, "check", "--from", str(release)) == 0
    assert f"version v{NEW} can be installed" in capsys.readouterr().out


def test_check_refuses_in_words(phone: World, release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (release / "manifest.json").open("ab") as file:
        file.write(b" ")
    assert call(phone, "check", "--from", str(release)) == 1
    assert "was changed after it was signed" in capsys.readouterr().err


def test_the_newest_needs_nothing(phone: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_release(tmp_path / "same", OLD, phone.key)
    assert call(phone, "check", "--from", str(tmp_path / "same")) == 0
    assert "is the newest" in capsys.readouterr().out
    assert call(phone, "run", "--from", str(tmp_path / "same")) == 0
    make_release(tmp_path / "older", OLD - 1, phone.key)
    assert call(phone, "run", "--from", str(tmp_path / "older")) == 1


def test_an_address_that_is_away_fails_no_unit(phone: World, capsys: pytest.CaptureFixture[str]) -> None:
    (phone.layout.system / "update").mkdir()
    (phone.layout.system / "update/settings.toml").write_text('url = "https://127.0.0.1:1/kallphone"\n')
    assert call(phone, "run") == 0
    assert "can't be reached" in capsys.readouterr().out


def test_updates_can_be_switched_off_and_asked_for_all_the_same(
    phone: World, capsys: pytest.CaptureFixture[str]
) -> None:
    phone.layout.preset.write_text('[update]\nurl = "https://127.0.0.1:1/kallphone"\nautomatic = false\n')
    assert call(phone, "run") == 0
    assert "only when asked for" in capsys.readouterr().out
    phone.layout.requests.mkdir()
    (phone.layout.requests / "update").touch()
    assert call(phone, "run") == 0
    assert "can't be reached" in capsys.readouterr().out
    assert not (phone.layout.requests / "update").exists()


def test_bad_settings_are_said(phone: World, capsys: pytest.CaptureFixture[str]) -> None:
    phone.layout.preset.write_text('[update]\nautomatic = "yes"\n')
    assert call(phone, "run") == 1
    assert "automatic = true or false" in capsys.readouterr().err


def test_status_tells_what_runs_and_what_went_wrong(phone: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(phone, "status") == 0
    told = capsys.readouterr().out
    assert f"version v{OLD}, build {OLD}, system a" in told
    assert "no update was ever installed" in told


def test_every_user_can_read_how_the_last_update_went(phone: World) -> None:
    before = os.umask(0o077)  # as the units have it
    try:
        phone.box().memory.say("Version 2 was left again.", failed="2, it did not register")
    finally:
        os.umask(before)
    assert (phone.layout.system / "update/state.json").stat().st_mode & 0o777 == 0o644


def test_a_folder_by_hand_is_tried_without_a_line(
    phone: World, release: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phone.layout.status.unlink()
    updater = Updater(phone.box())
    with pytest.raises(Postponed, match="not registered"):
        updater.install(updater.check([Folder(release)]))
    assert call(phone, "run", "--from", str(release)) == 1
    # As far as to the switch, which needs a FAT that is mounted.
    assert "remount,rw" in capsys.readouterr().err


def test_confirm_waits_for_another_updater_and_run_does_not(
    phone: World, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("kallphone.update.box.fcntl.flock", lambda _, operation: asked.append(operation))
    assert call(phone, "confirm") == 0
    call(phone, "run", "--from", str(release))
    assert asked[:2] == [fcntl.LOCK_EX, fcntl.LOCK_EX | fcntl.LOCK_NB]


def test_two_updaters_are_never_at_work(phone: World) -> None:
    with alone(phone.layout), pytest.raises(Postponed, match="another"), alone(phone.layout):
        pass


def test_an_updater_follows_no_link_of_the_phones_user(phone: World) -> None:
    (phone.layout.run / "updating").symlink_to(phone.root / "made")
    with pytest.raises(OSError, match="Too many levels"), alone(phone.layout):
        pass
    assert not (phone.root / "made").exists()


def test_confirm_without_a_trial_is_done_at_once(phone: World) -> None:
    assert call(phone, "confirm") == 0


def test_elsewhere_than_on_a_phone_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "status", "--root", str(tmp_path)]) == 1
    assert "no flashed phone" in capsys.readouterr().err


def test_a_publisher_signs_on_the_command_line(
    phone: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, image, chain = (tmp_path / name for name in ("one", "two", "list.json", "keys.json"))
    assert main(["update-keys", "make", str(first), "--list", str(image)]) == 0
    (phone.layout.share / "update-keys.json").write_bytes(image.read_bytes())
    capsys.readouterr()
    assert main(["update-keys", "make", str(second)]) == 0
    public = capsys.readouterr().out.strip()
    assert main(["update-keys", "hand-over", str(first), str(image), str(chain), "--to", public]) == 0
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / SYSTEM_FILE).write_bytes(make_system(NEW))
    sign = ["update-keys", "sign", str(second), str(tmp_path / "out"), "--version", "9", "--build", str(NEW)]
    assert main(sign) == 0
    assert call(phone, "check", "--from", str(tmp_path / "out")) == 1
    assert main([*sign, "--chain", str(chain)]) == 0
    assert call(phone, "check", "--from", str(tmp_path / "out")) == 0
