"""Whom a phone believes about updates: a list of keys, and statements by which it is handed over.

Statement n says which keys are trusted from then on, all of them, and is signed by one of statement n-1's.
The image carries the list as it was when the image was made. Statements never expire, so a phone that lay on
a shelf for years walks from its list to the newest. A key that a statement leaves out is no longer believed
by whoever has seen that statement.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from kallphone.update.errors import Refused
from kallphone.update.manifest import canonical

STATEMENT_FORMAT = "kallphone-update-keys-1"
SIGNATURE_FORMAT = "kallphone-signature-1"
LONGEST_KEYS = 256 * 1024  # bytes
MOST_KEYS = 16


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Public Ed25519 keys, as of statement number `serial`; 0 is the list before any hand-over."""

    serial: int
    keys: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """update-keys.json of an image, and the statement that hands over to these keys."""
        keys = [key.hex() for key in self.keys]
        return canonical({"format": STATEMENT_FORMAT, "serial": self.serial, "keys": keys})

    def verify(self, content: bytes, signature: bytes, what: str) -> None:
        """Raises Refused unless one of these keys signed exactly `content`; `signature` is `sign`'s."""
        told = _table(signature, f"the signature of {what}")
        if told.get("format") != SIGNATURE_FORMAT:
            raise Refused(f"the signature of {what} is of a kind that this phone does not know")
        key = next((key for key in self.keys if key_id(key) == told.get("key")), None)
        if key is None:
            name = _shown(told.get("key"))
            raise Refused(f"{what} is signed by the key {name}, which this phone does not trust")
        try:
            VerifyKey(key).verify(content, bytes.fromhex(str(told.get("signature"))))
        except (BadSignatureError, ValueError):
            raise Refused(f"the signature of {what} is wrong: it was changed after it was signed") from None

    def walk(self, handovers: bytes) -> TrustedKeys:
        """The newest list that keys.json leads to. Older statements are passed over; raises Refused for a
        next one that is signed by nobody trusted here, and where one between is missing."""
        trusted = self
        for entry in _entries(handovers):
            content = _statement(entry)
            offered = parse_keys(content)
            if offered.serial <= trusted.serial:
                continue
            if offered.serial != trusted.serial + 1:
                raise Refused(f"the list of update keys lacks statement {trusted.serial + 1}")
            signature = json.dumps(entry.get("signature")).encode()
            trusted.verify(content, signature, f"statement {offered.serial} on update keys")
            trusted = offered
        return trusted


def key_id(public: bytes) -> str:
    """A key's name in signatures: 16 hexadecimal digits."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign(content: bytes, key: SigningKey) -> bytes:
    """A detached signature over exactly `content`, as a file: JSON with the key's id and 64 bytes in hex."""
    return canonical(_signature(content, key))


def hand_over(handovers: bytes | None, to: TrustedKeys, key: SigningKey) -> bytes:
    """keys.json with one statement more, signed by `key`, which the list before trusted."""
    entries = _entries(handovers) if handovers is not None else []
    content = to.to_bytes()
    entries.append({"statement": content.decode(), "signature": _signature(content, key)})
    return canonical({"handovers": entries})


def latest(handovers: bytes) -> TrustedKeys | None:
    """What the last statement of keys.json says, whoever signed it; None where there is none."""
    entries = _entries(handovers)
    return parse_keys(_statement(entries[-1])) if entries else None


def no_hand_overs() -> bytes:
    """keys.json of whoever never changed keys."""
    return canonical({"handovers": []})


def parse_keys(content: bytes) -> TrustedKeys:
    """update-keys.json, or the content of a statement. Raises Refused."""
    told = _table(content, "the list of update keys")
    serial, keys = told.get("serial"), told.get("keys")
    if told.get("format") != STATEMENT_FORMAT or isinstance(serial, bool) or not isinstance(serial, int):
        raise Refused("the list of update keys is of a kind that this phone does not know")
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS or serial < 0:
        raise Refused(f"the list of update keys has no 1 to {MOST_KEYS} keys")
    try:
        public = tuple(bytes.fromhex(key) for key in keys)
    except (TypeError, ValueError):
        raise Refused("the list of update keys has one that is not hexadecimal") from None
    if any(len(key) != 32 for key in public):
        raise Refused("the list of update keys has one that is not of 32 bytes")
    return TrustedKeys(serial, public)


def _signature(content: bytes, key: SigningKey) -> dict[str, Any]:
    return {
        "format": SIGNATURE_FORMAT,
        "key": key_id(bytes(key.verify_key)),
        "signature": key.sign(content).signature.hex(),
    }


def _entries(handovers: bytes) -> list[dict[str, Any]]:
    entries = _table(handovers, "keys.json").get("handovers")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refused("keys.json has no list of hand-overs")
    return entries


def _statement(entry: dict[str, Any]) -> bytes:
    # JSON may hold halves of UTF-16 pairs, which are no text.
    return str(entry.get("statement", "")).encode(errors="replace")


def _table(content: bytes, what: str) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON") from None
    if not isinstance(told, dict):
        raise Refused(f"{what} is not a table")
    return told


def _shown(name: object) -> str:
    return str(name)[:16] if isinstance(name, str) and name.isalnum() else "without a name"
