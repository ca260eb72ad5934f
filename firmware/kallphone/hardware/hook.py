from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from gpiozero import DigitalInputDevice

from kallphone.hardware.cradle import Cradle
from kallphone.hardware.pins import HookPins
from kallphone.hardware.polarity import HookPolarity
from kallphone.ports import Post

# An edge that the kernel dropped is made up for this much later.
REREAD_S = 1.0


def _forget(lifted_closed: bool) -> None:
    pass


class HookSwitch:
    """Posts OffHook and OnHook in turn, starting from on-hook, and HookFlashed between the two.

    Where the pin table says "learn", `known` is what an earlier run learned and gave to `remember`: whether
    the contact is closed while the handset is lifted.
    """

    def __init__(
        self,
        pins: HookPins,
        post: Post,
        pin_factory: Any,
        clock: Callable[[], float] = time.monotonic,
        *,
        known: bool | None = None,
        remember: Callable[[bool], None] = _forget,
    ) -> None:
        self._post = post
        self._clock = clock
        self._wake = threading.Event()
        self._edges: SimpleQueue[tuple[bool, float]] = SimpleQueue()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="hook", daemon=True)
        self._contact = DigitalInputDevice(pins.pin, pull_up=True, pin_factory=pin_factory)
        self._now = clock()
        known = known if pins.lifted_closed is None else pins.lifted_closed
        self._polarity = HookPolarity(known, remember, self._now, closed=bool(self._contact.is_active))
        self._cradle = Cradle(pins.flash_s, self._now)
        self._contact.when_activated = lambda: self._edge_seen(closed=True)
        self._contact.when_deactivated = lambda: self._edge_seen(closed=False)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._contact.close()

    def step(self) -> float:
        """Post what has settled; the answer is how many seconds nothing else is due without an edge."""
        while (edge := self._next_edge()) is not None:
            self._moved(*edge)
        self._moved(bool(self._contact.is_active), self._clock())
        due = (self._polarity.due_in(self._now), self._cradle.due_in(self._now))
        return min((seconds for seconds in due if seconds is not None), default=REREAD_S)

    def _moved(self, closed: bool, at: float) -> None:
        # A contact that was read may be newer than an edge still on its way here.
        self._now = max(self._now, at)
        self._polarity.advance(self._now)
        self._polarity.edge(closed=closed, at=self._now)
        if self._polarity.lifted_closed is None:
            return
        lifted = closed is self._polarity.lifted_closed
        for event in (*self._cradle.edge(lifted=lifted, at=self._now), *self._cradle.advance(self._now)):
            self._post(event)

    def _next_edge(self) -> tuple[bool, float] | None:
        try:
            return self._edges.get_nowait()
        except Empty:
            return None

    def _edge_seen(self, *, closed: bool) -> None:
        self._edges.put((closed, self._clock()))
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            remaining = self.step()
            if not self._stopping:
                self._wake.wait(min(remaining, REREAD_S))
