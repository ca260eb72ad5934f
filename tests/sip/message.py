from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass
class SipMessage:
    """Just enough of a SIP message (RFC 3261) for a small proxy: ordered headers, long names."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, head: str, body: str) -> SipMessage:
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":")[::2] for line in lines if line]
        headers = [(_LONG.get(name.strip().lower(), name.strip()), value.strip()) for name, value in pairs]
        return cls(start, headers, body)

    def encode(self) -> bytes:
        kept = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        kept.append(("Content-Length", str(len(self.body.encode()))))
        lines = [self.start, *(f"{name}: {value}" for name, value in kept)]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def status(self) -> int:
        return int(self.start.split()[1])

    @property
    def method(self) -> str:
        return self.get("CSeq").split()[1]

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def pop(self, name: str) -> str:
        for index, (key, value) in enumerate(self.headers):
            if key.lower() == name.lower():
                del self.headers[index]
                return value
        return ""

    def push(self, name: str, value: str) -> None:
        self.headers.insert(0, (name, value))

    def answer(self, code: int, words: str, **extra: str) -> SipMessage:
        copied = ("via", "from", "to", "call-id", "cseq", "record-route")
        headers = [(name, value) for name, value in self.headers if name.lower() in copied]
        headers += [(name.replace("_", "-"), value) for name, value in extra.items()]
        return SipMessage(f"SIP/2.0 {code} {words}", headers)


def user_of(uri: str) -> str:
    match = re.search(r"sips?:([^@;>\s]+)@", uri)
    return match[1] if match else ""


_LONG = {
    "v": "Via",
    "f": "From",
    "t": "To",
    "i": "Call-ID",
    "m": "Contact",
    "l": "Content-Length",
    "c": "Content-Type",
}
