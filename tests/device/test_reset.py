from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kallphone.cli import main
from kallphone.device import reset
from kallphone.device.layout import Layout
from kallphone.device.requests import ask_root
from kallphone.device.reset import KEYS, ask_for_reset, confirmed, erase, held_long
from kallphone.doctor.stage import Ended, page
from kallphone.languages import translation
from kallphone.phone.events import KeyHeld, KeyPressed, OffHook
from kallphone.phone.menu.text import text
from kallphone.phone.words import LANGUAGES
from tests.device.fakes import FakeStage


def test_both_keys_held_for_ten_seconds_ask() -> None:
    stage = FakeStage([KeyPressed("*"), KeyPressed("#"), KeyHeld("*"), KeyHeld("#"), 11.0])
    assert held_long(stage, lambda: KEYS)
    assert 10 <= stage.clock <= 10.2


@pytest.mark.parametrize("left", ["*", "#", ""])
def test_a_key_that_is_let_go_is_no_reset(left: str) -> None:
    stage = FakeStage([20.0])
    assert not held_long(stage, lambda: KEYS if stage.clock < 9.5 else frozenset(left))
    assert stage.clock < 10


def test_the_question_says_what_is_lost() -> None:
    stage = FakeStage([KeyPressed("5")])
    assert confirmed(stage)
    assert "12 words" in stage.said[0]
    assert "money" in stage.said[0]


@pytest.mark.parametrize("key", "012346789*#")
def test_any_other_key_keeps_everything(key: str, layout: Layout) -> None:
    assert not ask_for_reset(FakeStage([OffHook(), KeyHeld("5"), KeyPressed(key), KeyPressed("5")]), layout)
    assert not (layout.requests / "reset").exists()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("said", [reset.KEEP_HOLDING, reset.WARNING, reset.ERASING])
def test_no_word_is_cut_off_in_any_language(said: str, language: str) -> None:
    words = translation(language)
    lines = page(words, reset.TITLE, (text(said),)).lines
    assert " ".join(line.text for line in lines[1:]) == words(said)
    assert len(lines) - 1 <= 5


def test_silence_keeps_everything(layout: Layout) -> None:
    assert not ask_for_reset(FakeStage([70.0]), layout)
    assert not layout.requests.exists()


def test_whoever_is_told_to_stop_erases_nothing(layout: Layout) -> None:
    with pytest.raises(Ended):
        ask_for_reset(FakeStage([]), layout)
    assert not layout.requests.exists()


def test_yes_asks_root_and_says_what_comes(layout: Layout) -> None:
    stage = FakeStage([KeyPressed("5")])
    assert ask_for_reset(stage, layout)
    assert (layout.requests / "reset").exists()
    assert "starts again" in stage.said[-1]


def filled(layout: Layout) -> Layout:
    (layout.state / "recordings").mkdir()
    for name in ("account.key", "phone.sqlite", "kallphone.toml", "recordings/1.wav"):
        (layout.state / name).write_bytes(b"secret")
    (layout.system / "wpa_supplicant.conf").write_text("psk=secret")
    for folder in ("ssh", "update"):
        (layout.system / folder).mkdir()
        (layout.system / folder / "file").write_text("kept or not")
    ask_root(layout, "reset")
    return layout


def test_root_leaves_nothing_of_the_owner_but_keeps_old_systems_out(layout: Layout) -> None:
    erase(filled(layout))
    assert list(layout.state.iterdir()) == []
    assert layout.state.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in layout.data.iterdir()) == ["phone", "system"]
    assert [path.name for path in layout.system.iterdir()] == ["update"]
    assert not (layout.requests / "reset").exists()


def test_a_power_cut_leaves_all_or_nothing_of_the_phone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(Exception):
        pass

    class Disk:
        """Counts what changes it; the power goes before the `last`th change."""

        def __init__(self, last: int) -> None:
            self.left = last

        def before(self, change: Callable[..., object]) -> Callable[..., object]:
            def changed(*given: object, **options: object) -> object:
                self.left -= 1
                if self.left < 0:
                    raise Cut
                return change(*given, **options)

            return changed

    changes = [(Path, "rename"), (Path, "unlink"), (Path, "mkdir"), (shutil, "rmtree"), (reset, "_sync")]
    filled(layout)
    cuts = 0
    while True:
        with monkeypatch.context() as patch:
            disk = Disk(cuts)
            for place, name in changes:
                patch.setattr(place, name, disk.before(getattr(place, name)))
            try:
                erase(layout)
            except Cut:
                cuts += 1
            else:
                break
        if not layout.state.exists() or not list(layout.state.iterdir()):
            assert [path.name for path in layout.system.iterdir()] == ["update"], f"after {cuts} changes"
        shutil.rmtree(layout.data)
        layout.state.mkdir(parents=True)
        layout.system.mkdir()
        filled(layout)
    assert cuts > 7
    assert list(layout.state.iterdir()) == []


def test_the_command_wants_to_be_asked(
    layout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (layout.state / "account.key").write_bytes(b"key")
    assert main(["factory-reset", "--root", str(tmp_path)]) == 1
    assert "did not ask" in capsys.readouterr().err
    assert (layout.state / "account.key").exists()
    ask_root(layout, "reset")
    assert main(["factory-reset", "--root", str(tmp_path)]) == 0
    assert not (layout.state / "account.key").exists()


def test_root_is_asked_for_nothing_else(layout: Layout) -> None:
    with pytest.raises(ValueError, match="shell"):
        ask_root(layout, "shell")


def test_erasing_needs_none_of_the_phones_heavy_parts() -> None:
    heavy = ("pjsua2", "gpiozero", "luma")
    code = f"import sys, kallphone.device.reset; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
