"""What was applied, so that the same file is not applied twice and an older plan never. Root's."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from kallphone.storage.files import write_private

NAME = "provision.json"


@dataclass(frozen=True)
class Record:
    """`card`, `pins` and `plan_digest` are SHA-256 of files as applied, `installer` (0x...) whose plans hold.

    `plan_pin` is the argon2id of the PIN that the last plan said. `files` are digests of those that the card
    named, by their paths, `older` of plans that a later one of the same installer had overtaken.
    `phone`, `settings` and `contacts` (by number) are what the last files said, as `said.Said` has it,
    `ssh_from` which of them let somebody in.
    """

    card: str = ""
    pins: str = ""
    installer: str = ""
    plan_url: str = ""
    plan_serial: int = 0
    plan_digest: str = ""
    plan_pin: str = ""
    files: dict[str, str] = field(default_factory=dict)
    older: list[str] = field(default_factory=list)
    ssh_from: str = ""
    phone: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_record(system: Path) -> Record:
    """An empty one where there is none, or one that can't be read: files are applied once more then."""
    with suppress(OSError, ValueError, AttributeError):
        found = json.loads((system / NAME).read_text(encoding="utf-8"))
        kinds = {one.name: type(getattr(Record(), one.name)) for one in fields(Record)}
        return Record(**{name: value for name, value in found.items() if type(value) is kinds.get(name)})
    return Record()


def write_record(system: Path, record: Record) -> None:
    write_private(system / NAME, json.dumps(asdict(record), indent=1).encode(), replace=True)
