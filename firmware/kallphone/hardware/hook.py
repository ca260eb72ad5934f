from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from gpiozero import DigitalInputDevice

from kallphone.hardware.pins import HookPins
from kallphone.phone.events import OffHook, OnHook
from kallphone.ports import Post

# Hook switches bounce for up to 0.3 s. Lifting wants a dial tone at once, and a short closure that
# follows must not hang up: so a lift settles fast and a hang-up slowly.
LIFT_SETTLES_S = 0.03
HANG_UP_SETTLES_S = 0.3

# An edge that the kernel dropped is made up for this much later.
REREAD_S = 1.0


class HookSwitch:
    """Posts OffHook and OnHook in turn, starting from on-hook."""

    def __init__(
        self, pins: HookPins, post: Post, pin_factory: Any, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._post = post
        self._clock = clock
        self._closed_is_off = pins.lifted_closed
        self._off_hook = False
        self._edge_at = clock()
        self._edge = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="hook", daemon=True)
        self._contact = DigitalInputDevice(pins.pin, pull_up=True, pin_factory=pin_factory)
        self._contact.when_activated = self._edge_seen
        self._contact.when_deactivated = self._edge_seen

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._edge.set()
        if self._thread.is_alive():
            self._thread.join()
        self._contact.close()

    def step(self) -> float:
        """Post what has settled; the answer is how many seconds nothing else is due without an edge."""
        off_hook = bool(self._contact.is_active) is self._closed_is_off
        if off_hook is self._off_hook:
            return REREAD_S
        settles_at = self._edge_at + (LIFT_SETTLES_S if off_hook else HANG_UP_SETTLES_S)
        remaining = settles_at - self._clock()
        if remaining > 0:
            return remaining
        self._off_hook = off_hook
        self._post(OffHook() if off_hook else OnHook())
        return REREAD_S

    def _edge_seen(self) -> None:
        self._edge_at = self._clock()
        self._edge.set()

    def _run(self) -> None:
        while not self._stopping:
            self._edge.clear()
            remaining = self.step()
            if not self._stopping:
                self._edge.wait(remaining)
