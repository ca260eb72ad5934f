from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from kallphone.hardware.errors import DeviceMissing
from kallphone.hardware.hook import HookSwitch
from kallphone.hardware.keypad import MatrixKeypad
from kallphone.hardware.lamps import IndicatorLamps
from kallphone.hardware.glass import Glass
from kallphone.hardware.oled import OledDisplay, open_oled
from kallphone.hardware.pins import Pins
from kallphone.hardware.ringer import BuzzerRinger
from kallphone.ports import Post


class Board:
    """Every part that a hand or an eye meets, on one gpiozero pin factory and one display."""

    def __init__(self, pins: Pins, post: Post, pin_factory: Any, glass: Glass) -> None:
        self.display = OledDisplay(glass)
        self.lamps = IndicatorLamps(pins.lamps, pin_factory)
        self.ringer = BuzzerRinger(pins.ringer, pin_factory)
        self.keypad = MatrixKeypad(pins.keypad, post, pin_factory)
        self.hook = HookSwitch(pins.hook, post, pin_factory)
        self._pin_factory = pin_factory

    def start(self) -> None:
        self.display.start()
        self.keypad.start()
        self.hook.start()

    def stop(self) -> None:
        for part in (self.hook, self.keypad, self.ringer, self.lamps, self.display):
            part.stop()
        self._pin_factory.close()


def open_board(pins: Pins, post: Post) -> Board:
    """The board of this Raspberry Pi; DeviceMissing where it is none, or lacks its display."""
    return Board(pins, post, _open_gpio(), open_oled(pins.display))


def _open_gpio() -> Any:
    # lgpio makes a notification pipe in its working directory, which may be read-only.
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    here = Path.cwd()
    try:
        from gpiozero.pins.lgpio import LGPIOFactory

        return LGPIOFactory()
    except Exception as error:  # lgpio raises a bare class of its own
        words = f"no GPIO here ({error}): run on a Raspberry Pi, or simulate the hardware"
        raise DeviceMissing(words) from error
    finally:
        os.chdir(here)  # lgpio moves the whole process to LG_WD
