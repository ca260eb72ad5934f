"""What people type, checked. Raises UsageError, AddressInvalid or NumberInvalid."""

from __future__ import annotations

import re
from uuid import UUID

from kallphone.ledger.errors import UsageError

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_HOSTNAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*", re.ASCII)


def uuid_bytes(text: str) -> bytes:
    if not _UUID4.fullmatch(text):
        example = "8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69"
        raise UsageError(f"{text[:64]!r} is no version 4 UUID (RFC 4122): give one such as {example}")
    return UUID(text).bytes


def hostname(text: str) -> str:
    """RFC 1035, with the underscores of SRV names."""
    if not _HOSTNAME.fullmatch(text):
        raise UsageError(f"{text[:64]!r} is no host name: give the proxy's, such as proxy.example.org")
    return text
