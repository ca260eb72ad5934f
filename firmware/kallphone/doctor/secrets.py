"""What this phone holds that must not leave it, as far as it lies open on its own disk."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from kallphone.doctor.machine import Machine

_NAMES = "SELECT name FROM contacts"
_OTHERS = (
    "SELECT number FROM contacts",
    "SELECT number FROM calls",
    "SELECT number FROM messages",
    "SELECT text FROM messages",
)
_SHORTEST_PART = 3
_WIFI_SECRETS = re.compile(r"(?m)^\s*(?:psk|ssid|sae_password|password|identity)\s*=\s*(.*?)\s*$")
_PROVISION_SECRETS = re.compile(r"(?m)^\s*(?:password|ssid|pin|words|psk|ssh_key|owner_name)\s*=\s*(.*?)\s*$")


def secrets_of(machine: Machine, state: Path, texts: tuple[Path, ...]) -> set[str]:
    """Names, numbers and messages of the phone's database; passwords of `texts`, files of KEY=VALUE."""
    database = machine.path(state / "phone.sqlite")
    names = set(_column(database, _NAMES))
    parts = {part for name in names for part in name.split() if len(part) >= _SHORTEST_PART}
    found = names | parts | {value for query in _OTHERS for value in _column(database, query)}
    for file in texts:
        told = machine.read(file) or ""
        for form in (_WIFI_SECRETS, _PROVISION_SECRETS):
            found |= {_bare(value) for value in form.findall(told)}
    return {secret for secret in found if secret}


def _column(file: Path, query: str) -> Iterator[str]:
    """Nothing of a damaged or missing one: the forms of secrets are looked for all the same."""
    if not file.exists():
        return
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        yield from (str(row[0]) for row in connection.execute(query) if row[0])


def _bare(value: str) -> str:
    if value[:1] in "\"'" and value[-1:] == value[:1]:
        return value[1:-1]
    return value
