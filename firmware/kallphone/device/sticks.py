"""USB sticks: which there are, and one that is mounted for a moment."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

DISK_ID = "4b414c4c"
"""Of the phone's own card: its partitions are known as 4b414c4c-01 to 4b414c4c-04."""

Run = Callable[[Sequence[str]], object | None]
"""Runs a command; None where it fails."""


def stick_partitions(root: Path = Path("/")) -> list[Path]:
    """Devices of partitions, or of whole disks without any, that hang on USB.

    A phone may itself start from a disk on USB: what it is made of is no stick.
    """
    own = {link.resolve().name for link in (root / "dev/disk/by-partuuid").glob(f"{DISK_ID}-*")}
    found: list[Path] = []
    for disk in sorted((root / "sys/block").glob("sd*")):
        if "/usb" in str(disk.resolve()):
            names = sorted(part.name for part in disk.glob(f"{disk.name}*")) or [disk.name]
            found += [Path("/dev") / name for name in names if name not in own]
    return found


@contextmanager
def mounted(partition: Path, run: Run, *, writable: bool = False) -> Iterator[Path | None]:
    """A folder that shows what is on it; None where this kernel can't read it. Needs root.

    When it is over all is on the stick, which may then be pulled out.
    """
    options = ["ro", "nosuid", "nodev", "noexec"]
    with tempfile.TemporaryDirectory(prefix="kallphone-stick-") as folder:
        if run(["mount", "-o", ",".join(options[writable:]), str(partition), folder]) is None:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            run(["umount", folder])
