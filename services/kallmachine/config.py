from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kallnet.configfile import read_sections
from kallphone.config import SECTIONS, PhoneConfig, phone_config

MOST_CALLERS = 8
"""Calls that the SIP side holds at once."""


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """A kallphone.toml with a section [machine]; `callers` are served at once."""

    phone: PhoneConfig
    callers: int


def load_config(file: Path) -> MachineConfig:
    """Raises ConfigError in words for the owner."""
    sections = read_sections(
        file, (*SECTIONS, "machine"), "copy example.toml of the package kallmachine and edit it"
    )
    machine = sections["machine"]
    config = MachineConfig(
        phone=phone_config(sections),
        callers=machine.integer("callers", 1, MOST_CALLERS),
    )
    for section in sections.values():
        section.finish()
    return config
