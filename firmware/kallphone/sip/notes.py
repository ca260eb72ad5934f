"""What phones say to each other within a call: network API, section 12.1."""

from __future__ import annotations

import json
import re
from typing import Any

from kallnet.number import is_number
from kallphone.phone.events import ExpectNote, HoldNote, Note, TransferNote, TransferRefusedNote
from kallphone.sip.identity import Identity

HEADER = "Kall-Note"
CONTENT_TYPE = "application/kall-call+json"
MAX_BYTES = 1024

_SIGNED = re.compile(
    rf"^{HEADER}[ \t]*:[ \t]*count=([1-9][0-9]{{0,9}});signature=0x([0-9a-f]{{130}})$",
    re.IGNORECASE | re.MULTILINE,
)
_ACCOUNT = re.compile(r"0x[0-9a-f]{40}")


class Notes:
    """The notes of one call, both ways, each signed: who could forge them could move calls about."""

    def __init__(self, identity: Identity, peer: bytes, call_id: str) -> None:
        self._identity = identity
        self._peer = peer
        self._call_id = call_id
        self._said = 0
        self._heard = 0

    def say(self, note: Note) -> tuple[str, str]:
        """The body of the message, and the value of its header."""
        self._said += 1
        body = encode_note(note)
        signature = self._identity.sign_note(body, self._peer, self._call_id, self._said)
        return body, f"count={self._said};signature=0x{signature.hex()}"

    def hear(self, body: str, message: str) -> Note:
        """Raises ValueError for what is no note, not the far end's, or said before."""
        head = message.replace("\r\n", "\n").partition("\n\n")[0]
        signed = _SIGNED.findall(head)
        if len(signed) != 1:
            raise ValueError("nobody signed it")
        count, signature = int(signed[0][0]), bytes.fromhex(signed[0][1])
        if count <= self._heard:
            raise ValueError("it was said before")
        if not self._identity.check_note(body, self._peer, self._call_id, count, signature):
            raise ValueError("the far end did not sign this")
        self._heard = count
        return decode_note(body)


def encode_note(note: Note) -> str:
    return json.dumps(_fields_of(note), separators=(",", ":"))


def decode_note(body: str) -> Note:
    """Raises ValueError for what is no note, or says more than it should."""
    if len(body.encode(errors="replace")) > MAX_BYTES:
        raise ValueError("the note is too long")
    try:
        given = json.loads(body, object_pairs_hook=_distinct)
    except RecursionError:
        raise ValueError("the note is nested too deeply") from None
    match given:
        case {"note": "hold", "held": bool(held), **more} if not more:
            return HoldNote(held)
        case {"note": "transfer", "number": str(number), **more} if not more and _is_number(number):
            return TransferNote(number)
        case {"note": "expect", "account": str(account), **more} if not more and _ACCOUNT.fullmatch(account):
            return ExpectNote(bytes.fromhex(account[2:]))
        case {"note": "transfer_refused", **more} if not more:
            return TransferRefusedNote()
    raise ValueError("it is none of those that phones send")


def _fields_of(note: Note) -> dict[str, Any]:
    match note:
        case HoldNote(held=held):
            return {"note": "hold", "held": held}
        case TransferNote(number=number):
            return {"note": "transfer", "number": number}
        case ExpectNote(account=account):
            return {"note": "expect", "account": f"0x{account.hex()}"}
        case TransferRefusedNote():
            return {"note": "transfer_refused"}


def _is_number(text: str) -> bool:
    return re.fullmatch("[0-9]{10}", text) is not None and is_number(text)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("the note says something twice")
    return fields
