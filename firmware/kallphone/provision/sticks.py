"""Plans on USB sticks, which are mounted read-only for the moment of reading."""

from __future__ import annotations

import logging
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

LARGEST = 64 * 1024 * 1024
"""Of a plan, in bytes."""

_MOUNT = ("mount", "-o", "ro,nosuid,nodev,noexec")


def plans_on_sticks(name: str, root: Path = Path("/")) -> Iterator[tuple[str, bytes]]:
    """What to call each, and its content."""
    for partition in partitions(root):
        with tempfile.TemporaryDirectory(prefix="kallphone-stick-") as folder:
            if not _ran(*_MOUNT, f"/dev/{partition}", folder):
                continue
            try:
                file = Path(folder) / name
                if file.is_file() and file.stat().st_size <= LARGEST:
                    yield f"{name} on the USB stick", file.read_bytes()
            except OSError as fault:
                log.warning("the USB stick can't be read: %s", fault)
            finally:
                _ran("umount", folder)


def partitions(root: Path) -> list[str]:
    """Names of partitions, or of whole disks without any, that hang on USB."""
    found: list[str] = []
    for disk in sorted((root / "sys/block").glob("sd*")):
        if "/usb" in str(disk.resolve()):
            found += sorted(part.name for part in disk.glob(f"{disk.name}*")) or [disk.name]
    return found


def _ran(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
