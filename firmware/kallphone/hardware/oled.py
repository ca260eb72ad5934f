from __future__ import annotations

import logging
import threading
from typing import Any

from luma.core.error import Error as LumaError

from kallphone.hardware.drawing import draw
from kallphone.hardware.errors import DeviceMissing
from kallphone.hardware.pins import DisplayWiring
from kallphone.phone.screens import Screen

log = logging.getLogger(__name__)


class OledDisplay:
    """Draws on its own thread; of the screens that came meanwhile only the latest is drawn."""

    def __init__(self, device: Any) -> None:
        self.device = device
        self.drawn = 0
        self._latest: Screen | None = None
        self._drawing = False
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
            self.device.cleanup()
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
            try:
                self.device.display(draw(screen, self.device.size).convert(self.device.mode))
            except (OSError, LumaError) as error:
                log.warning("display missed a frame: %s", error)
            with self._slot:
                self.drawn += 1
                self._drawing = False
                self._slot.notify_all()

    def _take(self) -> Screen | None:
        with self._slot:
            self._slot.wait_for(lambda: self._latest is not None or self._stopping)
            if self._stopping:
                return None
            screen, self._latest = self._latest, None
            self._drawing = True
            return screen


def open_oled(wiring: DisplayWiring) -> Any:
    """The luma device on its I2C bus; DeviceMissing where nothing answers there."""
    from luma.core.interface.serial import i2c
    from luma.oled import device

    try:
        serial = i2c(port=wiring.bus, address=wiring.address)
        chip = getattr(device, wiring.chip)
        return chip(serial, width=wiring.width, height=wiring.height, rotate=wiring.rotate)
    except (OSError, LumaError) as error:
        raise DeviceMissing(
            f"no {wiring.chip} display at {wiring.address:#x} on I2C bus {wiring.bus} ({error}): "
            f"check its wires, and that I2C is on; i2cdetect -y {wiring.bus} lists what answers"
        ) from error
