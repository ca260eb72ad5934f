from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from kallphone.device.sticks import DISK_ID
from kallphone.update.disk import Disk
from kallphone.update.errors import CardTrouble
from kallphone.update.slots import (
    CONFIG_FILE,
    TRIAL_FILE,
    Slot,
    Trial,
    chosen_slot,
    config_sector,
    parse_trial,
    trial_sector,
)

_PARTITIONS = {"a": 2, "b": 3}


class Mounts(Protocol):
    """What only root may do. All raise CardTrouble."""

    def writable(self, folder: Path) -> None: ...

    def read_only(self, folder: Path) -> None: ...

    def mount(self, device: Path, folder: Path, kind: str | None) -> None:
        """Read-only; `kind` None lets the kernel find out."""

    def unmount(self, folder: Path) -> None: ...


class SystemMounts:
    def writable(self, folder: Path) -> None:
        _run("mount", "-o", "remount,rw", str(folder))

    def read_only(self, folder: Path) -> None:
        _run("mount", "-o", "remount,ro", str(folder))

    def mount(self, device: Path, folder: Path, kind: str | None) -> None:
        kinds = ["-t", kind] if kind else []
        _run("mount", *kinds, "-o", "ro,nosuid,nodev,noexec", str(device), str(folder))

    def unmount(self, folder: Path) -> None:
        _run("umount", str(folder))


class Card:
    """The FAT with config.txt, and the partitions of the two systems."""

    def __init__(self, boot: Path, disk: Disk, mounts: Mounts, devices: Path = Path("/dev")) -> None:
        self.boot = boot
        self._disk = disk
        self._mounts = mounts
        self._devices = devices

    def partition(self, slot: Slot) -> Path:
        return self._devices / f"disk/by-partuuid/{DISK_ID}-0{_PARTITIONS[slot]}"

    def chosen(self) -> Slot:
        return chosen_slot(self._sector(CONFIG_FILE))

    def choose(self, slot: Slot) -> None:
        """The switch. The FAT has to be writable for this and the next."""
        self._disk.overwrite(self.boot / CONFIG_FILE, config_sector(slot))

    def trial(self) -> Trial | None:
        return parse_trial(self._sector(TRIAL_FILE))

    def set_trial(self, trial: Trial | None) -> None:
        self._disk.overwrite(self.boot / TRIAL_FILE, trial_sector(trial))

    @contextmanager
    def writable(self) -> Iterator[None]:
        self._mounts.writable(self.boot)
        try:
            yield
        finally:
            self._mounts.read_only(self.boot)

    @contextmanager
    def mounted(self, device: Path, kind: str | None) -> Iterator[Path]:
        """A folder that shows what is on a device, read-only."""
        with tempfile.TemporaryDirectory(prefix="kallphone-") as folder:
            self._mounts.mount(device, Path(folder), kind)
            try:
                yield Path(folder)
            finally:
                self._mounts.unmount(Path(folder))

    def _sector(self, name: str) -> bytes:
        try:
            return (self.boot / name).read_bytes()
        except OSError as error:
            raise CardTrouble(f"{name} can't be read: {error.strerror}. Flash the card anew") from None


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode:
        words = done.stderr.strip() or f"ended with {done.returncode}"
        raise CardTrouble(f"{' '.join(command)}: {words}")
