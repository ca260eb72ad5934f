from __future__ import annotations

from pathlib import Path


def plug(root: Path, disk: str, *partitions: str, bus: str = "usb1/1-1") -> None:
    """As the kernel shows a disk below /sys."""
    place = root / "sys/devices" / bus / disk
    place.mkdir(parents=True)
    for name in partitions:
        (place / name).mkdir()
    (root / "sys/block").mkdir(parents=True, exist_ok=True)
    (root / "sys/block" / disk).symlink_to(place)
