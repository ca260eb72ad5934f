"""What a proxy that wants to listen in, or only to annoy, does to the descriptions that pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tests.sip.message import SipMessage

Tamper = Callable[[SipMessage], None]
Change = Callable[[str], str]

_IDENTITY = re.compile(r"a=identity:[^\r\n]*\r\n")
_FINGERPRINT = re.compile(r"(a=fingerprint:\S+ )(\S+)")
_OTHERS = ":".join(["5A"] * 32)


def to(where: str, change: Change) -> Tamper:
    """Changes the body of every "offer" (INVITE or UPDATE) or "answer" (their responses), or of "both"."""

    def tamper(message: SipMessage) -> None:
        kind = "answer" if message.is_response else "offer"
        if message.body and message.method in ("INVITE", "UPDATE") and where in (kind, "both"):
            message.body = change(message.body)

    return tamper


def swapped(body: str) -> str:
    return _FINGERPRINT.sub(rf"\g<1>{_OTHERS}", body)


def other_case(body: str) -> str:
    return _FINGERPRINT.sub(lambda match: match[1] + match[2].swapcase(), body)


def stripped(body: str) -> str:
    return _IDENTITY.sub("", body)


def at_media_level(body: str) -> str:
    return stripped(body) + line_of(body)


def twice(body: str) -> str:
    return _IDENTITY.sub(lambda match: match[0] * 2, body)


def garbled(body: str) -> str:
    return body.replace("signature=0x", "signature=0xZZ")


def replaying(lines: Sequence[str]) -> Change:
    """Puts the first of an earlier call's lines in the place of this call's."""
    return lambda body: _IDENTITY.sub(lines[0], body)


def line_of(body: str) -> str:
    match = _IDENTITY.search(body)
    assert match
    return match[0]
