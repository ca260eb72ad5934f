"""A computer of files and answers, and a person who does what is said."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from kallphone.doctor.machine import Machine, Space
from kallphone.phone.events import Event, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.menu.text import Text
from kallphone.phone.screens import Screen
from kallphone.phone.sound import Ring
from kallphone.phone.words import ENGLISH

MB = 1 << 20


class FakeMachine(Machine):
    """`files` by their paths; `answers` of tools by their command lines, all others missing."""

    def __init__(
        self,
        root: Path,
        files: Mapping[str, str] | None = None,
        answers: Mapping[str, str | None] | None = None,
        free: int = 200 * MB,
    ) -> None:
        super().__init__(root)
        self.answers = dict(answers or {})
        self.ran: list[str] = []
        self.free = free
        for path, content in (files or {}).items():
            self.write(path, content)

    def write(self, path: str, content: str) -> None:
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(content)

    def space(self, path: str | Path) -> Space | None:
        return Space(256 * MB, self.free)

    def attempt(self, command: Sequence[str]) -> tuple[int, str] | None:
        line = " ".join(command)
        self.ran.append(line)
        if line not in self.answers:
            return None
        said = self.answers[line]
        return (1, "") if said is None else (0, said)


Reaction = Callable[[str], Iterable[Event]]


class FakeStage:
    """Time passes only while somebody waits. `person` is told each thing that is said, and reacts at once."""

    def __init__(self, person: Reaction = lambda _said: ()) -> None:
        self._person = person
        self._coming: deque[Event] = deque()
        self._now = 1000.0
        self.lifted = False
        self.said: list[str] = []
        self.shown: list[Screen] = []
        self.lights: list[tuple[Light, Light]] = []
        self.rings: list[Ring | None] = []

    def now(self) -> float:
        return self._now

    def say(self, title: str, *said: Text, hint: str = "") -> None:
        words = " ".join([title, *(each.put(ENGLISH) for each in said), hint])
        self.said.append(words)
        self._coming.extend(self._person(words))

    def show(self, screen: Screen) -> None:
        self.shown.append(screen)

    def wait(self, seconds: float) -> Event | None:
        if not self._coming:
            self._now += max(seconds, 0)
            return None
        self._now += 0.1
        event = self._coming.popleft()
        if isinstance(event, OffHook | OnHook):
            self.lifted = isinstance(event, OffHook)
        return event

    def light(self, *, line: Light, message: Light) -> None:
        self.lights.append((line, message))

    def ring(self, ring: Ring | None) -> None:
        self.rings.append(ring)
