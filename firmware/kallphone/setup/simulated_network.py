"""A neighbourhood's Wi-Fi without a radio: for tests, and to try the setup on any machine."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from kallphone.setup.network import JoinRefused, NetworkError
from kallphone.setup.states import Credentials, Found, LinkFound, Security, Trouble


@dataclass
class SimulatedNetwork:
    """`passwords` by name; networks that are not among `found` are hidden. `file` keeps what is joined."""

    found: tuple[Found, ...] = (
        Found(b"Home", -48, Security.EITHER),
        Found(b"Caf\xc3\xa9", -71, Security.OPEN),
        Found(b"Neighbour", -79, Security.WPA2),
    )
    passwords: dict[bytes, str] = field(
        default_factory=lambda: {b"Home": "kall1234", b"Neighbour": "not yours", b"Attic": "up above"}
    )
    cable: bool = False
    radio: bool = True
    guests: int = 0
    file: Path | None = None
    hotspot: tuple[str, str] | None = None
    joined: str = ""

    def __post_init__(self) -> None:
        if self.file is not None and self.file.exists():
            kept = json.loads(self.file.read_text())
            self.joined, self.cable = kept.get("joined", ""), kept.get("cable", False)

    def link(self) -> LinkFound:
        return LinkFound(self.cable, "" if self.hotspot else self.joined)

    def search(self) -> tuple[Found, ...]:
        self._need_radio()
        return self.found

    def join(self, wifi: Credentials, country: str) -> None:
        self._need_radio()
        open_ones = {one.ssid for one in self.found if one.security is Security.OPEN}
        if wifi.ssid not in self.passwords and wifi.ssid not in open_ones:
            raise JoinRefused(Trouble.ABSENT)
        if self.passwords.get(wifi.ssid, "") != wifi.password:
            raise JoinRefused(Trouble.PASSWORD)
        self.joined = wifi.name
        if self.file is not None:
            self.file.write_text(json.dumps({"joined": self.joined, "country": country, "cable": self.cable}))

    def open_hotspot(self, ssid: str, passphrase: str, country: str) -> None:  # noqa: ARG002
        self._need_radio()
        self.hotspot = (ssid, passphrase)

    def visitors(self) -> int:
        return self.guests if self.hotspot else 0

    def close_hotspot(self) -> None:
        self.hotspot = None

    def _need_radio(self) -> None:
        if not self.radio:
            raise NetworkError("no radio")
