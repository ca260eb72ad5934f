"""The same card in an emulated Raspberry Pi 3: its own controllers, device tree and SD card."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.card import Card
from tests.image.pi_firmware import Board, load

pytestmark = [pytest.mark.image, pytest.mark.image_full]

TREE = "bcm2837-rpi-3-b.dtb"
BOOT_S = 600.0
_END = "-- told --"
_UNIT = f"""\
[Unit]
DefaultDependencies=no
After=local-fs.target data.mount sysinit.target
[Service]
Type=oneshot
StandardOutput=file:/dev/ttyS1
ExecStart=/bin/sh -c 'cat /proc/device-tree/model; echo; hostname; findmnt -no SOURCE /data; \
systemctl show -P ActiveState data.mount boot-firmware.mount; ls /dev/gpiochip0; echo "{_END}"'
"""


@pytest.fixture
def console(image: Path, tmp_path: Path) -> Iterator[str]:
    """What the board told of itself on its serial port."""
    card = Card.flashed(image, tmp_path / "card.img")
    found = load(card.read, Board(filters=frozenset({"all", "pi3"})))
    tree = card.read(found.prefix + TREE)
    assert tree is not None, f"no {TREE} on the card"
    assert found.initrd is not None
    for name, content in (("kernel", found.kernel), ("initrd", found.initrd), ("tree", tree)):
        (tmp_path / name).write_bytes(content)
    unit = base64.b64encode(_UNIT.encode()).decode()
    words = f"{found.cmdline} console=ttyS1 systemd.wants=t.service "
    words += f"systemd.set_credential_binary=systemd.extra-unit.t.service:{unit}"
    # QEMU takes a watchdog that is armed for one that fires.
    words += " module_blacklist=bcm2835_wdt"
    serial = tmp_path / "serial.log"
    board = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "qemu-system-aarch64", "-M", "raspi3b", "-display", "none",
         "-monitor", "none", "-serial", "null", "-serial", f"file:{serial}", "-no-reboot",
         "-kernel", str(tmp_path / "kernel"), "-initrd", str(tmp_path / "initrd"),
         "-dtb", str(tmp_path / "tree"), "-append", words,
         "-drive", f"if=sd,format=raw,file={card.path}"],
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield _told(serial, board)
    finally:
        board.kill()
        board.wait()


def _told(serial: Path, board: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + BOOT_S
    while True:
        told = serial.read_text(errors="replace") if serial.exists() else ""
        if _END in told:
            return told
        if board.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the board did not tell of itself:\n{told[-3000:]}")
        time.sleep(1.0)


def test_a_raspberry_pi_3_starts_it(console: str):
    assert "Raspberry Pi 3 Model B" in console
    assert "kallphone-" in console
    assert "mmcblk" in console
    assert console.count("\nactive") == 2, console
    assert "/dev/gpiochip0" in console
