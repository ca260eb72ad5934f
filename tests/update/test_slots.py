"""config.txt and trial.txt: what Python writes the initramfs reads, and the other way round."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kallphone.update.errors import CardTrouble
from kallphone.update.slots import (
    Trial,
    chosen_slot,
    config_sector,
    parse_trial,
    running_slot,
    trial_sector,
)
from tests.update.world import SHELLS, TRIAL_SH, World

TRIALS = [Trial("a", 0, "b"), Trial("a", 1, "b"), Trial("b", 0, "a"), Trial("b", 1, "a")]


@pytest.mark.parametrize("trial", [None, *TRIALS])
def test_sectors_have_512_bytes_and_are_read_again(trial: Trial | None) -> None:
    sector = trial_sector(trial)
    assert len(sector) == 512
    assert parse_trial(sector) == trial
    for slot in ("a", "b"):
        assert len(config_sector(slot)) == 512
        assert chosen_slot(config_sector(slot)) == slot
        assert max(map(len, config_sector(slot).splitlines())) < 98


def test_the_chosen_system_comes_first_and_the_jumper_starts_the_other() -> None:
    lines = config_sector("b").decode().splitlines()
    assert lines[:4] == ["os_prefix=slots/b/", "[gpio7=0]", "os_prefix=slots/a/", "[all]"]
    last = lines.index("include kall.txt")
    assert all(line.startswith("#") or not line for line in lines[last + 1 :])


@pytest.mark.parametrize(
    "content", [b"", b"none", b"\0" * 512, b"slot=c tries=1 back=a", b"slot=b tries=2 back=a"]
)
def test_what_is_no_trial_is_none(content: bytes) -> None:
    assert parse_trial(content) is None


def test_a_config_by_another_hand_is_left_alone() -> None:
    with pytest.raises(CardTrouble, match="not as this phone writes it"):
        chosen_slot(b"dtparam=audio=on\n")
    with pytest.raises(CardTrouble, match="not as this phone writes it"):
        chosen_slot(config_sector("a") + b"[pi4]\n")


def test_a_config_by_another_release_is_read() -> None:
    assert chosen_slot(b"os_prefix=slots/b/\ninclude kall.txt\n".ljust(512, b"#")) == "b"


def test_the_kernel_line_says_which_system_runs() -> None:
    assert running_slot("boot=kall kall.slot=b quiet\n") == "b"
    for line in ("quiet", "kall.slot=c", "xkall.slot=a"):
        with pytest.raises(CardTrouble):
            running_slot(line)


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("slot", ["a", "b"])
@pytest.mark.parametrize("trial", [None, *TRIALS])
def test_the_initramfs_goes_on_counts_or_goes_back(
    world: World, trial: Trial | None, slot: str, shell: list[str]
) -> None:
    (world.boot / "trial.txt").write_bytes(trial_sector(trial))
    (world.boot / "config.txt").write_bytes(config_sector("b"))
    world.shell, world.slot = shell, "b" if slot == "b" else "a"
    status = world.judge()
    left, chosen = (world.boot / "trial.txt").read_bytes(), (world.boot / "config.txt").read_bytes()
    if trial is None or trial.slot != slot:
        assert (status, left, chosen) == (0, trial_sector(trial), config_sector("b"))
    elif trial.tries:
        assert (status, left, chosen) == (
            0,
            trial_sector(Trial(trial.slot, 0, trial.back)),
            config_sector("b"),
        )
    else:
        assert (status, left, chosen) == (1, trial_sector(None), config_sector(trial.back))


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("content", [b"", b"\0" * 512, b"slot=b tries=", b"none" + b"\xff" * 508])
def test_the_initramfs_starts_beside_any_rubbish(world: World, content: bytes, shell: list[str]) -> None:
    (world.boot / "trial.txt").write_bytes(content)
    world.shell = shell
    assert world.judge() == 0
    assert (world.boot / "trial.txt").read_bytes() == content
    (world.boot / "trial.txt").unlink()
    assert world.judge() == 0


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_the_rule_is_read_without_a_word(shell: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*shell, "-eu", "-c", f". {TRIAL_SH}"], capture_output=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
