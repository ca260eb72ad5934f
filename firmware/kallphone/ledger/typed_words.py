"""What people type, checked. Raises UsageError, AddressInvalid or NumberInvalid."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from kallnet.keccak import keccak256
from kallphone.ledger.errors import UsageError

MAX_OPTIONS = 5

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*", re.ASCII)


def uuid_bytes(text: str) -> bytes:
    if not _UUID4.fullmatch(text):
        example = "8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69"
        raise UsageError(f"{text[:64]!r} is no version 4 UUID (RFC 4122): give one such as {example}")
    return UUID(text).bytes


def options_of(text: str) -> tuple[int, ...]:
    """Options with commas, the best one first."""
    options = [part.strip() for part in text.split(",")]
    if len(options) > MAX_OPTIONS or not all(o.isdecimal() and 1 <= int(o) <= MAX_OPTIONS for o in options):
        raise UsageError(f"{text[:64]!r} ranks no options: give their numbers, such as 3,1,2")
    return tuple(int(option) for option in options)


def ranking_of(options: tuple[int, ...]) -> int:
    """As a ballot has them: one hexadecimal digit each."""
    return int("".join(map(str, options)), 16)


def spec_hash_of(text: str) -> bytes:
    """A keccak-256 as 0x and 64 digits, or that of the file of this name."""
    if _HASH.fullmatch(text):
        return bytes.fromhex(text[2:])
    try:
        return keccak256(Path(text).read_bytes())
    except OSError as error:
        raise UsageError(f"{text[:64]!r} is no keccak-256 and no file: {error.strerror}") from None


def hostname(text: str) -> str:
    """RFC 1035, as entries have it."""
    if not _HOSTNAME.fullmatch(text):
        raise UsageError(f"{text[:64]!r} is no host name: give the proxy's, such as proxy.example.org")
    return text
