"""Fingers and a handset on the simulated pins of the guest: the wires between rows, columns and hook."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

_AGREEING = 4
"""Sweeps in a row for which a key surely stays as it is: one more than the keypad's driver wants."""

_PATIENCE_S = 30.0

SETTLES_S = 0.01
"""From a driven row to its columns at the most, even on a loaded machine."""

# A look that comes later may have been too late for this sweep: it does not count.
_LATE_S = 0.006


class Unscanned(Exception):
    pass


class Pin:
    """One line of gpio-sim: what is seen on it, and what an idle line is pulled to."""

    def __init__(self, folder: Path) -> None:
        self._value = os.open(folder / "value", os.O_RDONLY)
        self._pull = os.open(folder / "pull", os.O_WRONLY)
        self.pulled_up: bool | None = None

    @property
    def low(self) -> bool:
        return os.pread(self._value, 1, 0) == b"0"

    def pull(self, *, up: bool) -> None:
        os.pwrite(self._pull, b"pull-up" if up else b"pull-down", 0)
        self.pulled_up = up


def pin_folders() -> Path:
    """Of the first gpio-sim chip, which stands in for the Raspberry Pi's own pins."""
    found = sorted(Path("/sys/bus/gpio/devices").glob("gpiochip*/sim_gpio0"))
    if not found:
        raise Unscanned("no gpio-sim in /sys/bus/gpio/devices: is its module in the image?")
    return found[0].parent


class Hands:
    """`pins` as hardware/pins.toml has them: {"hook": 26, "rows": [...], "columns": [...], "layout": [...]}.

    A hook whose polarity is learned is closed (low) while the handset is lifted.
    """

    def __init__(self, pins: dict[str, object], turn_slow: Callable[[bool], None]) -> None:
        folder = pin_folders()

        def pin(number: object) -> Pin:
            return Pin(folder / f"sim_gpio{number}")

        self._layout: list[str] = pins["layout"]  # type: ignore[assignment]
        self._hook = pin(pins["hook"])
        self._rows = [pin(number) for number in pins["rows"]]  # type: ignore[attr-defined]
        self._columns = [pin(number) for number in pins["columns"]]  # type: ignore[attr-defined]
        self._turn_slow = turn_slow
        for each in (self._hook, *self._rows, *self._columns):
            each.pull(up=True)

    def lift(self) -> None:
        self._hook.pull(up=False)

    def lower(self) -> None:
        self._hook.pull(up=True)

    def press(self, keys: str, hold_s: float = 0.0) -> None:
        """Each key down until the driver must have seen it, and up again until it must have seen that."""
        wires = _Wires(self._rows, self._columns)
        self._turn_slow(True)
        wires.start()
        try:
            for key in keys:
                row = next(index for index, names in enumerate(self._layout) if key in names)
                wires.close(row, self._layout[row].index(key))
                wires.wait_for_sweeps(row, _AGREEING)
                time.sleep(hold_s)
                wires.open()
                wires.wait_for_sweeps(row, _AGREEING)
        finally:
            wires.stop()
            self._turn_slow(False)


class _Wires:
    """While a finger is on the keypad: a pressed key's column is low as long as its row is driven low."""

    def __init__(self, rows: list[Pin], columns: list[Pin]) -> None:
        self._rows = rows
        self._columns = columns
        self._closed: tuple[int, int] | None = None
        self._sweeps = [0] * len(rows)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="wires")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._thread.join()

    def close(self, row: int, column: int) -> None:
        self._closed = (row, column)

    def open(self) -> None:
        self._closed = None

    def wait_for_sweeps(self, row: int, count: int) -> None:
        self._sweeps[row] = 0
        deadline = time.monotonic() + _PATIENCE_S
        while self._sweeps[row] < count:
            if time.monotonic() > deadline:
                raise Unscanned(f"nothing scanned row {row} for {_PATIENCE_S:.0f} s")
            time.sleep(0.005)

    def _run(self) -> None:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
        driven = [False] * len(self._rows)
        before = time.monotonic()
        while not self._stopping:
            low = [row.low for row in self._rows]
            self._connect(low)
            now = time.monotonic()
            for index, is_low in enumerate(low):
                if is_low and not driven[index]:
                    self._sweeps[index] = 0 if now - before > _LATE_S else self._sweeps[index] + 1
            driven, before = low, now
            time.sleep(0.0002)
        self._connect([False] * len(self._rows))

    def _connect(self, low: list[bool]) -> None:
        closed = self._closed
        for index, column in enumerate(self._columns):
            up = closed is None or closed[1] != index or not low[closed[0]]
            if column.pulled_up is not up:
                column.pull(up=up)
