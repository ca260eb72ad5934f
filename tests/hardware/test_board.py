from __future__ import annotations

import threading
from dataclasses import replace
from queue import SimpleQueue

import pytest

from kallphone.hardware.board import Board, Surroundings, glass_of, open_board
from kallphone.hardware.errors import DeviceMissing
from kallphone.hardware.glass import Glass
from kallphone.hardware.oled import OledDisplay, open_oled
from kallphone.hardware.pins import DisplayWiring, Pins, load_pins
from kallphone.hardware.ringer import BuzzerRinger
from kallphone.hardware.simulated import SimulatedBoard
from kallphone.hardware.sound_ringer import SoundRinger
from kallphone.phone.events import Event, OffHook, SoundCardsChanged
from kallphone.phone.screens import Screen, TextLine
from kallphone.phone.sound import Levels

THREADS = {"hook", "keypad", "display", "buzzer", "ringer", "mixer", "soundcards"}


def running() -> set[str]:
    return THREADS & {thread.name for thread in threading.enumerate()}


def test_a_board_starts_a_thread_for_each_part_and_leaves_none(pins: Pins):
    posted: SimpleQueue[Event] = SimpleQueue()
    board = SimulatedBoard(pins, posted.put)
    board.start()
    assert running() == THREADS - {"ringer"}
    board.hand.lift()
    assert posted.get(timeout=30) == OffHook()
    board.stop()
    assert posted.empty()
    assert running() == set()


def test_a_board_that_never_started_stops(pins: Pins):
    SimulatedBoard(pins, lambda event: None).stop()


@pytest.mark.parametrize(("device", "kind"), [("", BuzzerRinger), ("plughw:CARD=Bell", SoundRinger)])
def test_the_pin_table_says_what_rings(pins: Pins, device: str, kind: type):
    board = SimulatedBoard(replace(pins, ringer=replace(pins.ringer, device=device)), lambda event: None)
    assert type(board.ringer) is kind
    board.stop()


def test_a_card_that_comes_gets_its_volumes_and_is_told(pins: Pins):
    posted: SimpleQueue[Event] = SimpleQueue()
    board = SimulatedBoard(pins, posted.put)
    board.mixer.start()
    handset = board.alsa.controls.pop("default")
    board.mixer.set(Levels(6, 6, 6, 6, boost=False))
    board.alsa.controls["default"] = handset
    board.cards._post(SoundCardsChanged(("Device",)))
    assert posted.get(timeout=30) == SoundCardsChanged(("Device",))
    with board.alsa.changed:
        assert board.alsa.changed.wait_for(lambda: handset["Sidetone"].decibels is not None, 30)
    board.stop()


def test_a_machine_without_display_says_what_to_check(pins: Pins):
    with pytest.raises(DeviceMissing, match=r"no ssd1306 display at 0x3c on I2C bus 1 .*i2cdetect -y 1"):
        open_oled(pins.display)


def test_a_machine_without_gpio_says_so(pins: Pins):
    with pytest.raises(DeviceMissing, match=r"no GPIO here .*simulate"):
        open_board(pins, lambda event: None)


def test_the_simulated_board_is_the_real_one_under_simulated_hands():
    assert issubclass(SimulatedBoard, Board)


def test_a_board_may_do_without_its_display() -> None:
    def missing(_wiring: DisplayWiring) -> Glass:
        raise DeviceMissing("no ssd1306 display at 0x3c")

    told: list[str] = []
    glass = glass_of(load_pins().display, Surroundings(do_without_display=told.append), missing)
    display = OledDisplay(glass)
    display.start()
    display.show(Screen((TextLine("unseen"),)))
    assert display.settle(10.0)
    display.stop()
    assert told == ["no ssd1306 display at 0x3c"]
    with pytest.raises(DeviceMissing):
        glass_of(load_pins().display, Surroundings(), missing)
