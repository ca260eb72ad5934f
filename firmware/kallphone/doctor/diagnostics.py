"""All that somebody who helps wants to see of a phone, in one ZIP without its secrets."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from kallnet.endpoint import Endpoint
from kallphone.device.layout import Layout
from kallphone.doctor.app import REPORT
from kallphone.doctor.findings import Finding, lines
from kallphone.doctor.machine import Machine
from kallphone.doctor.redaction import REDACTED, Redactor
from kallphone.doctor.secrets import secrets_of

LONGEST_PART = 8 << 20
"""Of a longer text only the end is kept, which is the newest."""

PLAIN_KEYS = frozenset({
    "country", "language", "rpc", "agree", "ratings", "api", "ca_file", "deposit", "deposit_per_day",
    "device", "deployment", "state", "version", "build", "mode", "registered", "registered_since", "busy",
    "release", "spoke",
})  # fmt: skip
"""Of settings and states these values are shown, unless they look like a secret; all others are left out."""

_COMMANDS = {
    "journal.txt": ["journalctl", "--boot", "--no-pager", "--output=short-precise"],
    "dmesg.txt": ["dmesg"],
    "units.txt": ["systemctl", "list-units", "--all", "--no-pager", "--plain", "--full"],
    "network.txt": ["ip", "addr"],
    "routes.txt": ["ip", "route"],
    "mounts.txt": ["cat", "/proc/mounts"],
    "sound.txt": ["aplay", "-l"],
    "packages.txt": ["dpkg-query", "--show"],
}

_NOTE = """\
What a KallPhone tells of itself. Keys, words, PINs, passwords, credentials, vouchers, names and numbers of
people are taken out and stand as [redacted]. Look through it before you hand it on.
"""


def collect(
    machine: Machine,
    layout: Layout,
    file: Path,
    state: Path,
    examine: Callable[[], list[Finding]],
    account: str = "",
) -> bytes:
    """The ZIP. `file` is kallphone.toml, `account` the phone's own address, which may stay."""
    tables, wifi = (file, layout.boot / "kallphone.toml"), layout.system / "wpa_supplicant.conf"
    redactor = Redactor(secrets_of(machine, state, tables, wifi), [account] if account else [])
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _parts(machine, layout, file, examine):
            archive.writestr(name, redactor.clean(text[-LONGEST_PART:]))
    return whole.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk when this returns. Follows no link. Raises OSError."""
    scratch = path.with_name(f".{path.name}.part")
    try:
        # Root writes into a folder of the phone's user, too.
        scratch.unlink(missing_ok=True)
        with scratch.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _parts(
    machine: Machine, layout: Layout, file: Path, examine: Callable[[], list[Finding]]
) -> Iterator[tuple[str, str]]:
    yield "README.txt", _NOTE
    findings = examine()
    yield "doctor.json", json.dumps([each.plain() for each in findings], indent=1)
    yield "doctor.txt", "\n".join(lines(findings, {each.check: each.check for each in findings}))
    by_hand = machine.read(layout.run / REPORT)
    if by_hand is not None:
        yield "self-test.json", by_hand
    yield "kallphone.toml.json", json.dumps(plain_config(machine.read(file) or ""), indent=1)
    for name, path in (("status.json", layout.status), ("release.json", layout.release)):
        yield name, _shown_json(machine.read(path))
    for name, command in _COMMANDS.items():
        told = machine.attempt(command)
        yield name, told[1] if told is not None else f"{command[0]} is not here, or did not end"
    yield "python.txt", "\n".join(_distributions())


def plain_config(text: str) -> dict[str, Any]:
    """A TOML file's tables with the values of PLAIN_KEYS, and that there are others."""
    try:
        return _plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return {"unreadable": str(error).rpartition("(")[2].rstrip(")")}


def _plain(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _plain(value) if isinstance(value, dict) else _shown(value) if key in PLAIN_KEYS else REDACTED
        for key, value in table.items()
    }


def _shown(value: Any) -> Any:
    """Of a URL only scheme, host and port: its path and query may hold a key."""
    if isinstance(value, list):
        return [_shown(each) for each in value]
    if isinstance(value, str) and "://" in value:
        with suppress(ValueError):
            return Endpoint(value, 1.0).name
        return REDACTED
    return value


def _shown_json(text: str | None) -> str:
    with suppress(ValueError):
        told = json.loads(text or "")
        if isinstance(told, dict):
            account = {"account": told["account"]} if "account" in told else {}
            return json.dumps({**_plain(told), **account}, indent=1)
    return "{}"


def _distributions() -> list[str]:
    return sorted({f"{each.name} {each.version}" for each in importlib.metadata.distributions()})
