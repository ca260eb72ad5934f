from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from PIL import Image, ImageChops

I2C_HZ = 400_000

BAND = 8
"""Rows that are sent together at most: a page of the SSD1306."""

# What a window of its own costs on the bus, in bytes: commands, addresses, and two transfers to set up.
_WINDOW_BYTES = 20

NORMAL_CONTRAST = 0x7F
FULL_CONTRAST = 0xFF
RESTING_CONTRAST = 0x10

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two are just outside."""


@dataclass(frozen=True)
class Controller:
    """How one kind of OLED controller takes a window of pixels, each of so many bits."""

    bits: int
    grid: tuple[int, int]
    window: Callable[[Box], tuple[int, ...]]
    pixels: Callable[[Image.Image], bytes]

    def aligned(self, box: Box) -> Box:
        """The smallest window around a box that the controller can address."""
        (across, down), (left, top, right, bottom) = self.grid, box
        right, bottom = -(-right // across) * across, -(-bottom // down) * down
        return left // across * across, top // down * down, right, bottom


def _ssd1306_window(box: Box) -> tuple[int, ...]:
    left, top, right, bottom = box
    return 0x21, left, right - 1, 0x22, top // BAND, bottom // BAND - 1


def _sh1106_window(box: Box) -> tuple[int, ...]:
    # 128 of the chip's 132 columns are on the glass, from the third on.
    column = box[0] + 2
    return 0xB0 | box[1] // BAND, column & 0x0F, 0x10 | column >> 4


def _ssd1327_window(box: Box) -> tuple[int, ...]:
    left, top, right, bottom = box
    return 0x15, left // 2, right // 2 - 1, 0x75, top, bottom - 1


def _columns(strip: Image.Image) -> bytes:
    """A byte for each column of eight rows, the topmost in the lowest bit."""
    return strip.transpose(Image.Transpose.ROTATE_270).tobytes()


def _nibbles(strip: Image.Image) -> bytes:
    """Four bits for each pixel, the left one of two in the lower half."""
    levels = strip.convert("L").tobytes()
    return bytes(a & 0x0F | b & 0xF0 for a, b in zip(levels[::2], levels[1::2], strict=True))


CONTROLLERS = {
    "ssd1306": Controller(1, (1, BAND), _ssd1306_window, _columns),
    "sh1106": Controller(1, (1, BAND), _sh1106_window, _columns),
    "ssd1327": Controller(4, (2, 1), _ssd1327_window, _nibbles),
}


def changed_windows(controller: Controller, before: Image.Image | None, after: Image.Image) -> Iterator[Box]:
    """What differs, in windows that leave out wide gaps; everything where nothing is known of before."""
    changed = ImageChops.logical_xor(before, after) if before else Image.new("1", after.size, 1)
    rows = _rows(changed)
    for top, bottom in _bands(rows, controller.grid[1]):
        columns = reduce(or_, rows[top:bottom])
        gap = _WINDOW_BYTES * 8 // (controller.bits * (bottom - top))
        for left, right in _runs(f"{columns:0{changed.width}b}", gap):
            box = changed.crop((left, top, right, bottom)).getbbox()
            assert box is not None
            yield controller.aligned((left, top + box[1], right, top + box[3]))


def _rows(image: Image.Image) -> list[int]:
    """A number for each row, the leftmost pixel in its highest bit; the width is a multiple of eight."""
    pixels, width = image.tobytes(), image.width // 8
    return [int.from_bytes(pixels[at : at + width]) for at in range(0, len(pixels), width)]


def _bands(rows: list[int], down: int) -> Iterator[tuple[int, int]]:
    """First row and the one behind the last, of rows that changed; they begin where the controller can."""
    steps = "".join("01"[any(rows[top : top + down])] for top in range(0, len(rows), down))
    for first, last in _runs(steps, 0):
        for top in range(first * down, last * down, BAND):
            yield top, min(top + BAND, last * down)


def _runs(bits: str, gap: int) -> Iterator[tuple[int, int]]:
    """Where ones are, zeros between them included where they are no more than `gap`."""
    return (found.span() for found in re.finditer(f"1(?:0{{0,{gap}}}1)*", bits))


def frame_bytes(chip: str, before: Image.Image | None, after: Image.Image) -> int:
    """Bytes on the bus for a frame, each transfer's address and control byte included."""
    controller = CONTROLLERS[chip]
    return sum(
        4 + len(controller.window(box)) + len(controller.pixels(after.crop(box)))
        for box in changed_windows(controller, before, after)
    )


def frame_time_s(chip: str, before: Image.Image | None, after: Image.Image, bus_hz: int = I2C_HZ) -> float:
    """How long a frame takes on the wire, with nine clocks for each byte."""
    return frame_bytes(chip, before, after) * 9 / bus_hz


class Glass:
    """A luma device that is sent only what changed, and set up again after its bus has failed.

    Every method raises OSError or luma's Error while the bus fails.
    """

    def __init__(self, open_device: Callable[[Any], Any], bus: Any, chip: str) -> None:
        recorded = _Recorded(bus)
        self._device = open_device(recorded)
        self._set_up = recorded.finish()
        self._controller = CONTROLLERS[chip]
        self._shown: Image.Image | None = None
        self._contrast: int | None = None
        self._on = True
        self.size: tuple[int, int] = self._device.size

    def show(self, picture: Image.Image, *, contrast: int) -> None:
        """A 1-bit picture of this glass's size."""
        self._set_contrast(contrast)
        after = self._device.preprocess(picture)
        for box in changed_windows(self._controller, self._shown, after):
            self._device.command(*self._controller.window(box))
            self._device.data(list(self._controller.pixels(after.crop(box))))
        self._shown = after
        self._switch(on=True)

    def rest(self) -> None:
        """Dark, and sparing its pixels."""
        self._switch(on=False)

    def set_up_again(self) -> None:
        """Nothing is known of the chip any more: it may have lost its power."""
        self._shown, self._contrast = None, None
        for command in self._set_up:
            self._device.command(*command)
        self._on = True

    def close(self) -> None:
        self._device.cleanup()

    def _set_contrast(self, contrast: int) -> None:
        if contrast != self._contrast:
            self._device.contrast(contrast)
            self._contrast = contrast

    def _switch(self, *, on: bool) -> None:
        if on is not self._on:
            (self._device.show if on else self._device.hide)()
            self._on = on


class NoGlass(Glass):
    """In place of a display that does not answer: shows nothing."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size

    def show(self, picture: Image.Image, *, contrast: int) -> None: ...
    def rest(self) -> None: ...
    def set_up_again(self) -> None: ...
    def close(self) -> None: ...


class _Recorded:
    """luma's serial interface, remembering the commands that set a device up."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self._commands: list[tuple[int, ...]] = []
        self.command = self._record
        self.data = bus.data
        self.cleanup = bus.cleanup

    def finish(self) -> tuple[tuple[int, ...], ...]:
        self.command = self._bus.command
        return tuple(self._commands)

    def _record(self, *command: int) -> None:
        self._commands.append(command)
        self._bus.command(*command)
