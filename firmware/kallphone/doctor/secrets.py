"""What this phone holds that must not leave it, as far as it lies open on its own disk."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from kallphone.doctor.machine import Machine
from kallphone.provision.card_text import decoded
from kallphone.provision.errors import FileInvalid
from kallphone.provision.handover import read_provisioned

_NAMES = "SELECT name FROM contacts"
_OTHERS = (
    "SELECT number FROM contacts",
    "SELECT number FROM calls",
    "SELECT number FROM messages",
    "SELECT text FROM messages",
)
_SHORTEST_PART = 3
_WIFI_SECRETS = re.compile(r"(?m)^\s*(?:psk|sae_password|password|identity)\s*=\s*(.*?)\s*$")
_WIFI_NAMES = re.compile(r"(?m)^\s*ssid\s*=\s*(.*?)\s*$")
_OF_TABLES = ("password", "ssid", "pin", "words", "psk", "ssh_key", "owner_name")
_IN_TABLES = re.compile(rf"(?m)^\s*(?:{'|'.join(_OF_TABLES)})\s*=\s*(.*?)\s*$")
_PRINTED = {'"': '\\"', "\\": "\\\\", "\x1b": "\\e", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def secrets_of(machine: Machine, state: Path, tables: tuple[Path, ...], wifi: Path) -> set[str]:
    """Names, numbers and messages of the phone's database; passwords of `tables`, which are TOML, and of
    `wifi`, a wpa_supplicant.conf; names of Wi-Fi networks.
    """
    database = machine.path(state / "phone.sqlite")
    names = set(_column(database, _NAMES))
    parts = {part for name in names for part in name.split() if len(part) >= _SHORTEST_PART}
    found = names | parts | {value for query in _OTHERS for value in _column(database, query)}
    for file in tables:
        found |= set(_of_table(machine.path(file)))
    networks = machine.read(wifi) or ""
    found |= {_bare(value) for value in _WIFI_SECRETS.findall(networks)}
    for value in (*_WIFI_NAMES.findall(networks), f'"{read_provisioned(machine.path(state)).wifi}"'):
        found |= _spelled(value)
    return {secret for secret in found if secret}


def _of_table(file: Path) -> Iterator[str]:
    """Of one that is no TOML, by its lines."""
    try:
        text = decoded(file.name, file.read_bytes()).text
    except (OSError, FileInvalid):
        return
    try:
        yield from _of_values(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        yield from map(_bare, _IN_TABLES.findall(text))


def _of_values(table: Mapping[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Mapping):
                yield from _of_values(one)
            elif name in _OF_TABLES:
                yield str(one)


def _spelled(value: str) -> set[str]:
    """A Wi-Fi's name as wpa_supplicant writes it down, unquoted in hexadecimal, and as it prints it."""
    bare = _bare(value)
    name = bare.encode()
    if bare == value:
        with suppress(ValueError):
            name = bytes.fromhex(value)
    printed = (
        _PRINTED.get(chr(byte)) or (chr(byte) if " " <= chr(byte) <= "~" else f"\\x{byte:02x}")
        for byte in name
    )
    return {bare, name.decode(errors="replace"), "".join(printed)}


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
