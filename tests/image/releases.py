"""Newer, older, broken and tampered systems, made of the image's own update and signed as its maker signs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallphone.update.signing import read_key, sign_release
from tests.image.desk import Desk

Change = Callable[[Path], None]
"""Of a system's files, unpacked in a folder."""

RELEASE = "usr/share/kallphone/release.json"
PROGRAM = "opt/kallphone/site/kallphone/app.py"
SYSTEM = "system.squashfs"
STAGED_S = 400.0
"""Patience: for 90 MB onto an emulated card."""


@dataclass(frozen=True)
class Maker:
    """Of the image at `image`: its own system lies in `update` beside it, its key in the checkout's build."""

    image: Path
    key: Path
    work: Path

    @property
    def system(self) -> Path:
        return self.image.parent / "update" / SYSTEM

    def build(self) -> int:
        told: dict[str, Any] = json.loads((self.image.parent / "update" / "manifest.json").read_text())
        return int(told["build"])

    def release(self, name: str, build: int, change: Change | None = None) -> Path:
        """A signed update's folder. Its system says of itself that it is of that build."""
        folder, files = self.work / name, self.work / f"{name}.files"
        folder.mkdir(parents=True)
        run("unsquashfs", "-quiet", "-no-progress", "-dest", str(files), str(self.system))
        (files / RELEASE).write_text(json.dumps({"version": name, "build": build}))
        if change is not None:
            change(files)
        packed = str(folder / SYSTEM)
        # Fast rather than small: it must only fit its partition.
        run(
            "mksquashfs", str(files), packed,
            "-quiet", "-no-progress", "-noappend", "-comp", "zstd", "-Xcompression-level", "1",
        )  # fmt: skip
        shutil.rmtree(files)
        self.sign(folder, name, build)
        return folder

    def sign(self, folder: Path, version: str, build: int) -> None:
        sign_release(folder, version, build, read_key(self.key))


def breaks_its_phone(files: Path) -> None:
    (files / PROGRAM).write_text('raise SystemExit("this release is broken")\n')
    for compiled in (files / PROGRAM).parent.glob("__pycache__/app.*"):
        compiled.unlink()


def flip_a_byte(file: Path) -> None:
    with file.open("r+b") as open_file:
        open_file.seek(file.stat().st_size // 2)
        byte = open_file.read(1)
        open_file.seek(-1, os.SEEK_CUR)
        open_file.write(bytes([byte[0] ^ 0xFF]))


def wait_for_writing(phone: Desk, folder: str) -> None:
    """Until the update that lies in `folder` of the guest's share is on its way into the other slot, b."""
    written = "awk '$3 == \"vda3\" {print $10}' /proc/diskstats"
    before = int(phone.guest.says(written))
    phone.guest.says(f"systemd-run --quiet --unit=taking kallphone update run --from /run/tests/{folder}")
    phone.guest.wait_for(lambda: int(phone.guest.says(written)) > before + 20_000, STAGED_S, "writing")


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
