"""Where diagnostics go so that a person can carry them away: a USB stick, else the card's FAT partition."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kallphone.device.layout import Layout
from kallphone.doctor.diagnostics import write_whole
from kallphone.doctor.machine import Machine
from kallphone.phone.words import N_

NAME = "kallphone-diagnostics.zip"

_MOUNT = ["mount", "-o", "nosuid,nodev,noexec"]


class NothingToWriteOn(Exception):
    """Words for the person: no stick, no room."""


def save(machine: Machine, layout: Layout, content: bytes) -> str:
    """Writes them, and says in words of the phone where they are. Needs root. Raises NothingToWriteOn."""
    for partition in sticks(machine):
        with _mounted(machine, partition) as folder:
            if folder is not None and _written(folder, content):
                return N_("Saved on the USB stick. It can be pulled out.")
    if _written_to_card(machine, layout, content):
        return N_("Saved on the card's first part, which any PC reads.")
    raise NothingToWriteOn(
        N_("Nothing could be written on. Plug in a USB stick with free space, then try again.")
    )


def sticks(machine: Machine) -> list[Path]:
    """Devices of partitions, or of whole disks without any, that hang on USB."""
    found: list[Path] = []
    for disk in machine.find("sys/block/sd*"):
        if "/usb" not in str(machine.path(disk).resolve()):
            continue
        parts = [path.name for path in machine.find(f"{disk}/{disk.name}*")]
        found += [Path("/dev") / name for name in parts or [disk.name]]
    return found


@contextmanager
def _mounted(machine: Machine, partition: Path) -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory(prefix="kallphone-stick-") as folder:
        if machine.run([*_MOUNT, str(partition), folder]) is None:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            # Returns when all is on the stick, so that it may be pulled out.
            machine.run(["umount", folder])


def _written_to_card(machine: Machine, layout: Layout, content: bytes) -> bool:
    """The boot partition is mounted read-only but for this moment."""
    boot = str(layout.boot)
    if machine.run(["mount", "-o", "remount,rw", boot]) is None:
        return False
    try:
        return _written(machine.path(boot), content)
    finally:
        machine.run(["mount", "-o", "remount,ro", boot])


def _written(folder: Path, content: bytes) -> bool:
    try:
        write_whole(folder / NAME, content)
    except OSError:
        return False
    return True
