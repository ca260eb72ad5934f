from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path

from kallphone.device.notify import Notifier
from kallphone.doctor.stage import Ended
from kallphone.phone.events import Event
from kallphone.phone.lamps import Light
from kallphone.phone.menu.text import Text
from kallphone.phone.screens import Screen
from kallphone.phone.sound import Ring


class Manager:
    """systemd's end of sd_notify: a real datagram socket."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    def notifier(self, watchdog_s: float = 0.0) -> Notifier:
        return Notifier(self.address, watchdog_s)

    def heard(self) -> list[str]:
        """The messages that came since it was asked last."""
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def wait_for(self, message: str, seconds: float = 60.0) -> str:
        """The first that begins so; TimeoutError where none comes."""
        self._socket.settimeout(seconds)
        try:
            while not (heard := self._socket.recv(4096).decode()).startswith(message):
                pass
            return heard
        finally:
            self._socket.setblocking(False)

    def close(self) -> None:
        self._socket.close()


@dataclass
class FakeStage:
    """Events come as written down; a number is a pause of so many seconds. At the end it is told to stop."""

    script: list[Event | float]
    clock: float = 0.0
    lifted: bool = False
    said: list[str] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    lights: list[tuple[Light, Light]] = field(default_factory=list)

    def say(self, title: str, *said: Text, hint: str = "") -> None:
        self.said.append(" ".join(each.put(lambda words: words) for each in said))

    def show(self, screen: Screen) -> None:
        self.screens.append(screen)

    def wait(self, seconds: float) -> Event | None:
        if not self.script:
            raise Ended
        happening = self.script[0]
        if not isinstance(happening, int | float):
            del self.script[0]
            return happening
        spent = min(seconds, happening)
        self.clock += spent
        if spent < happening:
            self.script[0] = happening - spent
        else:
            del self.script[0]
        return None

    def now(self) -> float:
        return self.clock

    def light(self, *, line: Light, message: Light) -> None:
        self.lights.append((line, message))

    def ring(self, ring: Ring | None) -> None: ...
