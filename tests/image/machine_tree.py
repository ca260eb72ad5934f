"""The device tree of QEMU's `virt` with the few nodes by which the phone knows a Raspberry Pi."""

from __future__ import annotations

import subprocess
from pathlib import Path

ZERO_2_W = 0x902120
"""The revision code of a Raspberry Pi Zero 2 W."""

SERIAL = "10000000a1b2c3d4"

LINES = 28
_FIRST_BANK = "/gpio-sim/bank0"


def machine_tree(dumped: Path, out: Path, revision: int = ZERO_2_W, serial: str = SERIAL) -> Path:
    """Of a tree that `-machine dumpdtb=` wrote.

    The machine's own GPIO makes way for 28 simulated lines, so that these are gpiochip0 as on a Pi; an I2C
    bus 0 is spoken for, so that the display's adapter becomes bus 1.
    """
    out.write_bytes(dumped.read_bytes())
    for node in ("/gpio-keys", *_found(out, "pl061@")):
        _edit("fdtput", "-r", str(out), node)
    _edit("fdtput", "-p", "-t", "x", str(out), "/system", "linux,revision", f"{revision:x}")
    _edit("fdtput", "-t", "s", str(out), "/", "serial-number", serial)
    _edit("fdtput", "-p", "-t", "s", str(out), "/gpio-sim", "compatible", "gpio-simulator")
    _edit("fdtput", "-p", "-t", "x", str(out), _FIRST_BANK, "gpio-controller")
    _edit("fdtput", "-t", "x", str(out), _FIRST_BANK, "#gpio-cells", "2")
    _edit("fdtput", "-t", "x", str(out), _FIRST_BANK, "ngpios", f"{LINES:x}")
    _edit("fdtput", "-t", "s", str(out), _FIRST_BANK, "gpio-sim,label", "pinctrl-bcm2711")
    _edit("fdtput", "-p", "-t", "s", str(out), "/aliases", "i2c0", _FIRST_BANK)
    return out


def _found(tree: Path, beginning: str) -> list[str]:
    names = _edit("fdtget", "-l", str(tree), "/").split()
    return [f"/{name}" for name in names if name.startswith(beginning)]


def _edit(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
