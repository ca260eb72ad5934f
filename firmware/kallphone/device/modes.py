from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from errno import EDQUOT, ENOSPC
from pathlib import Path

from kallphone.device.layout import Layout

AGAIN = 75
"""Exit status that asks to be started again, as what layout.next_mode says (kallphone.service knows it)."""


class Mode(Enum):
    DAMAGE = "damage"
    SETUP = "setup"
    DOCTOR = "doctor"
    RESET = "reset"
    PHONE = "phone"


class Damage(Enum):
    """Of what a phone keeps."""

    MISSING = "there is no data partition"
    UNWRITABLE = "the data partition can't be written"
    UNREADABLE = "what the phone keeps can't be read"


@dataclass(frozen=True)
class Choice:
    mode: Mode
    damage: Damage | None = None


def choose(layout: Layout, is_mounted: Callable[[Path], bool]) -> Choice:
    """What this start of the device is to be. A wish for a mode is taken away by this: it holds once."""
    wish = _take_wish(layout)
    damage = damage_of(layout, is_mounted)
    if wish is Mode.DOCTOR or wish is Mode.RESET:
        return Choice(wish)
    if damage is not None:
        return Choice(Mode.DAMAGE, damage)
    if wish is Mode.SETUP or not layout.config.exists():
        return Choice(Mode.SETUP)
    return Choice(Mode.PHONE)


def damage_of(layout: Layout, is_mounted: Callable[[Path], bool] = os.path.ismount) -> Damage | None:
    """None where the phone's folder can be written, and where it is merely full.

    Without its partition /data is a folder in RAM, which a key must never be made in.
    """
    if not is_mounted(layout.data):
        return Damage.MISSING
    try:
        layout.state.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=layout.state):
            return None
    except OSError as error:
        return None if error.errno in (ENOSPC, EDQUOT) else Damage.UNWRITABLE


def wish_for(layout: Layout, mode: str) -> None:
    """What the next start is to be: "setup", "doctor" or "reset". Raises OSError."""
    layout.next_mode.write_text(Mode(mode).value, encoding="utf-8")


def _take_wish(layout: Layout) -> Mode | None:
    with suppress(OSError, ValueError):
        words = layout.next_mode.read_text(encoding="utf-8").strip()
        layout.next_mode.unlink()
        return Mode(words)
    return None
