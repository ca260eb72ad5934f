from __future__ import annotations

import threading
from typing import Any

from gpiozero import Buzzer

from kallphone.hardware.cadence import CadenceRinger, Wait, beats
from kallphone.hardware.pins import RingerPins
from kallphone.phone.sound import Ring


class BuzzerRinger(CadenceRinger):
    """An active buzzer, or a bell behind a driver: as loud as it is, but silent at volume 0."""

    def __init__(self, pins: RingerPins, pin_factory: Any, wait: Wait = threading.Condition.wait) -> None:
        self._buzzer = Buzzer(pins.pin, active_high=pins.active_high, pin_factory=pin_factory)
        super().__init__("buzzer", wait)

    def stop(self) -> None:
        super().stop()
        self._buzzer.close()

    def _sound(self, ring: Ring) -> None:
        for on, seconds in beats(ring):
            self._buzzer.value = on
            if self._over(seconds):
                break
        self._buzzer.off()
