from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kallphone.device.layout import Layout
from kallphone.provision.boot_partition import BootPartition
from kallphone.provision.provisioning import Provisioning, Surroundings

WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow"
OTHER_WORDS = "letter advice cage absurd amount doctor acoustic avoid letter advice cage above"

COMPLETE = f"""
# Mine
[phone]
country = "at"   # Vienna
language = "de"

[wifi]
ssid = "Home"
password = "correct horse"   # on the router

[owner]
pin = "4711"

[key]
words = "{WORDS}"
"""


class Card:
    """A phone's card, with a FAT partition that can only be written while it is mounted so."""

    def __init__(self, layout: Layout, serial: str = "10000000abcd") -> None:
        self.layout = layout
        self.serial = serial
        self.mounts: list[str] = []
        self.sticks: list[tuple[str, bytes]] = []

    def start(self, text: str | bytes | None = None) -> tuple[str, ...]:
        """The phone starts, with this as its kallphone.toml."""
        if text is not None:
            self.file.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.provisioning().run()

    def provisioning(self) -> Provisioning:
        boot = BootPartition(self.layout.boot, self._remount)
        return Provisioning(Surroundings(self.layout, boot, self.serial, lambda: "2026-11-25", self._sticks))

    def _sticks(self) -> Iterable[tuple[str, bytes]]:
        return self.sticks

    def _remount(self, folder: Path, how: str) -> None:
        assert folder == self.layout.boot
        self.mounts.append(how)

    @property
    def file(self) -> Path:
        return self.layout.boot / "kallphone.toml"

    @property
    def text(self) -> str:
        return self.file.read_bytes().decode()

    @property
    def errors(self) -> str:
        """What a PC shows."""
        file = self.layout.boot / "kallphone-errors.txt"
        return file.read_text() if file.exists() else ""

    @property
    def wpa(self) -> str:
        file = self.layout.system / "wpa_supplicant.conf"
        return file.read_text() if file.exists() else ""
