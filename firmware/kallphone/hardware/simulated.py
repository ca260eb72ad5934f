from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from gpiozero.pins.mock import MockFactory, MockPin

from kallphone.hardware.board import Board, Surroundings
from kallphone.hardware.errors import KeypadUnscanned
from kallphone.hardware.keypad import SETTLES_AFTER
from kallphone.hardware.oled import glass_on
from kallphone.hardware.pins import HookPins, KeypadPins, Pins
from kallphone.hardware.simulated_alsa import SimulatedAlsa
from kallphone.hardware.simulated_oled import SimulatedI2c
from kallphone.ports import Post

# How long a finger waits for a scanner that must be dead: far beyond any load of the machine.
TAP_TIMEOUT_S = 10.0


class _ContactPin(MockPin):  # type: ignore[misc]
    """An input with a switch to ground: a closed switch wins over the pull-up."""

    closed = False

    def touch(self, *, closed: bool) -> None:
        self.closed = closed
        self._settle()

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self._settle()

    def _settle(self) -> None:
        if self.closed:
            self.drive_low()
        else:
            self.drive_high()


class _RowPin(MockPin):  # type: ignore[misc]
    """A pin that tells when it starts or stops to pull its wire low."""

    changed: Callable[[], None] | None = None

    @property
    def pulls_low(self) -> bool:
        return bool(self._function == "output" and not self._state)

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        self._tell()

    def _set_state(self, value: float) -> None:
        super()._set_state(value)
        self._tell()

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()


class SimulatedHook:
    """The hand on the handset; exists before the HookSwitch that reads its pin.

    A hook whose polarity is to be learned is closed while the handset is lifted.
    """

    def __init__(self, pins: HookPins, factory: MockFactory) -> None:
        self._pin = factory.pin(pins.pin, pin_class=_ContactPin)
        self._lifted_closed = pins.lifted_closed is not False
        self.lower()

    def lift(self) -> None:
        self._pin.touch(closed=self._lifted_closed)

    def lower(self) -> None:
        self._pin.touch(closed=not self._lifted_closed)


class SimulatedKeypad:
    """Fingers on a matrix without diodes; exists before the MatrixKeypad that scans its pins."""

    def __init__(self, pins: KeypadPins, factory: MockFactory) -> None:
        self._pins = pins
        self._closed: set[tuple[int, int]] = set()
        self._columns = [factory.pin(pin) for pin in pins.columns]
        self._rows = [factory.pin(pin, pin_class=_RowPin) for pin in pins.rows]
        self._driven = [False] * len(self._rows)
        self._sweeps = [0] * len(self._rows)
        self._wires = threading.Condition(threading.RLock())
        for row in self._rows:
            row.changed = self._row_changed

    @property
    def layout(self) -> tuple[str, ...]:
        return self._pins.layout

    def press(self, key: str) -> None:
        with self._wires:
            self._closed.add(self._pins.place(key))
            self._settle()

    def release(self, key: str) -> None:
        with self._wires:
            self._closed.discard(self._pins.place(key))
            self._settle()

    def tap(self, key: str) -> None:
        """Press and release, each held until the scanner must have seen it, however slow the machine."""
        self.press(key)
        self.release_once_seen(key)

    def release_once_seen(self, key: str) -> None:
        row, _ = self._pins.place(key)
        try:
            self._wait_until_scanned(row)
        finally:
            self.release(key)
        self._wait_until_scanned(row)

    def _wait_until_scanned(self, row: int) -> None:
        with self._wires:
            enough = self._sweeps[row] + SETTLES_AFTER + 1
            if not self._wires.wait_for(lambda: self._sweeps[row] >= enough, TAP_TIMEOUT_S):
                raise KeypadUnscanned(f"nothing scanned row {row} for {TAP_TIMEOUT_S:g} s: start the keypad")

    def _row_changed(self) -> None:
        with self._wires:
            for index, row in enumerate(self._rows):
                self._sweeps[index] += row.pulls_low and not self._driven[index]
                self._driven[index] = row.pulls_low
            self._settle()
            self._wires.notify_all()

    def _settle(self) -> None:
        low = self._low_columns()
        for index, column in enumerate(self._columns):
            if index in low:
                column.drive_low()
            else:
                column.drive_high()

    def _low_columns(self) -> set[int]:
        """Current finds every way: through a closed key up another row, and down its other keys."""
        rows = {index for index, driven in enumerate(self._driven) if driven}
        columns: set[int] = set()
        for _ in self._rows:
            columns |= {column for row, column in self._closed if row in rows}
            rows |= {row for row, column in self._closed if column in columns}
        return columns


class SimulatedBoard(Board):
    """The real drivers on mock pins, simulated I2C and a simulated sound card, with hands to move them."""

    def __init__(self, pins: Pins, post: Post) -> None:
        factory = MockFactory()
        self.hand = SimulatedHook(pins.hook, factory)
        self.fingers = SimulatedKeypad(pins.keypad, factory)
        self.oled = SimulatedI2c(pins.display)
        self.alsa = SimulatedAlsa()
        # The simulated hook closes while the handset is lifted, as long as the table does not say otherwise.
        given = Surroundings(hook_lifted_closed=True, alsa=self.alsa, cards=Path(os.devnull))
        super().__init__(pins, post, factory, glass_on(self.oled.serial(), pins.display), given)
        self._factory = factory
        self._pins = pins

    def lamps_lit(self) -> tuple[bool, bool]:
        """Line and message lamp, as their pins say."""
        lamps = self._pins.lamps
        return tuple(  # type: ignore[return-value]
            bool(self._factory.pin(pin).state) is lamps.active_high for pin in (lamps.line, lamps.message)
        )
