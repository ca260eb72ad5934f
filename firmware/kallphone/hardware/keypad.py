from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from gpiozero import DigitalInputDevice, GPIODevice

from kallphone.hardware.pins import KeypadPins
from kallphone.phone.events import KeyHeld, KeyPressed
from kallphone.ports import Post

SCAN_S = 0.01

SETTLES_AFTER = 3
"""Scans that must agree before a key counts as pressed, or as released."""

HELD_AFTER_S = 0.8

# An edge that the kernel dropped is made up for this much later.
REREAD_S = 1.0

Place = tuple[int, int]


class MatrixKeypad:
    """A matrix of bare contacts without diodes: one KeyPressed for each key that goes down, and one
    KeyHeld for each that stays down.

    Only the scanned row is driven (low), the others float: two keys in one column can't short two outputs.
    """

    def __init__(
        self, pins: KeypadPins, post: Post, pin_factory: Any, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pins = pins
        self._post = post
        self._clock = clock
        self._down: set[Place] = set()
        self._held_at: dict[Place, float] = {}
        self._changing: dict[Place, int] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keypad", daemon=True)
        self._rows = [GPIODevice(pin, pin_factory=pin_factory) for pin in pins.rows]
        self._columns = [
            DigitalInputDevice(pin, pull_up=True, pin_factory=pin_factory) for pin in pins.columns
        ]
        for row in self._rows:
            row.pin.function = "input"
        for column in self._columns:
            column.when_activated = self._wake.set

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        for device in (*self._rows, *self._columns):
            device.close()

    def down(self) -> frozenset[str]:
        """The keys that count as pressed now."""
        return frozenset(self._pins.key(*place) for place in tuple(self._down))

    def scan(self) -> frozenset[Place]:
        """Every crossing that conducts now, ghosts included."""
        return frozenset(
            (row, column) for row in range(len(self._rows)) for column in self._columns_seen_by(row)
        )

    def step(self) -> bool:
        """Scan once and post what has settled; false once every key is up and nothing is settling."""
        closed = self.scan()
        if not _has_ghosts(closed):
            self._settle(closed)
            self._tell_held()
        return bool(closed or self._down or self._changing)

    def _columns_seen_by(self, row: int) -> list[int]:
        pin = self._rows[row].pin
        pin.output_with_state(0)
        seen = [index for index, column in enumerate(self._columns) if column.is_active]
        pin.function = "input"
        return seen

    def _settle(self, closed: frozenset[Place]) -> None:
        moving = closed ^ self._down
        self._changing = {place: self._changing.get(place, 0) + 1 for place in moving}
        for place in sorted(place for place, scans in self._changing.items() if scans >= SETTLES_AFTER):
            del self._changing[place]
            self._down ^= {place}
            if place in self._down:
                self._held_at[place] = self._clock() + HELD_AFTER_S
                self._post(KeyPressed(self._pins.key(*place)))
            else:
                self._held_at.pop(place, None)

    def _tell_held(self) -> None:
        now = self._clock()
        for place in sorted(place for place, at in self._held_at.items() if now >= at):
            del self._held_at[place]
            self._post(KeyHeld(self._pins.key(*place)))

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self.step():
                self._stopping.wait(SCAN_S)
            else:
                self._sleep_until_touched()

    def _sleep_until_touched(self) -> None:
        # All rows low: any key pulls its column down, and that edge wakes. A key pressed just before
        # has no edge left to give, so the columns are looked at once more.
        self._wake.clear()
        for row in self._rows:
            row.pin.output_with_state(0)
        if not any(column.is_active for column in self._columns) and not self._stopping.is_set():
            self._wake.wait(REREAD_S)
        for row in self._rows:
            row.pin.function = "input"


def _has_ghosts(closed: frozenset[Place]) -> bool:
    """Three corners of a rectangle conduct the fourth, so of such four nobody knows which is not pressed."""
    rows: dict[int, set[int]] = {}
    for row, column in closed:
        rows.setdefault(row, set()).add(column)
    held = list(rows.values())
    return any(len(one & other) > 1 for index, one in enumerate(held) for other in held[index + 1 :])
