"""Which of a card's two systems starts: config.txt and trial.txt of the FAT, one sector of 512 bytes each.

trial.sh has the initramfs's side of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from kallphone.update.errors import CardTrouble

Slot = Literal["a", "b"]

SECTOR = 512
CONFIG_FILE = "config.txt"
TRIAL_FILE = "trial.txt"
_TRIAL = re.compile(rb"slot=([ab]) tries=([01]) back=([ab]) *\n?")
_ROW = 64  # the Pi's firmware reads lines of at most 98 characters
_CHOSEN = re.compile(rb"os_prefix=slots/([ab])/\n")
# What a system can't start without is here and not in kall.txt: a Pi 5's bootloader is not known to follow
# `include`. gpu_mem has no effect there.
_STARTS = """\
[all]
arm_64bit=1
upstream_kernel=1
kernel=vmlinuz
initramfs initrd.img followkernel
gpu_mem=32
[pi5]
dtoverlay=kallphone-pi5
[all]
include kall.txt
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """`slot` may start `tries` times more before `back` takes its place again."""

    slot: Slot
    tries: int
    back: Slot


def other(slot: Slot) -> Slot:
    return "b" if slot == "a" else "a"


def slot_name(text: str) -> Slot:
    if text == "a":
        return "a"
    if text == "b":
        return "b"
    raise CardTrouble(f"there is no system {text!r}, only a and b")


def config_sector(slot: Slot) -> bytes:
    """Starts `slot`, or the other one while GPIO 7 is held low."""
    choice = f"os_prefix=slots/{slot}/\n[gpio7=0]\nos_prefix=slots/{other(slot)}/\n"
    text = (choice + _STARTS).encode()
    while (left := SECTOR - len(text)) > 0:
        text += b"#" * (min(left, _ROW) - 1) + b"\n"
    return text


def chosen_slot(config: bytes) -> Slot:
    """The one that config.txt starts, as any release wrote it: one sector that begins with the choice.

    Raises CardTrouble for any other content.
    """
    if len(config) == SECTOR and (found := _CHOSEN.match(config)):
        return slot_name(found[1].decode())
    raise CardTrouble("config.txt is not as this phone writes it, so no update can switch systems")


def trial_sector(trial: Trial | None) -> bytes:
    text = f"slot={trial.slot} tries={trial.tries} back={trial.back}" if trial else "none"
    return f"{text:<{SECTOR - 1}}\n".encode()


def parse_trial(content: bytes) -> Trial | None:
    """None for no trial, and for what is none."""
    found = _TRIAL.fullmatch(content[:SECTOR])
    if found is None:
        return None
    slot, tries, back = (part.decode() for part in found.groups())
    return Trial(slot_name(slot), int(tries), slot_name(back))


def running_slot(cmdline: str) -> Slot:
    """Of /proc/cmdline. Raises CardTrouble where this is no flashed phone."""
    for word in cmdline.split():
        if word.startswith("kall.slot="):
            return slot_name(word.removeprefix("kall.slot="))
    raise CardTrouble("this is no flashed phone: it has no two systems to change between")
