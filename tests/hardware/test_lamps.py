from __future__ import annotations

import threading
from itertools import product

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from kallphone.hardware.lamps import IndicatorLamps
from kallphone.hardware.pins import LampPins
from kallphone.phone.lamps import Light

TIMEOUT_S = 30


class Watched:
    """A pin that tells each time it changes."""

    def __init__(self, pin: MockPin) -> None:
        self.pin = pin
        self.changes = 0
        self._changed = threading.Condition()
        self._change = pin._change_state
        pin._change_state = self._seen

    def changes_more(self, times: int) -> bool:
        with self._changed:
            enough = self.changes + times
            return self._changed.wait_for(lambda: self.changes >= enough, TIMEOUT_S)

    def comes_to(self, *, high: bool) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: bool(self.pin.state) is high, TIMEOUT_S)

    def _seen(self, value: float) -> bool:
        changed: bool = self._change(value)
        with self._changed:
            self.changes += changed
            self._changed.notify_all()
        return changed


@pytest.mark.parametrize("active_high", [True, False])
def test_lamps_drive_their_pins(factory: MockFactory, *, active_high: bool):
    lamps = IndicatorLamps(LampPins(12, 27, active_high), factory)
    for line, message in product((Light.ON, Light.OFF), repeat=2):
        lamps.light(line=line, message=message)
        lit = (factory.pin(12).state == active_high, factory.pin(27).state == active_high)
        assert lit == (line is Light.ON, message is Light.ON)
    lamps.stop()


def test_a_lamp_blinks_by_itself_and_the_other_does_not(factory: MockFactory):
    lamps = IndicatorLamps(LampPins(12, 27, active_high=True), factory)
    message = Watched(factory.pin(27))
    lamps.light(line=Light.ON, message=Light.BLINKING)
    line = Watched(factory.pin(12))
    assert message.changes_more(3)
    assert line.changes == 0
    assert line.pin.state
    lamps.light(line=Light.OFF, message=Light.OFF)
    assert not message.pin.state
    assert not line.pin.state
    lamps.stop()


def test_a_blinking_lamp_keeps_its_rhythm_while_the_other_changes(factory: MockFactory):
    lamps = IndicatorLamps(LampPins(12, 27, active_high=True), factory)
    lamps.light(line=Light.OFF, message=Light.BLINKING)
    blinker = lamps._message._blink_thread
    lamps.light(line=Light.ON, message=Light.BLINKING)
    assert lamps._message._blink_thread is blinker
    lamps.stop()
    assert not blinker.is_alive()
