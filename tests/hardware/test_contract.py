"""What every phone's hardware does, whatever it is: real drivers on mock pins and buses, or a panel's."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from queue import SimpleQueue

import pytest
from PIL import Image, ImageChops

from kallphone.bench.panel import Panel
from kallphone.hardware.drawing import draw
from kallphone.hardware.mixer import level_db
from kallphone.hardware.pins import CHIP_ROWS, DisplayWiring, KeypadPins, Pins
from kallphone.hardware.simulated import SimulatedBoard
from kallphone.phone.events import Event, KeyHeld, KeyPressed, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen, Size, TextLine
from kallphone.phone.sound import Levels, Ring
from kallphone.ports import Display, Lamps, Mixer, Ringer
from tests.hardware.test_lamps import Watched

TIMEOUT_S = 30
FOUR_BY_FOUR = KeypadPins((5, 6, 13, 16), (22, 23, 24, 25), ("123A", "456B", "789C", "*0#D"))
SCREEN = Screen((
    TextLine("234 567 8901", inverse=True), TextLine("Größe", Size.LARGE), TextLine("x", right="y"),
))


@dataclass
class Hardware:
    """The ports that the engine sees, and the board whose pins and glass a test looks at."""

    display: Display
    ringer: Ringer
    lamps: Lamps
    mixer: Mixer
    board: SimulatedBoard
    pins: Pins
    posted: SimpleQueue[Event]

    def heard(self) -> Event:
        return self.posted.get(timeout=TIMEOUT_S)

    def pin(self, number: int) -> Watched:
        return Watched(self.board._factory.pin(number))


Started = tuple[Hardware, Callable[[], None]]


def a_board(pins: Pins) -> Started:
    posted: SimpleQueue[Event] = SimpleQueue()
    board = SimulatedBoard(pins, posted.put)
    board.start()
    return Hardware(board.display, board.ringer, board.lamps, board.mixer, board, pins, posted), board.stop


def a_panel(pins: Pins) -> Started:
    posted: SimpleQueue[Event] = SimpleQueue()
    hands, holder = os.pipe()
    panel = Panel(pins, posted.put, lambda: None, stdin_fd=hands, stdout=io.BytesIO())
    panel.start()

    def stop() -> None:
        panel.stop()
        os.close(holder)
        os.close(hands)

    return Hardware(panel, panel, panel, panel.board.mixer, panel.board, pins, posted), stop


def with_chip(pins: Pins, chip: str, rotate: int = 0) -> Pins:
    return replace(pins, display=DisplayWiring(chip, 1, 0x3C, 128, CHIP_ROWS[chip], rotate))


KINDS: dict[str, Callable[[Pins], Started]] = {
    **{chip: lambda pins, chip=chip: a_board(with_chip(pins, chip)) for chip in CHIP_ROWS},
    "turned": lambda pins: a_board(with_chip(pins, "ssd1306", rotate=2)),
    "4x4, opens when lifted": lambda pins: a_board(
        replace(pins, keypad=FOUR_BY_FOUR, hook=replace(pins.hook, lifted_closed=False))
    ),
    "lamps and buzzer active low": lambda pins: a_board(
        replace(
            pins, lamps=replace(pins.lamps, active_high=False), ringer=replace(pins.ringer, active_high=False)
        )
    ),
    "panel": a_panel,
}


@pytest.fixture(params=KINDS)
def hardware(request: pytest.FixtureRequest, pins: Pins) -> Iterator[Hardware]:
    made, stop = KINDS[request.param](pins)
    yield made
    stop()
    assert "display" not in {thread.name for thread in threading.enumerate()}


def test_every_key_is_told_in_order(hardware: Hardware):
    keys = "".join(hardware.pins.keypad.layout)
    for key in keys:
        hardware.board.fingers.tap(key)
    assert [hardware.heard() for _ in keys] == [KeyPressed(key) for key in keys]
    assert hardware.posted.empty()


def test_a_held_key_is_told_after_its_press(hardware: Hardware):
    hardware.board.fingers.press("5")
    assert hardware.heard() == KeyPressed("5")
    assert hardware.heard() == KeyHeld("5")


def test_the_hook_is_told_each_way(hardware: Hardware):
    for _ in range(2):
        hardware.board.hand.lift()
        assert hardware.heard() == OffHook()
        hardware.board.hand.lower()
        assert hardware.heard() == OnHook()


def test_the_glass_shows_the_screen(hardware: Hardware):
    hardware.display.show(SCREEN)
    assert hardware.board.display.settle(TIMEOUT_S)
    wiring = hardware.pins.display
    upright = hardware.board.oled.image.transpose(Image.Transpose.ROTATE_180)
    seen = upright if wiring.rotate == 2 else hardware.board.oled.image
    assert ImageChops.logical_xor(seen, draw(SCREEN, (wiring.width, wiring.height))).getbbox() is None


def test_lamps_are_on_off_or_blink(hardware: Hardware):
    lamps = hardware.pins.lamps
    line, message = hardware.pin(lamps.line), hardware.pin(lamps.message)
    hardware.lamps.light(line=Light.ON, message=Light.BLINKING)
    assert bool(line.pin.state) is lamps.active_high
    assert message.changes_more(2)
    hardware.lamps.light(line=Light.OFF, message=Light.ON)
    assert [bool(lamp.pin.state) is lamps.active_high for lamp in (line, message)] == [False, True]


def test_the_ringer_rings_again_and_again_until_told_to_stop(hardware: Hardware):
    ringer = hardware.pins.ringer
    pin = hardware.pin(ringer.pin)
    hardware.ringer.ring(Ring(((0.01, 0.01), (0.01, 0.02))))
    assert pin.changes_more(7)
    hardware.ringer.ring(None)
    assert not hardware.board.ringer.ringing
    assert pin.comes_to(high=not ringer.active_high)


def test_volumes_reach_the_card(hardware: Hardware):
    earpiece = hardware.board.alsa.controls["default"]["Speaker"]
    hardware.mixer.set(Levels(9, 5, 5, 5, boost=True))
    with hardware.board.alsa.changed:
        assert hardware.board.alsa.changed.wait_for(lambda: earpiece.decibels is not None, TIMEOUT_S)
    assert earpiece.decibels == level_db(9, (-48.0, 6.0), boost=True)
