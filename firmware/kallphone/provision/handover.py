"""What provisioning leaves for the phone and its first-start wizard, in the phone's own folder."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from kallphone.provision.toml_text import written
from kallphone.storage.files import write_private

PROVISIONED = "provisioned.toml"
ERRORS = "provision-errors.txt"


@dataclass(frozen=True)
class Provisioned:
    """What the wizard need not ask; empty and False where it must. No secrets."""

    language: str = ""
    country: str = ""
    provider: str = ""
    wifi: str = ""
    cable: bool = False
    key: bool = False
    restored: bool = False
    pin: bool = False

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
        kinds: dict[str, object] = {one.name: type(one.default) for one in fields(Provisioned)}
        return Provisioned(**{name: value for name, value in found.items() if type(value) is kinds.get(name)})
    return Provisioned()


def write_provisioned(state: Path, provisioned: Provisioned) -> None:
    write_private(state / PROVISIONED, written(asdict(provisioned)).encode(), replace=True)


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
