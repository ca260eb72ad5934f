from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kallphone.update.errors import Refused

MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "manifest.sig"
KEYS_FILE = "keys.json"
SYSTEM_FILE = "system.squashfs"

FORMAT = "kallphone-update-1"
PRODUCT = "kallphone-arm64"
LONGEST_MANIFEST = 64 * 1024  # bytes
LARGEST_SYSTEM = 1 << 32  # bytes; a slot is smaller still


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an update is. `build` rises from release to release; `size` and `min_slot_size` are bytes.

    The signature is over the bytes of the file, as they are: nobody has to write them anew to check it.
    """

    version: str
    build: int
    file: str
    size: int
    sha256: str
    min_slot_size: int
    published: str
    notes: str = ""
    product: str = PRODUCT

    def to_bytes(self) -> bytes:
        return canonical(
            {
                "format": FORMAT,
                "product": self.product,
                "version": self.version,
                "build": self.build,
                "system": {"file": self.file, "size": self.size, "sha256": self.sha256},
                "min_slot_size": self.min_slot_size,
                "notes": self.notes,
                "published": self.published,
            }
        )


def canonical(told: dict[str, Any]) -> bytes:
    """JSON, the same bytes for the same content, with a newline at its end."""
    return (json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def describe(system: Path, version: str, build: int, *, notes: str = "") -> Manifest:
    """The manifest of a squashfs. Its date is that of the build (Unix seconds), so that it is made the same
    again. Raises OSError."""
    with system.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = system.stat().st_size
    published = datetime.fromtimestamp(build, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Manifest(version, build, system.name, size, digest, size, published, notes)


def parse_manifest(content: bytes) -> Manifest:
    """Of bytes whose signature held. Unknown keys are left alone. Raises Refused."""
    told = _table(content)
    if told.get("format") != FORMAT:
        raise Refused("this update is of a kind that this phone does not know: it may need one between")
    system = told.get("system")
    if not isinstance(system, dict):
        raise Refused("the update's manifest names no system")
    manifest = Manifest(
        version=_text(told, "version", 64),
        build=_number(told, "build", 1 << 40),
        file=_text(system, "file", 128),
        size=_number(system, "size", LARGEST_SYSTEM),
        sha256=_text(system, "sha256", 64),
        min_slot_size=_number(told, "min_slot_size", LARGEST_SYSTEM),
        published=_text(told, "published", 64),
        notes=str(told.get("notes", ""))[:4096],
        product=_text(told, "product", 64),
    )
    if "/" in manifest.file or manifest.file.startswith("."):
        raise Refused(f"the update's manifest names {manifest.file!r}, which is no file beside it")
    if len(manifest.sha256) != 64 or not set(manifest.sha256) <= set("0123456789abcdef"):
        raise Refused("the update's manifest has no SHA-256")
    return manifest


def _table(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise Refused("the update's manifest is not JSON") from None
    if not isinstance(told, dict):
        raise Refused("the update's manifest is not a table")
    return told


def _text(told: dict[str, Any], key: str, longest: int) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise Refused(f"the update's manifest: {key} is no text of 1 to {longest} characters")
    return value


def _number(told: dict[str, Any], key: str, most: int) -> int:
    value = told.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Refused(f"the update's manifest: {key} is no whole number from 1 to {most}")
    return value
