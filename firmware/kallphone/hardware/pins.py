from __future__ import annotations

import difflib
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kallphone.hardware.errors import PinsInvalid

T = TypeVar("T")

KEYS = "0123456789*#ABCD"
CHIP_ROWS = {"ssd1306": 64, "sh1106": 64, "ssd1327": 128}

BOUNCE_MS = 300
"""Hook switches may bounce for so long: below it nothing hangs up."""

SHORTEST_FLASH_MS = 40
LONGEST_FLASH_MS = 1500


@dataclass(frozen=True)
class HookPins:
    """`lifted_closed` is None where it is to be learned; `flash_s` the shortest and the longest flash."""

    pin: int
    lifted_closed: bool | None
    flash_s: tuple[float, float] = (0.08, 0.5)


@dataclass(frozen=True)
class KeypadPins:
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    layout: tuple[str, ...]

    def key(self, row: int, column: int) -> str:
        return self.layout[row][column]

    def place(self, key: str) -> tuple[int, int]:
        """Row and column of a key; ValueError where the keypad has no such key."""
        for row, keys in enumerate(self.layout):
            if len(key) == 1 and key in keys:
                return row, keys.index(key)
        raise ValueError(f"no key {key!r} on this keypad: it has {' '.join(''.join(self.layout))}")


@dataclass(frozen=True)
class LampPins:
    line: int
    message: int
    active_high: bool


@dataclass(frozen=True)
class RingerPins:
    """`device` is the ALSA device that rings, empty for the buzzer alone."""

    pin: int
    active_high: bool
    device: str = ""


@dataclass(frozen=True)
class DisplayWiring:
    """`address` on I2C bus `bus`; size in pixels, `rotate` in quarter turns."""

    chip: str
    bus: int
    address: int
    width: int
    height: int
    rotate: int


@dataclass(frozen=True)
class Pins:
    hook: HookPins
    keypad: KeypadPins
    lamps: LampPins
    ringer: RingerPins
    display: DisplayWiring

    def numbers(self) -> Iterator[tuple[str, int]]:
        yield "hook.pin", self.hook.pin
        for row, pin in enumerate(self.keypad.rows):
            yield f"keypad.rows[{row}]", pin
        for column, pin in enumerate(self.keypad.columns):
            yield f"keypad.columns[{column}]", pin
        yield "lamps.line", self.lamps.line
        yield "lamps.message", self.lamps.message
        yield "ringer.pin", self.ringer.pin


def default_path() -> Path:
    """The table of the checkout this runs from, else the one that the installed distribution brought."""
    checkout = Path(__file__).resolve().parents[3] / "hardware" / "pins.toml"
    return checkout if checkout.is_file() else Path(sysconfig.get_path("data")) / "share/kallphone/pins.toml"


def load_pins(path: Path | None = None) -> Pins:
    path = path or default_path()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PinsInvalid(f"cannot read the pin table {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PinsInvalid(f"{path} is not valid TOML: {error}") from error
    try:
        return _pins(table)
    except PinsInvalid as error:
        raise PinsInvalid(f"{path}: {error}") from None


class _Table:
    """One table of the file, from which every value is taken once and nothing may be left."""

    def __init__(self, name: str, values: Any) -> None:
        if not isinstance(values, dict):
            raise PinsInvalid(f"[{name}] is missing")
        self._name = name
        self._left = dict(values)
        self._known: list[str] = []

    def take(self, key: str, kind: type[T]) -> T:
        self._known.append(key)
        value = self._left.pop(key, None)
        if type(value) is not kind:
            raise PinsInvalid(f"{self._name}.{key} wants {kind.__name__}, not {value!r}")
        return value

    def take_pins(self, key: str) -> tuple[int, ...]:
        values: list[Any] = self.take(key, list)
        if not values or any(type(value) is not int for value in values):
            raise PinsInvalid(f"{self._name}.{key} wants GPIO numbers, not {values!r}")
        return tuple(values)

    def take_choice(self, key: str, choices: tuple[T, ...]) -> T:
        value = self.take(key, type(choices[0]))
        if value not in choices:
            raise PinsInvalid(f"{self._name}.{key} is {value!r}: use one of {', '.join(map(str, choices))}")
        return value

    def finish(self) -> None:
        for key in self._left:
            close = difflib.get_close_matches(key, self._known, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            raise PinsInvalid(f"{self._name}.{key} is not known{meant}")


def _pins(table: dict[str, Any]) -> Pins:
    names = ("hook", "keypad", "lamps", "ringer", "display")
    tables = {name: _Table(name, table.get(name)) for name in names}
    pins = Pins(
        hook=_hook(tables["hook"]),
        keypad=_keypad(tables["keypad"]),
        lamps=_lamps(tables["lamps"]),
        ringer=_ringer(tables["ringer"]),
        display=_display(tables["display"]),
    )
    for each in tables.values():
        each.finish()
    _check_numbers(pins)
    return pins


def _hook(table: _Table) -> HookPins:
    lifted = table.take_choice("lifted", ("closed", "open", "learn"))
    flash_ms: list[Any] = table.take("flash_ms", list)
    if len(flash_ms) != 2 or any(type(ms) is not int for ms in flash_ms) or not _is_flash(*flash_ms):
        raise PinsInvalid(
            f"hook.flash_ms wants the shortest and the longest flash, such as [80, 500], not {flash_ms!r}: "
            f"no shorter than {SHORTEST_FLASH_MS}, and between {BOUNCE_MS} and {LONGEST_FLASH_MS} at most"
        )
    closed = None if lifted == "learn" else lifted == "closed"
    return HookPins(table.take("pin", int), closed, (flash_ms[0] / 1000, flash_ms[1] / 1000))


def _is_flash(shortest: int, longest: int) -> bool:
    return SHORTEST_FLASH_MS <= shortest < longest and BOUNCE_MS < longest <= LONGEST_FLASH_MS


def _ringer(table: _Table) -> RingerPins:
    return RingerPins(table.take("pin", int), table.take("active_high", bool), table.take("device", str))


def _keypad(table: _Table) -> KeypadPins:
    layout: list[Any] = table.take("layout", list)
    keypad = KeypadPins(table.take_pins("rows"), table.take_pins("columns"), tuple(layout))
    size = (len(keypad.rows), len(keypad.columns))
    if len(keypad.layout) != size[0] or any(
        not isinstance(keys, str) or len(keys) != size[1] for keys in keypad.layout
    ):
        raise PinsInvalid(f"keypad.layout wants {size[0]} strings of {size[1]} keys, one for each row")
    keys = "".join(keypad.layout)
    if set(keys) - set(KEYS) or len(set(keys)) != len(keys):
        raise PinsInvalid(f"keypad.layout has {keys!r}: each of {KEYS} at most once, and nothing else")
    return keypad


def _lamps(table: _Table) -> LampPins:
    return LampPins(table.take("line", int), table.take("message", int), table.take("active_high", bool))


def _display(table: _Table) -> DisplayWiring:
    chip = table.take_choice("chip", tuple(CHIP_ROWS))
    return DisplayWiring(
        chip=chip,
        bus=table.take("bus", int),
        address=table.take("address", int),
        width=table.take_choice("width", (128,)),
        height=table.take_choice("height", (CHIP_ROWS[chip],)),
        rotate=table.take_choice("rotate", (0, 1, 2, 3)),
    )


def _check_numbers(pins: Pins) -> None:
    users: dict[int, str] = {}
    for user, pin in pins.numbers():
        if not 4 <= pin <= 27:
            raise PinsInvalid(f"{user} is GPIO {pin}: use 4 to 27 (0 to 3 are the identity EEPROM and I2C)")
        if pin in users:
            raise PinsInvalid(f"{user} and {users[pin]} are both on GPIO {pin}: give each its own pin")
        users[pin] = user
