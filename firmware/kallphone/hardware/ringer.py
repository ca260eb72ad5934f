from __future__ import annotations

from typing import Any

from gpiozero import Buzzer

from kallphone.hardware.pins import RingerPins
from kallphone.phone.sound import Ring


class BuzzerRinger:
    """An active buzzer, or a bell behind a driver; its cadence runs beside the engine."""

    def __init__(self, pins: RingerPins, pin_factory: Any) -> None:
        self._buzzer = Buzzer(pins.pin, active_high=pins.active_high, pin_factory=pin_factory)
        self.ringing = False

    def ring(self, ring: Ring | None) -> None:
        self.ringing = ring is not None
        if ring is not None:
            on_s, off_s = ring.cadence[0]
            self._buzzer.beep(on_time=on_s, off_time=off_s)
        else:
            self._buzzer.off()

    def stop(self) -> None:
        self.ring(None)
        self._buzzer.close()
