from __future__ import annotations

import errno
import tempfile
from pathlib import Path

import pytest

from kallphone.device.layout import Layout
from kallphone.device.modes import Choice, Damage, Mode, choose, damage_of, wish_for


def here(_: Path) -> bool:
    return True


def configured(layout: Layout) -> Layout:
    layout.config.write_text("[phone]\n")
    return layout


def test_a_phone_without_a_configuration_is_set_up(layout: Layout) -> None:
    assert choose(layout, here) == Choice(Mode.SETUP)


def test_a_phone_with_one_is_a_phone(layout: Layout) -> None:
    assert choose(configured(layout), here) == Choice(Mode.PHONE)


@pytest.mark.parametrize("mode", [Mode.SETUP, Mode.DOCTOR, Mode.RESET])
def test_a_wish_holds_for_one_start(layout: Layout, mode: Mode) -> None:
    wish_for(configured(layout), mode.value)
    assert choose(layout, here) == Choice(mode)
    assert choose(layout, here) == Choice(Mode.PHONE)


def test_nonsense_for_a_wish_is_a_phone_and_taken_away(layout: Layout) -> None:
    configured(layout).next_mode.write_text("piano")
    assert choose(layout, here) == Choice(Mode.PHONE)
    assert not layout.next_mode.exists()


def test_nobody_can_wish_for_what_there_is_not(layout: Layout) -> None:
    with pytest.raises(ValueError, match="piano"):
        wish_for(layout, "piano")
    assert not layout.next_mode.exists()


def test_without_its_partition_nothing_is_made_in_ram(layout: Layout) -> None:
    assert choose(configured(layout), lambda _: False) == Choice(Mode.DAMAGE, Damage.MISSING)
    assert list(layout.state.iterdir()) == [layout.config]


def test_damage_is_looked_at_by_the_doctor_and_can_be_erased(layout: Layout) -> None:
    for mode in (Mode.DOCTOR, Mode.RESET):
        wish_for(layout, mode.value)
        assert choose(layout, lambda _: False) == Choice(mode)
    wish_for(layout, "setup")
    assert choose(layout, lambda _: False) == Choice(Mode.DAMAGE, Damage.MISSING)


def failing(number: int) -> object:
    def fail(**_: object) -> object:
        raise OSError(number, "no")

    return fail


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EIO])
def test_a_partition_that_takes_nothing_is_damage(
    layout: Layout, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", failing(number))
    assert damage_of(layout, here) is Damage.UNWRITABLE


def test_a_full_partition_is_a_phone_all_the_same(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", failing(errno.ENOSPC))
    assert damage_of(layout, here) is None


def test_the_phones_own_folder_is_made_where_it_was_erased(layout: Layout) -> None:
    layout.state.rmdir()
    assert damage_of(layout, here) is None
    assert layout.state.stat().st_mode & 0o777 == 0o700


def test_a_folder_stands_for_the_whole_machine(tmp_path: Path) -> None:
    assert Layout.below(None) == Layout()
    assert Layout.below(tmp_path).config == tmp_path / "data/phone/kallphone.toml"
    assert Layout.below(tmp_path).preset == tmp_path / "usr/share/kallphone/preset.toml"
