from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from luma.core.device import dummy
from luma.core.error import DeviceNotFoundError
from luma.oled.device import sh1106, ssd1306, ssd1327
from PIL import Image, ImageChops

from kallphone.hardware.drawing import draw
from kallphone.hardware.glyphs import Face, glyph
from kallphone.hardware.oled import OledDisplay
from kallphone.phone.screens import Screen, Size, TextLine

GOLDEN = Path(__file__).with_name("golden")
RECORDING = os.environ.get("RECORD_GOLDENS") == "1"

TITLE = TextLine("234 567 8901  no line", inverse=True)
GOLDENS: dict[str, Screen] = {
    "dial": Screen((TITLE, TextLine("Dial", Size.LARGE), TextLine("Credit 5.00"))),
    "in_call": Screen((
        TextLine("234 567 8901", inverse=True),
        TextLine("765 432 1098"), TextLine("12:07", Size.LARGE),
        TextLine("Cost 0.09"), TextLine("Left 40:33"),
    )),
    "refused": Screen((
        TITLE, TextLine("Payment refused", Size.LARGE), TextLine("The provider did"),
        TextLine("not take the payment"),
    )),
    "letters": Screen((
        TextLine("äöüßÄÖÜéèêëçñåøæÆØÅ"), TextLine("ÀÁÂÃÈÉÊËÌÍÎÏÒÓÔÕÙÚÛÝ"), TextLine("gjpqy €£°·×¿¡–…"),
        TextLine("Größe 漢", Size.LARGE), TextLine("a row that is much too long"),
    )),
    "full": Screen(tuple(TextLine(f"row {row} of eight, 21 ch", inverse=row == 0) for row in range(8))),
}
SQUARE = {"in_call", "refused"}


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, (128, 64)) for name in GOLDENS] + [(name, (128, 128)) for name in sorted(SQUARE)],
)
def test_screens_look_as_they_did_when_somebody_looked(name: str, size: tuple[int, int]):
    picture = draw(GOLDENS[name], size)
    path = GOLDEN / f"{name}_{size[0]}x{size[1]}.png"
    if RECORDING:
        picture.save(path)
    assert picture.size == size
    assert ImageChops.logical_xor(picture, Image.open(path).convert("1")).getbbox() is None


def ink(text: str, size: Size = Size.NORMAL) -> tuple[int, int, int, int] | None:
    box: tuple[int, int, int, int] | None = draw(Screen((TextLine(text, size),)), (128, 64)).getbbox()
    return box


@pytest.mark.parametrize(("size", "fits"), [(Size.NORMAL, 21), (Size.LARGE, 18)])
def test_text_that_fits_is_whole_and_longer_text_ends_in_an_ellipsis(size: Size, fits: int):
    whole = draw(Screen((TextLine("8" * fits, size),)), (128, 64))
    longer = draw(Screen((TextLine("8" * (fits + 1), size),)), (128, 64))
    clipped = draw(Screen((TextLine("8" * (fits - 1) + "…", size),)), (128, 64))
    assert whole.tobytes() != longer.tobytes()
    assert longer.tobytes() == clipped.tobytes()
    assert ink("8" * fits, size)[2] <= 128


def test_large_text_is_as_broad_as_there_is_room():
    assert Face.BROAD.columns(128) == 10
    assert Face.TALL.columns(128) == 18
    ten, eleven = ink("8" * 10, Size.LARGE), ink("8" * 11, Size.LARGE)
    assert ten[2] - ten[0] > eleven[2] - eleven[0]
    assert ten[3] - ten[1] == eleven[3] - eleven[1] == 14


def test_an_inverse_row_is_a_whole_bar():
    picture = draw(Screen((TextLine("", inverse=True), TextLine("x"))), (128, 64))
    assert picture.crop((0, 0, 128, 10)).getextrema() == (255, 255)
    assert picture.crop((0, 10, 128, 12)).getbbox() is None


def test_rows_beyond_the_bottom_are_left_out_whole():
    rows = (TextLine("Dial", Size.LARGE),) * 6
    assert draw(Screen(rows), (128, 64)).tobytes() == draw(Screen(rows[:4]), (128, 64)).tobytes()


@pytest.mark.parametrize("char", [chr(code) for code in (*range(0x20, 0x7F), *range(0xC0, 0x100))])
def test_every_latin_letter_has_a_picture_of_its_own(char: str):
    picture = glyph(char, Face.TEXT)
    assert picture.size == (6, 8)
    assert char == " " or picture.getbbox()
    others = {glyph(other, Face.TEXT).tobytes() for other in "?�" if other != char}
    assert char in "ÐÞðþ÷" or picture.tobytes() not in others


class SlowDevice:
    """An OLED on a bus so slow that it must be let through frame by frame."""

    mode = "1"
    size = (128, 64)

    def __init__(self) -> None:
        self.frames: list[Image.Image] = []
        self.drawing = threading.Event()
        self.may_finish = threading.Semaphore(0)
        self.fails = False

    def display(self, image: Image.Image) -> None:
        self.drawing.set()
        assert self.may_finish.acquire(timeout=30)
        if self.fails:
            self.fails = False
            raise DeviceNotFoundError("I2C device not found on address: 0x3C")
        self.frames.append(image)

    def cleanup(self) -> None:
        pass


def numbered(number: int) -> Screen:
    return Screen((TextLine(f"{number}"),))


def test_a_flood_never_waits_for_the_display_and_its_latest_screen_wins():
    device = SlowDevice()
    display = OledDisplay(device)
    display.start()
    display.show(numbered(0))
    assert device.drawing.wait(30)
    for number in range(1, 2001):
        display.show(numbered(number))
    assert device.frames == []
    device.may_finish.release(2)
    assert display.settle(30)
    assert [frame.tobytes() for frame in device.frames] == [
        draw(numbered(0), device.size).tobytes(), draw(numbered(2000), device.size).tobytes()
    ]
    assert display.drawn == 2
    display.stop()


def test_a_bus_that_stutters_costs_one_frame_only():
    device = SlowDevice()
    device.fails = True
    device.may_finish.release(2)
    display = OledDisplay(device)
    display.start()
    display.show(numbered(1))
    assert display.settle(30)
    assert device.frames == []
    display.show(numbered(2))
    assert display.settle(30)
    assert len(device.frames) == 1
    display.stop()


class Bus:
    """The far end of I2C: counts what a controller would get."""

    def __init__(self) -> None:
        self.bytes = 0

    def command(self, *cmd: int) -> None:
        pass

    def data(self, data: Any) -> None:
        self.bytes += len(data)

    def cleanup(self) -> None:
        pass


@pytest.mark.filterwarnings("ignore:Image.Image.getdata is deprecated:DeprecationWarning")  # luma's own
@pytest.mark.parametrize(("chip", "height"), [(ssd1306, 64), (sh1106, 64), (sh1106, 128), (ssd1327, 128)])
def test_the_drivers_of_the_named_controllers_take_the_pictures(chip: Any, height: int):
    bus = Bus()
    display = OledDisplay(chip(bus, width=128, height=height))
    display.start()
    bus.bytes = 0
    display.show(GOLDENS["dial"])
    assert display.settle(30)
    assert bus.bytes >= 128
    display.stop()


def test_a_rotated_glass_is_drawn_for_its_own_size():
    device = dummy(128, 64, rotate=1, mode="1")
    display = OledDisplay(device)
    display.start()
    display.show(GOLDENS["dial"])
    assert display.settle(30)
    assert device.size == (64, 128)
    assert device.image.getbbox()
    display.stop()
