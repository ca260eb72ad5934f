"""The question before provisioning, asked of sh as the unit asks it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from kallphone.provision.provisioning import FETCHED, FROM_STICK
from tests.device.usb import plug

ASKED = str(resources.files("kallphone.provision") / "unchanged.sh")


class Root:
    def __init__(self, root: Path) -> None:
        self.root = root
        for name, content in (
            ("boot/firmware/kallphone.toml", "# nothing\n"),
            ("boot/firmware/start4.elf", "starter"),
            ("boot/firmware/slots/a/vmlinuz", "kernel"),
            ("boot/firmware/config.txt", "os_prefix=slots/a/"),
            ("data/system/provision.json", "{}"),
            ("data/phone/kallphone.toml", ""),
            ("proc/device-tree/serial-number", "10000000abcd\0"),
            ("usr/share/kallphone/release.json", '{"build": 1}'),
        ):
            self.write(name, content)

    def write(self, name: str, content: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(content)

    def note(self) -> None:
        subprocess.run(["sh", ASKED, str(self.root), "note"], check=True)

    @property
    def is_unchanged(self) -> bool:
        done = subprocess.run(["sh", ASKED, str(self.root)], capture_output=True, check=False)
        assert not done.stderr
        return done.returncode == 0


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_a_first_start_is_provisioned(root: Root):
    assert not root.is_unchanged


def test_a_start_without_news_is_not(root: Root):
    root.note()
    assert root.is_unchanged
    assert root.is_unchanged, "asking changes nothing"


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root.write("boot/firmware/kallphone.toml", "# something\n"),
        lambda root: root.write("boot/firmware/ca.pem", "a certificate"),
        lambda root: root.write("boot/firmware/phones.kall", "a plan"),
        lambda root: root.write("boot/firmware/kallphone.toml.txt", "misnamed"),
        lambda root: (root.root / "boot/firmware/kallphone.toml").unlink(),
        lambda root: root.write(f"data/system/{FETCHED}", "a plan that was fetched"),
        lambda root: root.write(f"data/system/{FROM_STICK}", "a plan that a stick brought"),
        lambda root: (root.root / "data/system/provision.json").unlink(),
        lambda root: (root.root / "data/phone/kallphone.toml").unlink(),
        lambda root: root.write("proc/device-tree/serial-number", "10000000abce\0"),
        lambda root: root.write("usr/share/kallphone/release.json", '{"build": 2}'),
        lambda root: root.write("data/system/provision.seen", ""),
        lambda root: plug(root.root, "sda", "sda1"),
    ],
    ids=[
        "edited", "added", "plan", "misnamed", "taken-away", "fetched", "from-a-stick", "erased",
        "not-set-up", "another-board", "another-release", "cut-while-noted", "stick",
    ],
)  # fmt: skip
def test_whatever_provisioning_reads_counts(root: Root, change: Callable[[Root], None]):
    root.note()
    change(root)
    assert not root.is_unchanged


def test_what_updates_write_does_not(root: Root):
    root.note()
    root.write("boot/firmware/config.txt", "os_prefix=slots/b/")
    root.write("boot/firmware/trial.txt", "none")
    root.write("boot/firmware/slots/b/vmlinuz", "kernel")
    plug(root.root, "sdb", "sdb1", bus="pci0/ata1")
    assert root.is_unchanged
