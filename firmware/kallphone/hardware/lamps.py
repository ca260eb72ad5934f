from __future__ import annotations

from typing import Any

from gpiozero import LED

from kallphone.hardware.pins import LampPins
from kallphone.phone.lamps import Light

BLINK_S = 0.25


class IndicatorLamps:
    """Line and message lamp; a lamp that is to go on as it is keeps its rhythm."""

    def __init__(self, pins: LampPins, pin_factory: Any) -> None:
        self._line = LED(pins.line, active_high=pins.active_high, pin_factory=pin_factory)
        self._message = LED(pins.message, active_high=pins.active_high, pin_factory=pin_factory)
        self._lights = {self._line: Light.OFF, self._message: Light.OFF}

    def light(self, *, line: Light, message: Light) -> None:
        for lamp, light in ((self._line, line), (self._message, message)):
            if light is not self._lights[lamp]:
                self._lights[lamp] = light
                self._switch(lamp, light)

    def stop(self) -> None:
        for lamp in (self._line, self._message):
            lamp.off()
            lamp.close()

    def _switch(self, lamp: Any, light: Light) -> None:
        if light is Light.BLINKING:
            lamp.blink(on_time=BLINK_S, off_time=BLINK_S)
        else:
            lamp.value = light is Light.ON
