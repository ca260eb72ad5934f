from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kallphone.hardware.drawing import draw
from kallphone.hardware.glass import FULL_CONTRAST, NORMAL_CONTRAST, RESTING_CONTRAST
from kallphone.hardware.oled import OledDisplay, glass_on, warn_of_slow_bus
from kallphone.hardware.pins import CHIP_ROWS, DisplayWiring
from kallphone.hardware.simulated_oled import SimulatedI2c
from kallphone.phone.screens import Screen, TextLine

CHIPS = sorted(CHIP_ROWS)
TIMEOUT_S = 30


def numbered(number: int) -> Screen:
    return Screen((TextLine(f"{number}"),))


class SlowGlass:
    """A display on a bus so slow that it must be let through frame by frame."""

    size = (128, 64)

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.drawing = threading.Event()
        self.may_finish = threading.Semaphore(0)

    def show(self, picture: Image.Image, *, contrast: int) -> None:
        self.drawing.set()
        assert self.may_finish.acquire(timeout=TIMEOUT_S)
        self.frames.append(picture.tobytes())

    def close(self) -> None:
        pass


def test_a_flood_never_waits_for_the_display_and_its_latest_screen_wins():
    glass = SlowGlass()
    display = OledDisplay(glass)
    display.start()
    display.show(numbered(0))
    assert glass.drawing.wait(TIMEOUT_S)
    for number in range(1, 2001):
        display.show(numbered(number))
    assert glass.frames == []
    glass.may_finish.release(2)
    assert display.settle(TIMEOUT_S)
    assert glass.frames == [draw(numbered(number), glass.size).tobytes() for number in (0, 2000)]
    assert display.drawn == 2
    display.stop()


class Plug(SimulatedI2c):
    """A bus that fails at its n-th transfer from now, and tells when it was tried in vain."""

    def __init__(self, wiring: DisplayWiring) -> None:
        super().__init__(wiring)
        self.left: int | None = None
        self.tried = threading.Condition()
        self.in_vain = 0

    def write_i2c_block_data(self, address: int, control: int, payload: list[int]) -> None:
        if self.left is not None:
            self.plugged, self.left = self.left > 0, max(0, self.left - 1)
        try:
            super().write_i2c_block_data(address, control, payload)
        except OSError:
            with self.tried:
                self.in_vain += 1
                self.tried.notify_all()
            raise

    def fail_after(self, transfers: int) -> None:
        self.left = transfers

    def wait_until_tried(self, times: int) -> None:
        with self.tried:
            assert self.tried.wait_for(lambda: self.in_vain >= times, TIMEOUT_S)

    def mend(self) -> None:
        self.left, self.plugged = None, True


def shown(chip: str) -> tuple[OledDisplay, Plug]:
    wiring = DisplayWiring(chip, 1, 0x3C, 128, CHIP_ROWS[chip], 0)
    bus = Plug(wiring)
    display = OledDisplay(glass_on(bus.serial(), wiring), retry_s=0.001)
    display.start()
    display.show(numbered(1))
    assert display.settle(TIMEOUT_S)
    return display, bus


def shows(bus: SimulatedI2c, screen: Screen) -> bool:
    return ImageChops.logical_xor(bus.image, draw(screen, bus.image.size)).getbbox() is None


@pytest.mark.parametrize("lost", [lambda bus: None, SimulatedI2c.power_up], ids=["wire", "power"])
@pytest.mark.parametrize("transfers", [0, 1, 3])
@pytest.mark.parametrize("chip", CHIPS)
def test_a_display_that_was_away_shows_the_latest_screen_whole(
    chip: str, transfers: int, lost: Callable[[SimulatedI2c], None], caplog: pytest.LogCaptureFixture
):
    display, bus = shown(chip)
    bus.fail_after(transfers)
    display.show(Screen((TextLine("away", inverse=True), TextLine("for"), TextLine("a while"))))
    bus.wait_until_tried(3)
    assert not display.settle(0.01)
    display.show(numbered(2))
    lost(bus)
    bus.mend()
    assert display.settle(TIMEOUT_S)
    assert shows(bus, numbered(2))
    display.stop()
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    told = [words.split(",")[0] for words in warnings]
    assert told == ["the display does not answer", "the display answers again"]


def test_without_a_new_screen_the_last_one_comes_back():
    display, bus = shown("ssd1306")
    bus.fail_after(0)
    display.show(numbered(2))
    bus.wait_until_tried(1)
    bus.mend()
    assert display.settle(TIMEOUT_S)
    assert shows(bus, numbered(2))
    display.stop()


def test_a_display_that_is_away_does_not_keep_the_phone_from_stopping():
    display, bus = shown("ssd1306")
    bus.fail_after(0)
    display.show(numbered(2))
    bus.wait_until_tried(1)
    display.stop()
    assert not any(thread.name == "display" for thread in threading.enumerate())


@pytest.mark.parametrize("chip", CHIPS)
def test_sleep_is_dark_or_dim_and_bright_is_full(chip: str):
    display, bus = shown(chip)
    assert bus.chip.contrast == NORMAL_CONTRAST
    for screen, on, contrast in (
        (Screen((TextLine("14:05"),), asleep=True), True, RESTING_CONTRAST),
        (Screen((TextLine("Ready"),), bright=True), True, FULL_CONTRAST),
        (Screen((), asleep=True), False, FULL_CONTRAST),
        (Screen((TextLine("Ready"),)), True, NORMAL_CONTRAST),
    ):
        display.show(screen)
        assert display.settle(TIMEOUT_S)
        assert (bus.chip.on, bus.chip.contrast) == (on, contrast)
        assert not on or shows(bus, screen)
    display.stop()


@pytest.mark.parametrize(
    ("hz", "warned"), [(100_000, True), (399_999, True), (400_000, False), (1_000_000, False)]
)
def test_a_slow_bus_is_told_once_with_its_cure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, hz: int, *, warned: bool
):
    node = tmp_path / "i2c-1" / "of_node"
    node.mkdir(parents=True)
    (node / "clock-frequency").write_bytes(hz.to_bytes(4, "big"))
    warn_of_slow_bus(1, tmp_path)
    assert len(caplog.records) == warned
    assert not warned or "write dtparam=i2c_arm=on,i2c_arm_baudrate=400000 into config.txt" in caplog.text


def test_a_bus_of_unknown_speed_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    warn_of_slow_bus(1, tmp_path)
    assert caplog.records == []
