"""The card: four partitions at fixed places, put together from files without loop devices or mounts."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .stages import BuildError, output_of

MIB = 1 << 20
DISK_ID = "4b414c4c"
SECTOR = 512


@dataclass(frozen=True)
class Partition:
    number: int
    start: int   # bytes from the card's beginning
    size: int    # bytes
    kind: str    # of the MBR, hexadecimal


FIRMWARE = Partition(1, 4 * MIB, 256 * MIB, "c")
SLOT_A = Partition(2, 260 * MIB, 448 * MIB, "83")
SLOT_B = Partition(3, 708 * MIB, 448 * MIB, "83")
DATA = Partition(4, 1156 * MIB, 256 * MIB, "83")
PARTITIONS = (FIRMWARE, SLOT_A, SLOT_B, DATA)
CARD_SIZE = DATA.start + DATA.size


def partition_table() -> str:
    """sfdisk's script. The label's id makes the PARTUUIDs 4b414c4c-01 to -04 on every card."""
    lines = ["label: dos", f"label-id: 0x{DISK_ID}", "unit: sectors"]
    lines += [f"start={part.start // SECTOR}, size={part.size // SECTOR}, type={part.kind}"
              for part in PARTITIONS]
    return "\n".join(lines) + "\n"


def write_card(image: Path, fat: Path, system: Path, epoch: int) -> None:
    """Write the sparse file `image`: `fat` as the first partition's content, `system` in slot a, no data.

    `epoch`: Unix time of all that would else carry the time of building.
    """
    if system.stat().st_size > SLOT_A.size:
        raise BuildError(f"the system has {system.stat().st_size // MIB} MiB, its slot {SLOT_A.size // MIB}")
    with image.open("wb") as card:
        card.truncate(CARD_SIZE)
    script = image.with_suffix(".sfdisk")
    script.write_text(partition_table())
    output_of(["sh", "-c", f"sfdisk --quiet --no-reread --no-tell-kernel '{image}' <'{script}'"])
    script.unlink()
    _place(image, make_fat(image.with_suffix(".fat"), fat, epoch), FIRMWARE)
    _place(image, make_data(image.with_suffix(".ext4"), epoch), DATA)
    _place(image, system, SLOT_A)
    for part in (image.with_suffix(".fat"), image.with_suffix(".ext4")):
        part.unlink()


def make_fat(place: Path, tree: Path, epoch: int) -> Path:
    """A FAT32 file system with the content of `tree`."""
    _blank(place, FIRMWARE.size)
    output_of(["mkfs.vfat", "-F", "32", "-S", str(SECTOR), "-n", "KALLBOOT", "-i", DISK_ID, "--invariant",
               place])
    for path in sorted(tree.rglob("*")):
        os.utime(path, (epoch, epoch))
    env = {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "MTOOLS_SKIP_CHECK": "1"}
    output_of(["mcopy", "-s", "-p", "-m", "-Q", "-i", place, *sorted(tree.iterdir()), "::"], env)
    return place


def make_data(place: Path, epoch: int) -> Path:
    """An empty ext4. Fixed ids are enough: no machine ever has two of these cards in it to boot from."""
    _blank(place, DATA.size)
    env = {"SOURCE_DATE_EPOCH": str(epoch), "E2FSPROGS_FAKE_TIME": str(epoch)}
    uuid = "4b414c4c-6461-7461-8000-000000000004"
    extended = f"hash_seed={uuid},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0,nodiscard"
    output_of(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "KALLDATA", "-m", "0", "-U", uuid,
               "-O", "metadata_csum,64bit", "-E", extended, place], env)
    return place


def _blank(place: Path, size: int) -> None:
    with place.open("wb") as file:
        file.truncate(size)


def _place(image: Path, content: Path, part: Partition) -> None:
    with content.open("rb") as source, image.open("r+b") as card:
        card.seek(part.start)
        while chunk := source.read(MIB):
            if chunk.count(0) == len(chunk):
                card.seek(len(chunk), os.SEEK_CUR)
            else:
                card.write(chunk)


def make_squashfs(place: Path, root: Path, epoch: int) -> None:
    """Pack `root` as a slot's file system, the same bytes for the same files."""
    place.unlink(missing_ok=True)
    output_of(["mksquashfs", root, place, "-comp", "zstd", "-Xcompression-level", "15", "-b", "256K",
               "-no-xattrs", "-noappend", "-no-progress", "-quiet", "-no-exports", "-no-hardlinks",
               "-all-time", str(epoch), "-mkfs-time", str(epoch)])


def lay_fat(tree: Path, board: Path, boot: Path, configs: dict[str, bytes], answers: Path) -> None:
    """What the first partition holds: the board's starters, a system's folder, config.txt, no trial, and
    `answers` for the installer to fill in.
    """
    shutil.copytree(board, tree, dirs_exist_ok=True)
    slot = tree / "slots/a"
    shutil.copytree(boot, slot, ignore=shutil.ignore_patterns("kall.txt", "cmdline.txt.in"))
    (slot / "cmdline.txt").write_text((boot / "cmdline.txt.in").read_text().replace("@SLOT@", "a"))
    (tree / "slots/b").mkdir(parents=True)
    shutil.copy2(boot / "kall.txt", tree / "kall.txt")
    shutil.copyfile(answers, tree / "kallphone.toml")
    (tree / "config.txt").write_bytes(configs["a"])
    (tree / "trial.txt").write_bytes(f"{'none':<511}\n".encode())
