"""The 40-pin header of every Raspberry Pi since the B+, and which of its pins the phone uses for what."""

from __future__ import annotations

from collections.abc import Iterator

from kallphone.hardware.pins import Pins

POWER = {
    **dict.fromkeys((1, 17), "+3V3"),
    **dict.fromkeys((2, 4), "+5V"),
    **dict.fromkeys((6, 9, 14, 20, 25, 30, 34, 39), "GND"),
}

GPIO_AT = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9, 22: 25,
    23: 11, 24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16, 37: 26, 38: 20, 40: 21,
}  # fmt: skip

POSITION_OF = {gpio: position for position, gpio in GPIO_AT.items()}

# What no table can move: buses are where the SoC has them, and config.txt reads the jumper.
FIXED = {
    0: "ID_SD", 1: "ID_SC", 2: "SDA", 3: "SCL", 7: "OTHER_SYSTEM",
    18: "I2S_BCLK", 19: "I2S_FS", 20: "I2S_DIN", 21: "I2S_DOUT",
}  # fmt: skip


def nets(pins: Pins) -> Iterator[tuple[int, str]]:
    """GPIO number and net name of every pin that the pin table names."""
    yield pins.hook.pin, "HOOK"
    for row, pin in enumerate(pins.keypad.rows, 1):
        yield pin, f"KEY_ROW{row}"
    for column, pin in enumerate(pins.keypad.columns, 1):
        yield pin, f"KEY_COL{column}"
    yield pins.lamps.line, "LAMP_LINE"
    yield pins.lamps.message, "LAMP_MESSAGE"
    yield pins.ringer.pin, "RINGER"


def net_at(pins: Pins) -> dict[int, str]:
    """Net of every header position that is used; what is missing stays unconnected."""
    used = {**FIXED, **dict(nets(pins))}
    return POWER | {POSITION_OF[gpio]: net for gpio, net in used.items()}
