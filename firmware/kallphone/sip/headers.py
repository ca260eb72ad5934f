from __future__ import annotations

import re
from dataclasses import dataclass

from kallnet.number import is_number

_ACCOUNT_URI = re.compile(r"sips?:(0x[0-9a-f]{40})@[^\s>@]+", re.IGNORECASE)
_REASON = re.compile(r"^reason\s*:\s*(.*)$", re.IGNORECASE | re.MULTILINE)
_CAUSE = re.compile(r";\s*cause\s*=\s*(\d{3})\b", re.IGNORECASE)
_TEXT = re.compile(r';\s*text\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_FINGERPRINT = re.compile(r"^a=fingerprint:\s*\S", re.IGNORECASE | re.MULTILINE)
_CONTENT_TYPE = re.compile(r"^(?:content-type|c)[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_DESCRIPTION = "application/sdp"
_FOLD = re.compile(r"\n[ \t]+")
_HOST = r"\[[0-9a-f:.]+\]|[^\s:?/\[\]]+"
_TURN = re.compile(rf"turn:({_HOST})(?::(\d{{1,5}}))?(?:\?transport=(udp|tcp))?", re.IGNORECASE)
_TURN_PORT = 3478


_DIVERSION = re.compile(r"^diversion[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_CONTACT = re.compile(r"^(?:contact|m)[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^(?:to|t)[ \t]*:[ \t]*(.*)$", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"SIP/2\.0 (\d{3})\b")
_NUMBER_URI = re.compile(r"sips?:([0-9]{10})@", re.IGNORECASE)


@dataclass(frozen=True)
class Reason:
    code: int
    words: str


@dataclass(frozen=True)
class TurnServer:
    address: str
    tcp: bool


def account_uri(account: bytes, domain: str) -> str:
    return f"sip:0x{account.hex()}@{domain}"


def account_of(uri: str) -> bytes | None:
    """The account behind a SIP URI or name-addr; None where the user part is not an account.

    A display name is the sender's free text, so where there are angle brackets only they count.
    """
    bracketed = uri.rpartition("<")[2] if "<" in uri else uri
    match = _ACCOUNT_URI.match(bracketed.strip())
    return bytes.fromhex(match[1][2:]) if match else None


def reason_of(message: str) -> Reason | None:
    """The SIP cause in the Reason header of a request (RFC 3326), None where there is none."""
    head = message.replace("\r\n", "\n").partition("\n\n")[0]
    for value in _REASON.findall(head):
        cause = _CAUSE.search(value)
        if value.strip().upper().startswith("SIP") and cause:
            text = _TEXT.search(value)
            return Reason(int(cause[1]), re.sub(r"\\(.)", r"\1", text[1]) if text else "")
    return None


def reason_value(code: int, words: str) -> str:
    quoted = re.sub(r'(["\\])', r"\\\1", words).replace("\r", " ").replace("\n", " ")
    return f'SIP;cause={code};text="{quoted}"'


def description_of(message: str) -> str:
    """The session description that is a message's body, empty where it has none.

    Raises ValueError where pjsip might read another than we do: descriptions within a body of another type,
    or heads that end at different places for different readers.
    """
    text = message.replace("\r\n", "\n")
    # pjsip takes a CR alone for the end of a line, and a NUL for the end of a text.
    if "\r" in text or "\0" in text:
        raise ValueError("the message has odd ends of lines")
    head, _, body = text.partition("\n\n")
    kinds = _CONTENT_TYPE.findall(_FOLD.sub(" ", head))
    if len(kinds) == 1 and kinds[0].partition(";")[0].strip().lower() == _DESCRIPTION:
        return body
    if "fingerprint" in body.lower():
        raise ValueError("the description is wrapped in something else")
    return ""


def status_of(message: str) -> int:
    """Of a response; 0 where it is none."""
    found = _STATUS.match(message)
    return int(found[1]) if found else 0


def addressee(message: str) -> str:
    """The To of a message, empty where it has none."""
    found = _TO.search(_head(message))
    return found[1].strip() if found else ""


def refuses(message: str) -> bool:
    """Whether it is a final response that accepts nothing."""
    return re.match(r"SIP/2\.0 [3-6]", message) is not None


def diversion_value(number: str, domain: str) -> str:
    """RFC 5806: whose phone sent the call on."""
    return f"<{number_uri(number, domain)}>;reason=no-answer"


def diverted_from(message: str) -> str:
    """The Kall number whose phone sent the call on last, empty where there is none."""
    return _number_in(_DIVERSION, message)


def forwarded_to(message: str) -> str:
    """The Kall number that a response names in its place (302), empty where there is none."""
    return _number_in(_CONTACT, message) if message.startswith("SIP/2.0 302 ") else ""


def number_uri(number: str, domain: str) -> str:
    return f"sip:{number}@{domain}"


def _number_in(header: re.Pattern[str], message: str) -> str:
    value = header.search(_head(message))
    # A display name is free text, so where there are angle brackets only they count.
    uri = _NUMBER_URI.match(value[1].partition("<")[2] or value[1]) if value else None
    return uri[1] if uri and is_number(uri[1]) else ""


def _head(message: str) -> str:
    return _FOLD.sub(" ", message.replace("\r\n", "\n").partition("\n\n")[0])


def may_be_secured(message: str) -> bool:
    """Whether an INVITE offers DTLS-SRTP, or leaves the offer to us (RFC 3261 section 13.2.1)."""
    body = message.replace("\r\n", "\n").partition("\n\n")[2]
    return not body.strip() or _FINGERPRINT.search(body) is not None


def outbound_proxy(proxy: str) -> str:
    """A proxy's URI as a loose route (RFC 3261 section 16.12.1.1)."""
    return proxy if ";lr" in proxy.lower() else f"{proxy};lr"


def turn_server(uri: str) -> TurnServer | None:
    """A TURN URI (RFC 7065) as host:port; None where it is not one that the phone can use."""
    match = _TURN.fullmatch(uri.strip())
    if not match:
        return None
    return TurnServer(f"{match[1]}:{match[2] or _TURN_PORT}", (match[3] or "udp").lower() == "tcp")
