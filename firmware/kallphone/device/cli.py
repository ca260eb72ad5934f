"""`kallphone device`, which kallphone.service runs, and `kallphone factory-reset`, which is root's."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from kallphone.device.layout import Layout


def add_commands(commands: Any) -> None:
    device = commands.add_parser("device", help="be a flashed phone: whatever its data partition calls for")
    _add_root(device)
    device.add_argument(
        "--panel", action="store_true", help="simulated hardware, held over stdin and stdout (JSON)"
    )
    device.add_argument("--pins", type=Path, metavar="FILE", help="instead of the phone's own pin table")
    device.set_defaults(run=_device)
    reset = commands.add_parser(
        "factory-reset", help="erase what a flashed phone keeps, its key first (root)"
    )
    _add_root(reset)
    reset.add_argument("--yes", action="store_true", help="without the phone having asked for it")
    reset.set_defaults(run=_reset)


def _add_root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", type=Path, metavar="DIR", help="a flashed phone's folders below DIR")


def _device(arguments: argparse.Namespace) -> int:
    from kallphone.device.notify import Notifier
    from kallphone.device.service import DeviceService

    logging.basicConfig(level=logging.INFO, format=_log_format())
    # A folder that stands for a phone is not a partition of its own.
    is_mounted = os.path.ismount if arguments.root is None else os.path.isdir
    notifier = Notifier.from_environment()
    layout = Layout.below(arguments.root)
    service = DeviceService(layout, notifier, arguments.panel, arguments.pins, is_mounted)
    return service.run()


def _reset(arguments: argparse.Namespace) -> int:
    from kallphone.device.reset import erase

    layout = Layout.below(arguments.root)
    if not arguments.yes and not (layout.requests / "reset").exists():
        print("kallphone: the phone did not ask for this. Say --yes if you mean it", file=sys.stderr)
        return 1
    try:
        erase(layout)
    except OSError as error:
        print(f"kallphone: {error.filename}: {error.strerror}. A new card helps", file=sys.stderr)
        return 1
    return 0


def _log_format() -> str:
    """The journal knows the time already."""
    stamp = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    return f"{stamp}%(levelname).1s %(threadName)s %(name)s: %(message)s"
