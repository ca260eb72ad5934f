from pathlib import Path

import pytest
from kallimage.card import (
    CARD_SIZE,
    DATA,
    FIRMWARE,
    MIB,
    PARTITIONS,
    SLOT_A,
    SLOT_B,
    lay_fat,
    partition_table,
)
from kallimage.initrd import cpio

from kallphone.update.slots import Trial, chosen_slot, config_sector, parse_trial, trial_sector

CONFIGS = {"a": config_sector("a"), "b": config_sector("b")}


def test_partitions_lie_on_whole_blocks_one_after_the_other():
    ends = [4 * MIB]
    for part in PARTITIONS:
        # Cards erase in blocks of up to 4 MiB: no two partitions share one.
        assert part.start % (4 * MIB) == 0
        assert part.start == ends[-1]
        ends.append(part.start + part.size)
    assert ends[-1] == CARD_SIZE
    assert [part.number for part in PARTITIONS] == [1, 2, 3, 4]


def test_both_slots_are_of_one_size_and_the_card_fits_the_smallest_on_sale():
    assert SLOT_A.size == SLOT_B.size == 448 * MIB
    assert FIRMWARE.size == DATA.size == 256 * MIB
    assert CARD_SIZE < 2_000_000_000


def test_the_table_gives_the_partitions_their_lasting_names():
    lines = partition_table().splitlines()
    assert lines[:3] == ["label: dos", "label-id: 0x4b414c4c", "unit: sectors"]
    assert lines[3] == "start=8192, size=524288, type=c"
    assert lines[6] == "start=2367488, size=524288, type=83"


@pytest.fixture
def fat(tmp_path: Path) -> Path:
    board, boot, tree = tmp_path / "board", tmp_path / "boot", tmp_path / "fat"
    (boot / "overlays").mkdir(parents=True)
    board.mkdir()
    (board / "start4.elf").write_text("starter")
    for name in ("vmlinuz", "initrd.img", "bcm2711-rpi-4-b.dtb", "overlays/README"):
        (boot / name).write_text(name)
    (boot / "kall.txt").write_text("kernel=vmlinuz\n")
    (boot / "cmdline.txt.in").write_text("boot=kall kall.slot=@SLOT@ quiet\n")
    answers = tmp_path / "card.toml"
    answers.write_text("# [phone]\n")
    lay_fat(tree, board, boot, CONFIGS, answers)
    return tree


def test_the_first_partition_holds_one_system_and_a_place_for_the_other(fat: Path):
    assert (fat / "slots/a/cmdline.txt").read_text() == "boot=kall kall.slot=a quiet\n"
    assert {path.name for path in (fat / "slots/a").iterdir()} == {
        "vmlinuz", "initrd.img", "bcm2711-rpi-4-b.dtb", "overlays", "cmdline.txt"}
    assert list((fat / "slots/b").iterdir()) == []
    assert (fat / "start4.elf").is_file()
    assert (fat / "kall.txt").is_file()
    assert (fat / "kallphone.toml").read_text() == "# [phone]\n"


def test_a_new_card_starts_system_a_with_nothing_on_trial(fat: Path):
    assert chosen_slot((fat / "config.txt").read_bytes()) == "a"
    trial = (fat / "trial.txt").read_bytes()
    assert len(trial) == 512
    assert parse_trial(trial) is None
    assert parse_trial(trial_sector(Trial("b", 1, "a"))) is not None


def test_the_initramfs_is_packed_the_same_each_time(tmp_path: Path):
    trees = []
    for name, order in (("one", ("b", "a")), ("two", ("a", "b"))):
        tree = tmp_path / name
        (tree / "bin").mkdir(parents=True)
        for file in order:
            (tree / "bin" / file).write_text(file)
            (tree / "bin" / file).chmod(0o755)
        (tree / "init").symlink_to("bin/a")
        trees.append(cpio(tree))
    assert trees[0] == trees[1]
    assert trees[0].startswith(b"070701")
    assert trees[0].count(b"TRAILER!!!") == 1
    assert len(trees[0]) % 4 == 0
