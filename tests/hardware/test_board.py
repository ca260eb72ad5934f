from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest
from gpiozero.pins.mock import MockFactory

from kallphone.hardware.board import open_board
from kallphone.hardware.errors import DeviceMissing
from kallphone.hardware.lamps import IndicatorLamps
from kallphone.hardware.oled import open_oled
from kallphone.hardware.pins import LampPins, Pins, RingerPins
from kallphone.hardware.ringer import BuzzerRinger
from kallphone.hardware.simulated import SimulatedBoard
from kallphone.phone.events import Event, KeyPressed, OffHook
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen, TextLine
from kallphone.phone.sound import Ring

RING = Ring(((1.0, 4.0),))


@pytest.mark.parametrize("active_high", [True, False])
def test_lamps_drive_their_pins(factory: MockFactory, *, active_high: bool):
    lamps = IndicatorLamps(LampPins(12, 27, active_high), factory)
    lamps.light(line=Light.ON, message=Light.OFF)
    assert (factory.pin(12).state, factory.pin(27).state) == (active_high, not active_high)
    lamps.light(line=Light.OFF, message=Light.ON)
    assert (factory.pin(12).state, factory.pin(27).state) == (not active_high, active_high)
    lamps.stop()


def test_the_ringer_rings_until_told_to_stop(factory: MockFactory):
    ringer = BuzzerRinger(RingerPins(4, active_high=True), factory)
    pin = factory.pin(4)
    rung = threading.Event()
    change = pin._change_state
    pin._change_state = lambda value: (change(value), value and rung.set())
    ringer.ring(RING)
    ringer.ring(RING)
    assert rung.wait(30)
    ringer.ring(None)
    assert not pin.state
    assert not ringer.ringing
    ringer.stop()


def test_a_simulated_board_is_real_drivers_under_real_hands(pins: Pins):
    posted: SimpleQueue[Event] = SimpleQueue()
    board = SimulatedBoard(pins, posted.put)
    board.start()
    board.display.show(Screen((TextLine("Hello"),)))
    board.hand.lift()
    assert posted.get(timeout=30) == OffHook()
    board.fingers.tap("7")
    assert posted.get(timeout=30) == KeyPressed("7")
    board.lamps.light(line=Light.ON, message=Light.OFF)
    assert board.lamps_lit() == (True, False)
    assert board.display.settle(30)
    assert board.oled.image.getbbox()
    board.stop()
    assert posted.empty()
    assert {"hook", "keypad", "display"}.isdisjoint(thread.name for thread in threading.enumerate())


def test_a_machine_without_display_says_what_to_check(pins: Pins):
    with pytest.raises(DeviceMissing, match=r"no ssd1306 display at 0x3c on I2C bus 1 .*i2cdetect -y 1"):
        open_oled(pins.display)


def test_a_machine_without_gpio_says_so(pins: Pins):
    with pytest.raises(DeviceMissing, match=r"no GPIO here .*simulate"):
        open_board(pins, lambda event: None)
