from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luma.core.error import Error as LumaError

from kallphone.hardware.drawing import draw
from kallphone.hardware.errors import DeviceMissing
from kallphone.hardware.glass import FULL_CONTRAST, I2C_HZ, NORMAL_CONTRAST, RESTING_CONTRAST, Glass
from kallphone.hardware.pins import DisplayWiring
from kallphone.phone.screens import Screen

log = logging.getLogger(__name__)

RETRY_S = 1.0

ADAPTERS = Path("/sys/class/i2c-adapter")


class OledDisplay:
    """Draws on its own thread; of the screens that came meanwhile only the latest is drawn.

    While the bus fails, the latest screen is tried again each `retry_s`, on a display that is set up anew.
    `on_frame` is called, on that thread, when a screen is on the glass.
    """

    def __init__(self, glass: Glass, *, retry_s: float = RETRY_S) -> None:
        self.drawn = 0
        self.on_frame: Callable[[], None] | None = None
        self._glass = glass
        self._retry_s = retry_s
        self._latest: Screen | None = None
        self._drawing = False
        self._failing = False
        self._stopping = False
        self._slot = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._slot:
            self._stopping = True
            self._slot.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._glass.close()
        except (OSError, LumaError) as error:
            log.warning("display not switched off: %s", error)

    def show(self, screen: Screen) -> None:
        with self._slot:
            self._latest = screen
            self._slot.notify_all()

    def settle(self, timeout_s: float) -> bool:
        """Wait until the latest screen is on the glass; false where it is not in time."""
        with self._slot:
            return self._slot.wait_for(lambda: self._latest is None and not self._drawing, timeout_s)

    def _run(self) -> None:
        while (screen := self._take()) is not None:
            done = self._put_on_glass(screen)
            if done and self.on_frame is not None:
                self.on_frame()
            with self._slot:
                self._drawing = False
                if done:
                    self.drawn += 1
                elif self._latest is None:
                    self._latest = screen
                self._slot.notify_all()

    def _take(self) -> Screen | None:
        with self._slot:
            if self._failing:
                self._slot.wait_for(lambda: self._stopping, self._retry_s)
            self._slot.wait_for(lambda: self._latest is not None or self._stopping)
            if self._stopping:
                return None
            screen, self._latest = self._latest, None
            self._drawing = True
            return screen

    def _put_on_glass(self, screen: Screen) -> bool:
        try:
            if self._failing:
                self._glass.set_up_again()
            self._put(screen)
        except (OSError, LumaError) as error:
            if not self._failing:
                log.warning("the display does not answer, trying again until it does: %s", error)
            self._failing = True
            return False
        if self._failing:
            log.warning("the display answers again")
        self._failing = False
        return True

    def _put(self, screen: Screen) -> None:
        if screen.asleep and not screen.text.strip():
            self._glass.rest()
        else:
            self._glass.show(draw(screen, self._glass.size), contrast=_contrast(screen))


def _contrast(screen: Screen) -> int:
    if screen.asleep:
        return RESTING_CONTRAST
    return FULL_CONTRAST if screen.bright else NORMAL_CONTRAST


def open_oled(wiring: DisplayWiring) -> Glass:
    """The display on its I2C bus; DeviceMissing where nothing answers there."""
    from luma.core.interface.serial import i2c

    try:
        glass = glass_on(i2c(port=wiring.bus, address=wiring.address), wiring)
    except (OSError, LumaError) as error:
        raise DeviceMissing(
            f"no {wiring.chip} display at {wiring.address:#x} on I2C bus {wiring.bus} ({error}): "
            f"check its wires, and that I2C is on; i2cdetect -y {wiring.bus} lists what answers"
        ) from error
    warn_of_slow_bus(wiring.bus)
    return glass


def glass_on(serial: Any, wiring: DisplayWiring) -> Glass:
    """The display behind one of luma's serial interfaces."""
    from luma.oled import device

    chip = getattr(device, wiring.chip)
    shape = {"width": wiring.width, "height": wiring.height, "rotate": wiring.rotate}
    return Glass(lambda bus: chip(bus, mode="1", **shape), serial, wiring.chip)


def bus_speed(bus: int, adapters: Path = ADAPTERS) -> int | None:
    """In Hz. The kernel alone sets it; the device tree says to what, where it says anything."""
    try:
        return int.from_bytes((adapters / f"i2c-{bus}/of_node/clock-frequency").read_bytes(), "big")
    except OSError:
        return None


def warn_of_slow_bus(bus: int, adapters: Path = ADAPTERS) -> None:
    hz = bus_speed(bus, adapters)
    if hz is not None and hz < I2C_HZ:
        log.warning(
            "I2C bus %d runs at %d kHz, so the screen follows slowly: "
            "write dtparam=i2c_arm=on,i2c_arm_baudrate=%d into config.txt and start again",
            bus,
            hz // 1000,
            I2C_HZ,
        )
