from __future__ import annotations

from typing import Any

from gpiozero import LED

from kallphone.hardware.pins import LampPins


class IndicatorLamps:
    """Line and message lamp."""

    def __init__(self, pins: LampPins, pin_factory: Any) -> None:
        self._line = LED(pins.line, active_high=pins.active_high, pin_factory=pin_factory)
        self._message = LED(pins.message, active_high=pins.active_high, pin_factory=pin_factory)

    def light(self, *, line: bool, message: bool) -> None:
        self._line.value = line
        self._message.value = message

    def stop(self) -> None:
        for lamp in (self._line, self._message):
            lamp.off()
            lamp.close()
