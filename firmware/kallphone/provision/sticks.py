"""Plans on USB sticks."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from kallphone.device.sticks import mounted, stick_partitions
from kallphone.doctor.machine import Machine

log = logging.getLogger(__name__)

LARGEST = 64 * 1024 * 1024
"""Of a plan, in bytes."""


def plans_on_sticks(name: str, machine: Machine) -> Iterator[tuple[str, bytes]]:
    """What to call each, and its content."""
    for partition in stick_partitions(machine.root):
        with mounted(partition, machine.run) as folder:
            if folder is None:
                continue
            try:
                file = folder / name
                if file.is_file() and file.stat().st_size <= LARGEST:
                    yield f"{name} on the USB stick", file.read_bytes()
            except OSError as fault:
                log.warning("the USB stick can't be read: %s", fault)
