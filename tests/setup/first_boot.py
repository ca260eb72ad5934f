"""`kallphone device` as far as the setup goes: a process on the panel, with a root folder of its own."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from kallphone.device.layout import Layout
from kallphone.setup.app import run_setup


def layout_of(root: Path) -> Layout:
    return Layout(root / "data", root / "boot", root / "run", root / "share")


def main() -> int:
    logging.basicConfig(level=logging.INFO)
    again = run_setup(layout_of(Path(sys.argv[1])), panel=True, pins=None)
    return 0 if again else 3


if __name__ == "__main__":
    sys.exit(main())
