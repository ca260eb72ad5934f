"""Where diagnostics go so that a person can carry them away: a USB stick, else the card's FAT partition."""

from __future__ import annotations

from pathlib import Path

from kallphone.device.layout import Layout
from kallphone.device.sticks import mounted, stick_partitions
from kallphone.doctor.diagnostics import write_whole
from kallphone.doctor.machine import Machine
from kallphone.phone.words import N_

NAME = "kallphone-diagnostics.zip"


class NothingToWriteOn(Exception):
    """Words for the person: no stick, no room."""


def save(machine: Machine, layout: Layout, content: bytes) -> str:
    """Writes them, and says in words of the phone where they are. Needs root. Raises NothingToWriteOn."""
    for partition in stick_partitions(machine.root):
        with mounted(partition, machine.run, writable=True) as folder:
            if folder is not None and _written(folder, content):
                return N_("Saved on the USB stick. It can be pulled out.")
    if _written_to_card(machine, layout, content):
        return N_("Saved on the card's first part, which any PC reads.")
    raise NothingToWriteOn(
        N_("Nothing could be written on. Plug in a USB stick with free space, then try again.")
    )


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
