from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from itertools import islice
from typing import Any, ClassVar

from luma.core.interface.serial import i2c
from PIL import Image

from kallphone.hardware.pins import DisplayWiring

_COMMANDS, _DATA = 0x00, 0x40


class SimulatedI2c:
    """What luma takes for an SMBus: one OLED controller on it, which can be unplugged."""

    def __init__(self, wiring: DisplayWiring) -> None:
        self._wiring = wiring
        self.plugged = True
        self.bytes = 0
        self.power_up()

    @property
    def image(self) -> Image.Image:
        """What the eye sees on the glass, mounted as `rotate = 0` has it: black while it is off."""
        return self.chip.glass()

    def power_up(self) -> None:
        """The chip as it is when its power comes: dark, its memory full of noise."""
        self.chip: SimulatedChip = _CHIPS[self._wiring.chip](self._wiring.width, self._wiring.height)

    def serial(self) -> Any:
        return i2c(bus=self, address=self._wiring.address)

    def write_i2c_block_data(self, address: int, control: int, payload: list[int]) -> None:
        """One transfer; `bytes` counts its address and control bytes too."""
        if not self.plugged or address != self._wiring.address:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        self.bytes += 2 + len(payload)
        if control == _DATA:
            for byte in payload:
                self.chip.write(byte)
        elif control == _COMMANDS:
            self.chip.obey(payload)
        else:
            raise ValueError(f"control byte {control:#x}")


class SimulatedChip(ABC):
    """An OLED controller and its glass, as far as a picture depends on it.

    A command that is cut off by the end of its transfer has no effect.
    """

    argument_counts: ClassVar[dict[int, int]]
    ignored: ClassVar[frozenset[int]] = frozenset()

    def __init__(self, width: int, height: int, memory: int) -> None:
        self.width, self.height = width, height
        self.ram = bytearray(index * 37 + 11 & 0xFF for index in range(memory))
        self.on = self.inverse = self.all_on = False
        self.contrast = 0x7F
        self.start_line = self.offset = 0
        self.multiplex = height

    def obey(self, payload: list[int]) -> None:
        rest = iter(payload)
        for command in rest:
            count = self.argument_counts.get(command, 0)
            arguments = list(islice(rest, count))
            if len(arguments) == count and command not in self.ignored:
                self._command(command, arguments)

    def glass(self) -> Image.Image:
        image = Image.new("1", (self.width, self.height))
        if self.on:
            image.putdata([255 * self._lit(x, y) for y in range(self.height) for x in range(self.width)])
        return image

    @abstractmethod
    def write(self, byte: int) -> None: ...

    @abstractmethod
    def _own_command(self, command: int, arguments: list[int]) -> None: ...

    @abstractmethod
    def _stored(self, x: int, y: int) -> bool: ...

    def _lit(self, x: int, y: int) -> bool:
        if y >= self.multiplex:
            return False
        row = (y + self.start_line + self.offset) % self.height
        return self.all_on or self._stored(x, row) is not self.inverse

    def _command(self, command: int, arguments: list[int]) -> None:
        match command:
            case 0x81:
                self.contrast = arguments[0]
            case 0xA4 | 0xA5:
                self.all_on = command == 0xA5
            case 0xA8:
                self.multiplex = arguments[0] + 1
            case 0xAE | 0xAF:
                self.on = command == 0xAF
            case _:
                self._own_command(command, arguments)


class SimulatedSsd1306(SimulatedChip):
    """Solomon SSD1306: 128 columns in 8 pages, three addressing modes."""

    argument_counts: ClassVar = {
        0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA8: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1,
    }
    ignored: ClassVar = frozenset({0x8D, 0xD5, 0xD9, 0xDA, 0xDB, 0xE3})
    columns = 128
    margin = 0

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height, self.columns * height // 8)
        self.mode = 2
        self.column, self.page = 0, 0
        self.column_range, self.page_range = (0, self.columns - 1), (0, height // 8 - 1)
        self.segments_mirrored = self.rows_mirrored = False

    def write(self, byte: int) -> None:
        self.ram[self.page * self.columns + self.column] = byte
        if self.mode == 2:
            self.column = (self.column + 1) % self.columns
        elif self.mode == 0:
            self.column, wrapped = _next(self.column, self.column_range)
            self.page = _next(self.page, self.page_range)[0] if wrapped else self.page
        else:
            self.page, wrapped = _next(self.page, self.page_range)
            self.column = _next(self.column, self.column_range)[0] if wrapped else self.column

    def _own_command(self, command: int, arguments: list[int]) -> None:
        match command:
            case 0x20:
                self.mode = arguments[0] & 3
            case 0x21:
                self.column_range = (arguments[0], arguments[1])
                self.column = arguments[0]
            case 0x22:
                self.page_range = (arguments[0], arguments[1])
                self.page = arguments[0]
            case 0xA6 | 0xA7:
                self.inverse = command == 0xA7
            case 0xD3:
                self.offset = arguments[0]
            case _:
                self._bare_command(command)

    def _bare_command(self, command: int) -> None:
        """Commands that carry their value in their low bits."""
        match command:
            case _ if command < 0x10:
                self.column = self.column & 0xF0 | command
            case _ if command < 0x20:
                self.column = self.column & 0x0F | (command & 0x0F) << 4
            case _ if 0x40 <= command < 0x80:
                self.start_line = command & 0x3F
            case 0xA0 | 0xA1:
                self.segments_mirrored = command == 0xA1
            case _ if 0xB0 <= command < 0xB8:
                self.page = command & 0x07
            case 0xC0 | 0xC8:
                self.rows_mirrored = command == 0xC8
            case _:
                raise ValueError(f"{type(self).__name__} has no command {command:#04x}")

    def _stored(self, x: int, y: int) -> bool:
        # Modules are mounted so that their picture stands upright when both directions are mirrored.
        column = x if self.segments_mirrored else self.width - 1 - x
        row = y if self.rows_mirrored else self.height - 1 - y
        return bool(self.ram[row // 8 * self.columns + column + self.margin] >> row % 8 & 1)


class SimulatedSh1106(SimulatedSsd1306):
    """Sino Wealth SH1106: 132 columns, of which the glass has the middle 128, and page addressing only."""

    argument_counts: ClassVar = {0x81: 1, 0xA8: 1, 0xAD: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1}
    # luma sends two commands of the SSD1306's as well.
    ignored: ClassVar = frozenset({0x20, 0x8D, 0xAD, 0xD5, 0xD9, 0xDA, 0xDB, 0xE3})
    columns = 132
    margin = 2


class SimulatedSsd1327(SimulatedChip):
    """Solomon SSD1327: 128x128 in 16 shades, two pixels in a byte."""

    # luma fills the table of shades (0xB8) as in the SSD1325, with 8 bytes for 15: it ends with its transfer.
    argument_counts: ClassVar = {
        0x15: 2, 0x75: 2, 0x81: 1, 0xA0: 1, 0xA1: 1, 0xA2: 1, 0xA8: 1, 0xAB: 1, 0xB1: 1, 0xB3: 1, 0xB6: 1,
        0xB8: 15, 0xBC: 1, 0xBE: 1, 0xD5: 1, 0xFD: 1,
    }
    ignored: ClassVar = frozenset({0xAB, 0xB1, 0xB3, 0xB6, 0xB8, 0xB9, 0xBC, 0xBE, 0xD5, 0xFD})
    pairs = 64

    def __init__(self, width: int, height: int) -> None:
        super().__init__(width, height, self.pairs * height)
        self.column, self.row = 0, 0
        self.column_range, self.row_range = (0, self.pairs - 1), (0, height - 1)
        self.remap = 0

    def write(self, byte: int) -> None:
        self.ram[self.row * self.pairs + self.column] = byte
        if self.remap & 0x04:
            self.row, wrapped = _next(self.row, self.row_range)
            self.column = _next(self.column, self.column_range)[0] if wrapped else self.column
        else:
            self.column, wrapped = _next(self.column, self.column_range)
            self.row = _next(self.row, self.row_range)[0] if wrapped else self.row

    def _own_command(self, command: int, arguments: list[int]) -> None:
        match command:
            case 0x15:
                self.column_range = (arguments[0], arguments[1])
                self.column = arguments[0]
            case 0x75:
                self.row_range = (arguments[0], arguments[1])
                self.row = arguments[0]
            case 0xA0:
                self.remap = arguments[0]
            case 0xA1:
                self.start_line = arguments[0]
            case 0xA2:
                self.offset = arguments[0]
            case 0xA7:
                self.inverse = True
            case _:
                raise ValueError(f"{type(self).__name__} has no command {command:#04x}")

    def _stored(self, x: int, y: int) -> bool:
        # Mounted as the SSD1306; rows alternate between the two sides of the glass ("COM split").
        if not self.remap & 0x40:
            y = y // 2 if y % 2 == 0 else self.height // 2 + y // 2
        column = x if self.remap & 0x01 else self.width - 1 - x
        row = y if self.remap & 0x10 else self.height - 1 - y
        odd_is_high = bool(self.remap & 0x01) is bool(self.remap & 0x02)
        shade = self.ram[row * self.pairs + column // 2] >> (4 if column % 2 == odd_is_high else 0) & 0x0F
        return shade >= 8


_CHIPS: dict[str, type[Any]] = {
    "ssd1306": SimulatedSsd1306,
    "sh1106": SimulatedSh1106,
    "ssd1327": SimulatedSsd1327,
}


def _next(value: int, span: tuple[int, int]) -> tuple[int, bool]:
    first, last = span
    return (first, True) if value == last else (value + 1, False)
