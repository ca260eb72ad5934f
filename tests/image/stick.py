"""A USB stick that a guest may hold."""

from __future__ import annotations

import subprocess
from pathlib import Path

STICK_BYTES = 256 * 1024 * 1024


class Stick:
    """One FAT file system without partitions, as many sticks are sold."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with file.open("wb") as empty:
            empty.truncate(STICK_BYTES)
        subprocess.run(["mkfs.vfat", str(file)], check=True, capture_output=True)

    @property
    def plugged(self) -> tuple[str, ...]:
        """For QEMU's command line: it is in the phone when that is switched on."""
        drive = f"if=none,id=stick,format=raw,file={self.file}"
        return ("-drive", drive, "-device", "usb-storage,drive=stick")

    def put(self, folder: Path, name: str) -> None:
        command = ["mcopy", "-s", "-i", str(self.file), str(folder), f"::{name}"]
        subprocess.run(command, check=True, capture_output=True)

    def read(self, name: str) -> bytes:
        command = ["mtype", "-i", str(self.file), f"::{name}"]
        return subprocess.run(command, check=True, capture_output=True).stdout
