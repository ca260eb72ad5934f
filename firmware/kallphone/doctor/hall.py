from __future__ import annotations

import queue
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kallphone.doctor.stage import Ended, page
from kallphone.hardware.board import Surroundings
from kallphone.hardware.pins import Pins
from kallphone.parts import Face, make_face
from kallphone.phone.events import Event, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.menu.text import Text
from kallphone.phone.screens import Screen
from kallphone.phone.sound import Ring
from kallphone.phone.words import Words
from kallphone.ports import Display, Lamps, Ringer

_STOPS = (signal.SIGTERM, signal.SIGINT)


class Hall:
    """The stage of a real or simulated board, for one thread; `post` and `end` are for all others."""

    def __init__(
        self,
        words: Words,
        clock: Callable[[], float] = time.monotonic,
        echo: Callable[[str], None] | None = None,
    ) -> None:
        """`echo` is told what is said, for whoever sits at a terminal beside the phone."""
        self._words = words
        self._echo = echo
        self._clock = clock
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._ended = False
        self.lifted = False
        self._face: tuple[Display, Lamps, Ringer] | None = None

    def furnish(self, display: Display, lamps: Lamps, ringer: Ringer) -> None:
        self._face = display, lamps, ringer

    def post(self, event: Event) -> None:
        self._events.put(event)

    def end(self) -> None:
        self._events.put(None)

    def now(self) -> float:
        return self._clock()

    def wait(self, seconds: float) -> Event | None:
        if self._ended:
            raise Ended
        try:
            event = self._events.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        if event is None:
            self._ended = True
            raise Ended
        if isinstance(event, OffHook | OnHook):
            self.lifted = isinstance(event, OffHook)
        return event

    def say(self, title: str, *said: Text, hint: str = "") -> None:
        if self._echo is not None:
            self._echo(" ".join((f"{self._words(title)}:", *(each.put(self._words) for each in said))))
        self.show(page(self._words, title, said, hint))

    def show(self, screen: Screen) -> None:
        if self._face is not None:
            self._face[0].show(screen)

    def light(self, *, line: Light, message: Light) -> None:
        if self._face is not None:
            self._face[1].light(line=line, message=message)

    def ring(self, ring: Ring | None) -> None:
        if self._face is not None:
            self._face[2].ring(ring)


@contextmanager
def held(hall: Hall, given: Surroundings, pins: Pins, *, panel: bool) -> Iterator[Face]:
    """The hall on a board or a panel; a signal to stop ends it, even where its thread waits for a person."""
    face = make_face(given, hall.post, pins, panel, hall.end)
    hall.furnish(face.display, face.lamps, face.ringer)
    with told_to_stop(hall.end):
        face.part.start()
        try:
            yield face
        finally:
            face.part.stop()


@contextmanager
def told_to_stop(end: Callable[[], None]) -> Iterator[None]:
    """Only the main thread hears of signals.

    If the signal came just before that thread began to wait, a Python handler would run no sooner than the
    wait is over; the wake-up socket is written at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told, telling = socket.socketpair()
    telling.setblocking(False)

    def listen() -> None:
        while number := told.recv(1):
            if number[0] in _STOPS:
                end()

    thread = threading.Thread(target=listen, name="signals", daemon=True)
    thread.start()
    awake = signal.set_wakeup_fd(telling.fileno(), warn_on_full_buffer=False)
    # With a handler the signal no longer kills.
    before = {number: signal.signal(number, lambda *_: None) for number in _STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(awake)
        telling.close()
        thread.join()
        told.close()
