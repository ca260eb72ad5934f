"""The kernel, its modules, device trees and firmware: of Debian's packages what the boards need."""

import lzma
import shutil
from collections.abc import Sequence
from pathlib import Path

from .archive import unpack
from .prune import modules_below, read_dependencies
from .stages import BuildError, output_of

_RADIO = ("brcmfmac43430-sdio.*", "brcmfmac43430b0-sdio.*", "brcmfmac43436*-sdio.*", "brcmfmac43455-sdio.*",
          "brcmfmac43456-sdio.*", "cyfmac43430-sdio.*", "cyfmac43455-sdio.*")
_BOARDS = ("bcm2837-rpi-3-a-plus", "bcm2837-rpi-3-b", "bcm2837-rpi-3-b-plus", "bcm2837-rpi-cm3-io3",
           "bcm2837-rpi-zero-2-w", "bcm2711-rpi-4-b", "bcm2711-rpi-400", "bcm2711-rpi-cm4-io",
           "bcm2712-rpi-5-b", "bcm2712-d-rpi-5-b")
# What a Pi before the 5 reads first; the cut-down and debugging variants are for other uses.
_STARTERS = ("bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat", "start_cd.elf",
             "fixup_cd.dat", "start4cd.elf", "fixup4cd.dat")


def build_kernel(out: Path, debs: Sequence[Path], patterns: Sequence[str]) -> None:
    """Fill `out`: modules and firmware as `root`, the rest as `boot` (of a system) and `fat` (a board's)."""
    everything = out / "everything"
    for deb in debs:
        unpack(deb, everything)
    tree = next((everything / "usr/lib/modules").iterdir())
    _modules(tree, out / "root/usr/lib/modules" / tree.name, patterns)
    _firmware(everything / "usr/lib/firmware", out / "root/usr/lib/firmware")
    boot = out / "boot"
    boot.mkdir()
    shutil.copy2(tree / "vmlinuz", boot / "vmlinuz")
    for board in _BOARDS:
        shutil.copy2(tree / "dtb/broadcom" / f"{board}.dtb", boot)
    fat = out / "fat"
    fat.mkdir()
    for name in _STARTERS:
        shutil.copy2(everything / "usr/lib/raspi-firmware" / name, fat)
    shutil.copy2(everything / "usr/bin/busybox", out / "busybox")
    _licences(everything, out / "root")
    shutil.rmtree(everything)


def release_of(kernel: Path) -> str:
    """The kernel's own version, as `uname -r` says it."""
    return next((kernel / "root/usr/lib/modules").iterdir()).name


def _modules(tree: Path, to: Path, patterns: Sequence[str]) -> None:
    root = tree.parents[3]
    _depmod(root, tree.name)
    dependencies = read_dependencies((tree / "modules.dep").read_text())
    for file in sorted(modules_below(dependencies, patterns)):
        # Loading is faster than from .xz, and the file system compresses.
        place = to / file.removesuffix(".xz")
        place.parent.mkdir(parents=True, exist_ok=True)
        content = (tree / file).read_bytes()
        place.write_bytes(lzma.decompress(content) if file.endswith(".xz") else content)
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy2(tree / name, to / name)
    _depmod(to.parents[3], to.name)


def _depmod(root: Path, release: str) -> None:
    """Write modules.dep and its like; depmod looks below lib/modules."""
    link = root / "lib"
    if not link.exists():
        link.symlink_to("usr/lib")
    output_of(["depmod", "-b", root, release])
    link.unlink()


def _firmware(source: Path, to: Path) -> None:
    found = {path for pattern in _RADIO for path in source.glob(f"*/{pattern}")
             if path.suffix != ".txt" or "raspberrypi" in path.name}
    if not found:
        raise BuildError("the radio's firmware is not where it was in Debian's package")
    for path in sorted(found):
        place = to / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place, follow_symlinks=False)
    for link in sorted(path for path in to.rglob("*") if path.is_symlink()):
        if not link.exists():
            target = (source / link.relative_to(to)).resolve()
            place = to / target.relative_to(source.resolve())
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(target, place)


def _licences(everything: Path, root: Path) -> None:
    for file in sorted((everything / "usr/share/doc").glob("*/copyright")):
        if file.is_file():
            place = root / "usr/share/doc" / file.parent.name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)
