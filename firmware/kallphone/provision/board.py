from __future__ import annotations

import re
from pathlib import Path

SERIAL = re.compile(r"[A-Za-z0-9]{1,64}", re.ASCII)


def board_serial(root: Path = Path("/")) -> str:
    """The SoC's, as the firmware wrote it into the device tree; else the system's machine-id."""
    for name in ("proc/device-tree/serial-number", "etc/machine-id"):
        try:
            text = (root / name).read_text(encoding="ascii").strip("\0\n ")
        except (OSError, UnicodeDecodeError):
            continue
        if SERIAL.fullmatch(text):
            return text
    return "unknown"
