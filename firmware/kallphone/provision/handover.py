"""What provisioning leaves for the phone and its first-start wizard, in the phone's own folder."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kallphone.provision.toml_text import written
from kallphone.storage.files import write_private

PROVISIONED = "provisioned.toml"
ERRORS = "provision-errors.txt"
_PROVIDER = "provider"
"""The provider's address is in the file that table's `api`."""


@dataclass(frozen=True)
class Provisioned:
    """What the wizard need not ask; empty and False where it must. No secrets.

    `more` has the tables of kallphone.toml that were said, with paths relative to the phone's folder.
    """

    language: str = ""
    country: str = ""
    provider: str = ""
    wifi: str = ""
    cable: bool = False
    key: bool = False
    restored: bool = False
    pin: bool = False
    more: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[str, ...]:
        """The wizard's steps that are answered, by its names."""
        answered = {
            "language": bool(self.language), "country": bool(self.country),
            "network": self.cable or bool(self.wifi),
            "key": self.key, "pin step": self.pin, "provider": bool(self.provider),
        }  # fmt: skip
        return tuple(name for name, known in answered.items() if known)


def read_provisioned(state: Path) -> Provisioned:
    """Nothing answered where there is no such file, or one that can't be read."""
    with suppress(OSError, ValueError):
        found = tomllib.loads((state / PROVISIONED).read_text(encoding="utf-8"))
        more = {name: table for name, table in found.items() if isinstance(table, dict)}
        found["provider"] = more.get(_PROVIDER, {}).get("api", "")
        kinds = {name: type(value) for name, value in _flat(Provisioned()).items()}
        said = {name: value for name, value in found.items() if type(value) is kinds.get(name)}
        return Provisioned(**said, more=more)
    return Provisioned()


def write_provisioned(state: Path, provisioned: Provisioned) -> None:
    said = _flat(provisioned)
    api = said.pop(_PROVIDER)
    tables = dict(provisioned.more)
    if api:
        tables[_PROVIDER] = {**tables.get(_PROVIDER, {}), "api": api}
    write_private(state / PROVISIONED, written({**said, **tables}).encode(), replace=True)


def _flat(provisioned: Provisioned) -> dict[str, Any]:
    return {name: value for name, value in asdict(provisioned).items() if name != "more"}


def read_errors(state: Path) -> tuple[str, ...]:
    """What is wrong with the installer's file, a line each, for the glass."""
    with suppress(OSError, UnicodeDecodeError):
        return tuple((state / ERRORS).read_text(encoding="utf-8").splitlines())
    return ()


def write_errors(state: Path, lines: tuple[str, ...]) -> None:
    if lines:
        write_private(state / ERRORS, ("\n".join(lines) + "\n").encode(), replace=True)
    else:
        (state / ERRORS).unlink(missing_ok=True)
