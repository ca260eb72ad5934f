"""CBOR from strangers (RFC 8949): no tags, no indefinite lengths, no more items than an honest writer has."""

from typing import Any

import cbor2

MAX_ITEMS = 4096


def decode(data: bytes) -> Any:
    """Raises ValueError that says what is wrong."""
    if not _is_plain(data):
        raise ValueError("it is no CBOR in deterministic form, or has tags, or too many items")
    try:
        return cbor2.loads(data)
    except Exception as error:  # cbor2 raises errors of several libraries
        raise ValueError(f"it is no CBOR: {type(error).__name__}") from None


def encode(value: Any) -> bytes:
    """In the deterministic encoding (RFC 8949, 4.2.1)."""
    return cbor2.dumps(value, canonical=True)


def _is_plain(data: bytes) -> bool:
    """cbor2 compiles regular expressions that it is sent in tags, for seconds.

    One item's head follows the other's, however they nest (RFC 8949, 3).
    """
    at = items = 0
    while at < len(data):
        kind, info = data[at] >> 5, data[at] & 31
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
        items += 1
        if kind == 6 or info > 27 or items > MAX_ITEMS:
            return False
        value = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else info
        at += 1 + size + (value if kind in (2, 3) else 0)
    return True
