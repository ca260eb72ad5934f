"""The display outside the guest: an SSD1306 on the I2C bus of an i2c-tiny-usb adapter."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from kallphone.hardware.lettering import Face, write
from kallphone.hardware.pins import DisplayWiring
from kallphone.hardware.simulated_oled import SimulatedI2c
from tests.image.usb_redir import Request, UsbDevice, UsbPort

_GET_FUNCTIONS, _SET_DELAY, _GET_STATUS, _IO = 1, 2, 3, 4
# Plain I2C, and all of SMBus that plain I2C can do.
_FUNCTIONS = 0x0EFF0009
_ACKNOWLEDGED, _NOT_THERE = 1, 2


class GlassDark(AssertionError):
    """What was awaited did not come onto the glass; the words say what stands there."""


class UsbGlass:
    """The glass that an unmodified phone draws on, and an eye for it.

    The chip keeps its memory while the guest restarts, as it does on the phone's own supply.
    """

    def __init__(self, wiring: DisplayWiring, socket: Path) -> None:
        self._bus = SimulatedI2c(wiring)
        self._status = _ACKNOWLEDGED
        self._written = threading.Condition()
        device = UsbDevice(0x0403, 0xC631, "i2c-tiny-usb", self._answer)
        self._port = UsbPort(device, socket)
        self.writes = 0

    def start(self) -> None:
        self._port.start()

    def stop(self) -> None:
        self._port.stop()

    @property
    def image(self) -> Image.Image:
        with self._written:
            return self._bus.image

    def shows(self, words: str) -> bool:
        return reads(self.image, words)

    def wait_for(self, words: str, within_s: float) -> None:
        """Until the words stand on the glass in any of the phone's faces, upright or inverse."""
        self.wait_until(lambda image: reads(image, words), within_s, repr(words))

    def wait_until(self, holds: Callable[[Image.Image], bool], within_s: float, what: str) -> None:
        deadline = time.monotonic() + within_s
        seen = -1
        while True:
            with self._written:
                self._written.wait_for(lambda: self.writes != seen, 0.5)  # noqa: B023
                seen, image = self.writes, self._bus.image
            if holds(image):
                return
            if time.monotonic() > deadline:
                raise GlassDark(
                    f"{what} did not come within {within_s:.0f} s; the glass shows\n{plain(image)}"
                )

    def _answer(self, asked: Request) -> bytes | None:
        command = asked.request
        if command == _GET_FUNCTIONS:
            return struct.pack("<I", _FUNCTIONS)
        if command == _GET_STATUS:
            return bytes([self._status])
        if command & _IO:
            return self._transfer(asked)
        return b""

    def _transfer(self, asked: Request) -> bytes:
        with self._written:
            try:
                if asked.data:
                    self._bus.write_i2c_block_data(asked.index, asked.data[0], list(asked.data[1:]))
                self._status = _ACKNOWLEDGED
            except OSError:
                self._status = _NOT_THERE
            self.writes += 1
            self._written.notify_all()
        return bytes(asked.length)


def reads(image: Image.Image, words: str) -> bool:
    """Whether the words stand somewhere on the picture, pixel for pixel in one of the phone's faces."""
    rows = _rows(image)
    return any(_found(rows, _drawn(words, face, lit)) for face in Face for lit in (True, False))


def plain(image: Image.Image) -> str:
    """For people who read the report: two rows of pixels a line."""
    rows = _rows(image)
    blocks = {"00": " ", "10": "▀", "01": "▄", "11": "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(blocks[a + b] for a, b in zip(*pair, strict=True)).rstrip() for pair in pairs)


def _drawn(words: str, face: Face, lit: bool) -> list[str]:
    picture = Image.new("1", (max(1, face.width(words)), face.value.size), 255 * (not lit))
    write(picture, words, face, 0, face.rise, lit=lit)
    # The lines that only accents reach into belong to the row above.
    return [row.rstrip("0" if lit else "1") for row in _rows(picture)[face.rise :]]


def _rows(image: Image.Image) -> list[str]:
    width = image.width
    bits = "".join("1" if pixel else "0" for pixel in image.getdata())
    return [bits[at : at + width] for at in range(0, len(bits), width)]


def _found(rows: list[str], wanted: list[str]) -> bool:
    first = next((index for index, row in enumerate(wanted) if row), None)
    if first is None:
        return False
    for top in range(len(rows) - len(wanted) + 1):
        left = rows[top + first].find(wanted[first])
        while left >= 0:
            if all(rows[top + at].startswith(row, left) for at, row in enumerate(wanted)):
                return True
            left = rows[top + first].find(wanted[first], left + 1)
    return False
