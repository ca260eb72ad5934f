from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Protocol

from kallphone.phone.events import Event, KeyPressed, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.menu import glance
from kallphone.phone.menu.text import Text
from kallphone.phone.screens import COLUMNS, Align, Screen, TextLine, wrapped
from kallphone.phone.sound import Ring
from kallphone.phone.words import N_, Words
from kallphone.ports import Display, Lamps, Ringer

ANSWER_S = 30.0


class Ended(Exception):
    """Whoever holds the phone wants to stop, or it is told to."""


class Stage(Protocol):
    """Where a person is asked to do something, and seen doing it."""

    @property
    def lifted(self) -> bool:
        """The handset, by the events that `wait` gave."""

    def say(self, title: str, *said: Text, hint: str = "") -> None:
        """Texts of the phone, put into the reader's language."""

    def show(self, screen: Screen) -> None: ...
    def wait(self, seconds: float) -> Event | None:
        """The next event; None when the time is over. Raises Ended."""

    def now(self) -> float:
        """Monotonic seconds."""

    def light(self, *, line: Light, message: Light) -> None: ...
    def ring(self, ring: Ring | None) -> None: ...


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


def page(words: Words, title: str, said: tuple[Text, ...], hint: str = "") -> Screen:
    """A title and what is said beneath it, as the menu shows it."""
    rows = [row for each in said for row in wrapped(each.put(words), COLUMNS)]
    lines = [TextLine(row, align=Align.LEFT) for row in rows[: glance.MOST_ROWS - 1]]
    return Screen((glance.title(words(title), words(hint) if hint else ""), *lines))


def agreed(stage: Stage, title: str, *question: Text) -> bool | None:
    """# is yes, * is no; None where nobody answers."""
    stage.say(title, *question, hint=N_("# yes * no"))
    until = stage.now() + ANSWER_S
    while (left := until - stage.now()) > 0:
        match stage.wait(left):
            case KeyPressed(key="#" | "D"):
                return True
            case KeyPressed(key="*" | "C"):
                return False
    return None
