from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kallphone.device.sticks import mounted, stick_partitions
from tests.device.usb import plug


def test_disks_on_usb_are_sticks_and_others_are_not(tmp_path: Path) -> None:
    plug(tmp_path, "sda", "sda1", "sda2")
    plug(tmp_path, "sdb")
    plug(tmp_path, "sdc", "sdc1", bus="pci0/ata1")
    assert stick_partitions(tmp_path) == [Path("/dev/sda1"), Path("/dev/sda2"), Path("/dev/sdb")]


def test_a_disk_that_the_phone_started_from_is_no_stick(tmp_path: Path) -> None:
    plug(tmp_path, "sda", "sda1", "sda4")
    plug(tmp_path, "sdb", "sdb1")
    names = tmp_path / "dev/disk/by-partuuid"
    names.mkdir(parents=True)
    for uuid, partition in (("4b414c4c-01", "sda1"), ("4b414c4c-04", "sda4"), ("90210000-01", "sdb1")):
        (names / uuid).symlink_to(f"../../{partition}")
    assert stick_partitions(tmp_path) == [Path("/dev/sdb1")]


class Tools:
    """mount and umount; `mounts` says whether the first succeeds."""

    def __init__(self, *, mounts: bool = True) -> None:
        self._mounts = mounts
        self.ran: list[str] = []

    def __call__(self, command: Sequence[str]) -> str | None:
        self.ran.append(" ".join(command[:-1]))
        return "" if self._mounts else None


def test_a_stick_is_read_unless_it_has_to_be_written() -> None:
    tools = Tools()
    with mounted(Path("/dev/sda1"), tools) as folder:
        assert folder is not None
    with mounted(Path("/dev/sda1"), tools, writable=True):
        pass
    assert tools.ran == [
        "mount -o ro,nosuid,nodev,noexec /dev/sda1",
        "umount",
        "mount -o nosuid,nodev,noexec /dev/sda1",
        "umount",
    ]


def test_what_goes_wrong_while_it_is_read_leaves_no_mount() -> None:
    tools = Tools()
    with pytest.raises(OSError, match="pulled out"), mounted(Path("/dev/sda1"), tools):
        raise OSError("pulled out")
    assert tools.ran[-1] == "umount"


def test_one_that_this_kernel_can_not_read_is_none() -> None:
    tools = Tools(mounts=False)
    with mounted(Path("/dev/sda1"), tools) as folder:
        assert folder is None
    assert len(tools.ran) == 1
