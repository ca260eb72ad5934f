from __future__ import annotations

from typing import Protocol

from kallphone.phone.events import Event, KeyPressed
from kallphone.phone.lamps import Light
from kallphone.phone.menu import glance
from kallphone.phone.menu.text import Text
from kallphone.phone.screens import COLUMNS, Align, Screen, TextLine, wrapped
from kallphone.phone.sound import Ring
from kallphone.phone.words import N_, Words

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
