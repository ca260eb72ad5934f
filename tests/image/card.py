"""An SD card in a file: a copy of the image, and what is on its FAT partition."""

from __future__ import annotations

import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512

# QEMU's SD controllers want a power of two; the phone leaves what lies behind the last partition alone.
_CARD_BYTES = 1 << 31


class CardBroken(AssertionError):
    pass


@dataclass(frozen=True)
class Partition:
    start: int
    size: int


@dataclass(frozen=True)
class Card:
    """The file is sparse and, where the file system can, shares blocks with the image it was copied from."""

    path: Path

    @classmethod
    def flashed(cls, image: Path, path: Path, size: int = _CARD_BYTES) -> Card:
        """As Imager writes it: the image, and behind it the rest of the card."""
        copy = ["cp", "--sparse=always", "--reflink=auto", str(image), str(path)]
        subprocess.run(copy, check=True)
        os.truncate(path, max(size, image.stat().st_size))
        return cls(path)

    def copy(self, path: Path) -> Card:
        """The card as it is now: after a power cut, what had reached it."""
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(self.path), str(path)], check=True)
        return Card(path)

    def partition(self, number: int) -> Partition:
        """A primary partition of the MBR, in bytes."""
        with self.path.open("rb") as card:
            table = card.read(SECTOR)
        if table[510:] != b"\x55\xaa":
            raise CardBroken(f"{self.path} has no partition table")
        start, sectors = struct.unpack_from("<II", table, 446 + 16 * (number - 1) + 8)
        return Partition(start * SECTOR, sectors * SECTOR)

    def read(self, name: str) -> bytes | None:
        """A file of the FAT partition."""
        done = subprocess.run(["mtype", "-i", self._fat, f"::{name}"], capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def write(self, name: str, content: bytes) -> None:
        """As an installer does on a PC."""
        command = ["mcopy", "-o", "-i", self._fat, "-", f"::{name}"]
        subprocess.run(command, input=content, check=True, capture_output=True)

    def names(self, folder: str = "") -> list[str]:
        done = subprocess.run(["mdir", "-b", "-i", self._fat, f"::{folder}"], capture_output=True, check=True)
        return [line.removeprefix("::/") for line in done.stdout.decode().splitlines()]

    def data(self, path: str) -> bytes | None:
        """A file of the data partition, as it would be found after its journal's replay by a PC.

        Read without replaying, so what only stands in the journal is not seen: ask a running phone for that.
        """
        device = f"{self.path}?offset={self.partition(4).start}"
        done = subprocess.run(["debugfs", "-R", f"cat {path}", device], capture_output=True, check=False)
        return None if b"File not found" in done.stderr else done.stdout

    def damage(self, partition: int, offset: int, content: bytes) -> None:
        with self.path.open("r+b") as card:
            card.seek(self.partition(partition).start + offset)
            card.write(content)

    @property
    def _fat(self) -> str:
        return f"{self.path}@@{self.partition(1).start}"
