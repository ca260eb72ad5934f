"""A stand-in for the Raspberry Pi's boot firmware: what it would load from a card's FAT partition.

Only what decides which system boots is modelled: sections and filters, `include`, `os_prefix`, `kernel`,
`initramfs` and `cmdline`, as the documentation of config.txt has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Read = Callable[[str], bytes | None]
"""A file of the FAT partition by its path, None where there is none."""

_PIN = re.compile(r"gpio(\d+)=([01])")


class NotBootable(AssertionError):
    """The card has nothing that a Raspberry Pi would start; the words say what is missing."""


@dataclass(frozen=True)
class Board:
    """`filters` are the sections that hold on this board; `low` the pins that are pulled to ground."""

    filters: frozenset[str] = frozenset({"all", "pi0", "pi02"})
    low: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Loaded:
    """What the firmware would start, and of which folder: its `os_prefix`."""

    prefix: str
    kernel: bytes
    initrd: bytes | None
    cmdline: str


@dataclass
class _Config:
    settings: dict[str, str] = field(default_factory=dict)
    initramfs: str = ""


def load(read: Read, board: Board | None = None) -> Loaded:
    """Raises NotBootable where a file that config.txt names is missing."""
    config = _read_config(read, board or Board())
    prefix = config.settings.get("os_prefix", "")

    def file(name: str) -> bytes | None:
        return read(prefix + name)

    kernel_name = config.settings.get("kernel", "kernel8.img")
    kernel, cmdline = file(kernel_name), file(config.settings.get("cmdline", "cmdline.txt"))
    if kernel is None:
        raise NotBootable(f"no {prefix}{kernel_name} on the card")
    initrd = file(config.initramfs) if config.initramfs else None
    if config.initramfs and initrd is None:
        raise NotBootable(f"no {prefix}{config.initramfs} on the card")
    # The firmware takes the first line only.
    words = (cmdline or b"").decode().split("\n")[0].strip()
    return Loaded(prefix, kernel, initrd, words)


def _read_config(read: Read, board: Board) -> _Config:
    config = _Config()
    for line in _lines(read, "config.txt", board):
        name, equals, value = line.partition("=")
        if equals:
            config.settings[name.strip()] = value.strip()
        elif line.startswith("initramfs "):
            config.initramfs = line.split()[1]
    if "initramfs" in config.settings:
        config.initramfs = config.settings["initramfs"].split()[0]
    return config


def _lines(read: Read, name: str, board: Board) -> Iterator[str]:
    """Lines that hold on this board; a filter of the including file holds for what it includes."""
    text = read(name)
    if text is None:
        raise NotBootable(f"no {name} on the card")
    holds = True
    for raw in text.decode().splitlines():
        line = raw.split("#")[0].strip()
        if line.startswith("["):
            holds = _holds(line[1:-1].strip(), holds, board)
        elif holds and line.startswith("include "):
            yield from _lines(read, line.split()[1], board)
        elif holds and line:
            yield line


def _holds(section: str, before: bool, board: Board) -> bool:
    if pin := _PIN.fullmatch(section):
        return before and (int(pin[1]) in board.low) is (pin[2] == "0")
    return section in board.filters
