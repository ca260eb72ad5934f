from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST_COMMAND_S = 20.0


@dataclass(frozen=True)
class Space:
    """Of a file system, in bytes."""

    size: int
    free: int


class Machine:
    """What the kernel and the system's own tools tell, below `root`; None where they tell nothing."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def path(self, path: str | Path) -> Path:
        return self.root / str(path).lstrip("/")

    def read(self, path: str | Path) -> str | None:
        """A file's text without the white space around it."""
        try:
            return self.path(path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def number(self, path: str | Path) -> int | None:
        """Decimal, or hexadecimal as the kernel prints flags."""
        words = self.read(path)
        try:
            return None if words is None else int(words, 16 if words.startswith("0x") else 10)
        except ValueError:
            return None

    def find(self, pattern: str) -> list[Path]:
        """Paths as they are without the root, in order."""
        found = sorted(self.root.glob(pattern.lstrip("/")))
        return [Path("/") / path.relative_to(self.root) for path in found]

    def space(self, path: str | Path) -> Space | None:
        try:
            told = os.statvfs(self.path(path))
        except OSError:
            return None
        return Space(told.f_frsize * told.f_blocks, told.f_frsize * told.f_bavail)

    def run(self, command: Sequence[str]) -> str | None:
        """What a tool printed; None where it is missing, hangs or fails."""
        done = self.attempt(command)
        return done[1] if done is not None and done[0] == 0 else None

    def attempt(self, command: Sequence[str]) -> tuple[int, str] | None:
        """Exit code and what was printed; None where the tool is missing or hangs."""
        try:
            done = subprocess.run(
                list(command),
                capture_output=True,
                timeout=LONGEST_COMMAND_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.returncode, done.stdout.decode(errors="replace")
