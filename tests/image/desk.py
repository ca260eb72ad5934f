"""A phone on an emulated desk: its guest, its glass, and the questions that tests ask both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallnet.account import Address, address_from_hex
from kallphone.hardware.pins import load_pins
from tests.image.card import Card
from tests.image.glass import UsbGlass, plain
from tests.image.guest import BOOT_S, Guest, GuestGone

LINE_S, SEEN_S = 180.0, 90.0
"""Patience, not measurements."""

# Sound and Wi-Fi that an emulated board has instead of its own.
_MODULES = "modules_load=snd-aloop,mac80211_hwsim"


@dataclass
class Desk:
    guest: Guest
    glass: UsbGlass

    @property
    def card(self) -> Card:
        return self.guest.card

    def power_on(self) -> None:
        self.guest.power_on()

    def status(self) -> dict[str, Any]:
        """What the phone says of itself to the system; empty before it has said anything."""
        answer = self.guest.run("cat /run/kallphone/status.json")
        said: dict[str, Any] = json.loads(answer.out) if answer.code == 0 else {}
        return said

    @property
    def account(self) -> Address:
        return address_from_hex(self.status()["account"])

    def wait_for_phone(self, within_s: float = BOOT_S) -> None:
        """Until the phone stands ready: a dial tone could be had now."""
        self.guest.wait_for_agent(within_s)
        try:
            self.guest.wait_for(lambda: self.status().get("mode") == "phone", within_s, "phone that is up")
        except GuestGone as gone:
            raise GuestGone(f"{gone}\n{self.status()}\n{self.journal()}\n{plain(self.glass.image)}") from None

    def wait_for_line(self, within_s: float = LINE_S) -> None:
        self.guest.wait_for(lambda: self.status().get("registered"), within_s, "line")

    def dial(self, number: str) -> None:
        """Lifts the handset and dials, with an eye on the glass."""
        self.guest.lift()
        self.glass.wait_for("Dial", SEEN_S)
        self.guest.press(number[:-1])
        self.glass.wait_for(number[:-1], SEEN_S)
        self.guest.press(number[-1])

    def journal(self, unit: str = "kallphone", lines: int = 40) -> str:
        return self.guest.run(f"journalctl -b --no-pager -n {lines} -u {unit}").out

    def memory_in_use_mb(self) -> float:
        """Of the whole system, as the kernel counts what can't be had back."""
        lines = self.guest.says("cat /proc/meminfo").splitlines()
        kb = {line.split(":")[0]: int(line.split()[1]) for line in lines}
        return (kb["MemTotal"] - kb["MemAvailable"]) / 1024


@contextmanager
def desk(image: Path, folder: Path, files: Mapping[str, bytes], words: str = "") -> Iterator[Desk]:
    """A card flashed with the unmodified image, with an installer's files on its FAT partition."""
    folder.mkdir(parents=True, exist_ok=True)
    card = Card.flashed(image, folder / "card.img")
    for name, content in files.items():
        card.write(name, content)
    with desk_of(card, folder, words) as on:
        yield on
    shutil.rmtree(folder / "share", ignore_errors=True)
    (folder / "card.img").unlink(missing_ok=True)


@contextmanager
def desk_of(card: Card, folder: Path, words: str = "") -> Iterator[Desk]:
    """Around a card that is there already; the board is off."""
    pins = load_pins()
    guest = Guest(card, folder, pins, f"{_MODULES} {words}".strip())
    glass = UsbGlass(pins.display, guest.glass_socket)
    glass.start()
    try:
        yield Desk(guest, glass)
    finally:
        guest.power_off()
        glass.stop()
