from __future__ import annotations

from typing import Any

from gpiozero import Buzzer

from kallphone.hardware.pins import RingerPins

# ITU-T E.180 supplement 2, the cadence of most of Europe.
RING_ON_S = 1.0
RING_OFF_S = 4.0


class BuzzerRinger:
    """An active buzzer, or a bell behind a driver; its cadence runs beside the engine."""

    def __init__(self, pins: RingerPins, pin_factory: Any) -> None:
        self._buzzer = Buzzer(pins.pin, active_high=pins.active_high, pin_factory=pin_factory)
        self.ringing = False

    def ring(self, on: bool) -> None:
        if on is self.ringing:
            return
        self.ringing = on
        if on:
            self._buzzer.beep(on_time=RING_ON_S, off_time=RING_OFF_S)
        else:
            self._buzzer.off()

    def stop(self) -> None:
        self.ring(on=False)
        self._buzzer.close()
