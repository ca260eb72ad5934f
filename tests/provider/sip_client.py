"""A small SIP user agent over TLS that can also misbehave."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Message:
    start: str
    headers: list[tuple[str, str]]
    body: str = ""

    @property
    def is_response(self) -> bool:
        return self.start.startswith("SIP/2.0 ")

    @property
    def code(self) -> int:
        return int(self.start.split()[1])

    @property
    def reason(self) -> str:
        return self.start.split(" ", 2)[2]

    @property
    def method(self) -> str:
        return self.start.split()[0]

    @property
    def uri(self) -> str:
        return self.start.split()[1]

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def call_id(self) -> str:
        return self.get("Call-ID")

    def encode(self) -> bytes:
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        body = self.body.encode()
        return f"{self.start}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Message:
        text = ""
        while not text:
            text = (await reader.readuntil(b"\r\n")).decode().strip()
        start, headers = text, []
        while line := (await reader.readuntil(b"\r\n")).decode().rstrip("\r\n"):
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        message = cls(start, headers)
        message.body = (await reader.readexactly(int(message.get("Content-Length") or 0))).decode()
        return message


@dataclass(frozen=True)
class Credentials:
    username: str
    password: str

    @classmethod
    def of(cls, account: str, secret: str, expiry: int) -> Credentials:
        username = f"{expiry}:{account}"
        mac = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
        return cls(username, base64.b64encode(mac).decode())


def authorization(challenge: str, credentials: Credentials, method: str, uri: str) -> str:
    fields = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge))
    realm, nonce, cnonce = fields["realm"], fields["nonce"], secrets.token_hex(8)

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    ha1 = md5(f"{credentials.username}:{realm}:{credentials.password}")
    response = md5(f"{ha1}:{nonce}:00000001:{cnonce}:auth:{md5(f'{method}:{uri}')}")
    return (
        f'Digest username="{credentials.username}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{cnonce}"'
    )


@dataclass
class Dialog:
    """One side of an answered call, enough to send requests within it."""

    phone: Phone
    call_id: str
    local: str
    remote: str
    target: str
    routes: list[str]
    cseq: int = 1

    async def request(self, method: str) -> Message:
        self.cseq += 1
        return await self.phone.transact(self._message(method))

    async def ack(self, cseq: int) -> None:
        message = self._message("ACK")
        message.headers = [(n, f"{cseq} ACK" if n == "CSeq" else v) for n, v in message.headers]
        await self.phone.send(message)

    def _message(self, method: str) -> Message:
        headers = [
            ("Via", self.phone.via()),
            ("Max-Forwards", "70"),
            *(("Route", route) for route in self.routes),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self.cseq} {method}"),
            ("Contact", self.phone.contact),
        ]
        return Message(f"{method} {self.target} SIP/2.0", headers)


@dataclass
class Phone:
    """`contact` says an address that nobody can reach, as a phone behind NAT does."""

    account: str
    domain: str
    credentials: Credentials | None
    port: int
    context: ssl.SSLContext
    source: str = "127.0.0.1"
    source_port: int = 0
    requests: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    answers: bool = True

    def __post_init__(self) -> None:
        self._waiting: dict[tuple[str, str], asyncio.Queue[Message | Exception]] = {}
        self._reader_task: asyncio.Task[None] | None = None
        self.contact = f"<sip:{self.account}@10.99.0.1:5099;transport=tls;ob>"
        self.dialogs: dict[str, Dialog] = {}
        self.byes: dict[str, Message] = {}
        self.unexpected: list[Message] = []
        self._provisional: set[tuple[str, int]] = set()
        self.changed = asyncio.Event()

    @property
    def address(self) -> str:
        return f"sip:{self.account}@{self.domain}"

    def via(self) -> str:
        return f"SIP/2.0/TLS 10.99.0.1:5099;rport;branch=z9hG4bK{secrets.token_hex(8)}"

    async def __aenter__(self) -> Self:
        reader, self._writer = await asyncio.open_connection(
            "127.0.0.1",
            self.port,
            ssl=self.context,
            server_hostname=self.domain,
            local_addr=(self.source, self.source_port),
        )
        self.source_port = self._writer.get_extra_info("sockname")[1]
        self._reader_task = asyncio.create_task(self._receive(reader))
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self._reader_task:
            self._reader_task.cancel()
            await asyncio.gather(self._reader_task, return_exceptions=True)
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._reader_task = None

    async def send(self, message: Message) -> None:
        self._writer.write(message.encode())
        await self._writer.drain()

    async def transact(self, message: Message) -> Message:
        """The final response; raises when the connection is lost before it."""
        queue = self._waiting[message.call_id, message.get("CSeq")] = asyncio.Queue()
        await self.send(message)
        while not isinstance(response := await queue.get(), Exception):
            if response.code >= 200:
                return response
            self._provisional.add((response.call_id, response.code))
            self.changed.set()
        raise response

    def provisional(self, call_id: str, code: int) -> bool:
        """Whether this call has had such a response."""
        return (call_id, code) in self._provisional

    async def register(
        self, account: str | None = None, to: str | None = None, expires: int = 600
    ) -> Message:
        address = f"sip:{account or self.account}@{self.domain}"
        headers = [("Contact", self.contact), ("Expires", str(expires))]
        return await self.request("REGISTER", f"sip:{self.domain}", address, to or address, headers)

    async def request(
        self,
        method: str,
        uri: str,
        sender: str,
        to: str,
        extra: list[tuple[str, str]] | None = None,
        body: str = "",
        call_id: str | None = None,
    ) -> Message:
        """Out of a dialog; answers one challenge when there are credentials."""
        message = self.message(method, uri, sender, to, extra or [], body, call_id)
        response = await self.transact(message)
        if response.code not in (401, 407) or self.credentials is None:
            return response
        if method == "INVITE":
            await self._ack_refusal(message, response)
        return await self.transact(self.authorized(message, response))

    def message(
        self,
        method: str,
        uri: str,
        sender: str,
        to: str,
        extra: list[tuple[str, str]],
        body: str = "",
        call_id: str | None = None,
    ) -> Message:
        headers = [
            ("Via", self.via()),
            ("Max-Forwards", "70"),
            ("From", f"<{sender}>;tag={secrets.token_hex(4)}"),
            ("To", f"<{to}>"),
            ("Call-ID", call_id or secrets.token_hex(12)),
            ("CSeq", f"1 {method}"),
            *extra,
        ]
        return Message(f"{method} {uri} SIP/2.0", headers, body)

    def authorized(self, message: Message, challenge: Message) -> Message:
        assert self.credentials
        kind = "Authorization" if challenge.code == 401 else "Proxy-Authorization"
        given = challenge.get("WWW-Authenticate") or challenge.get("Proxy-Authenticate")
        value = authorization(given, self.credentials, message.method, message.uri)
        renewed = {"Via": self.via(), "CSeq": f"2 {message.method}"}
        headers = [(name, renewed.get(name, old)) for name, old in message.headers]
        return Message(message.start, [*headers, (kind, value)], message.body)

    async def invite(
        self, callee: str, *, sender: str | None = None, call_id: str | None = None, to: str | None = None
    ) -> Message:
        """The final response; a dialog in `dialogs` when it is a 200."""
        uri = callee if callee.startswith("sip:") else f"sip:{callee}@{self.domain}"
        headers = [("Contact", self.contact), ("Content-Type", "application/sdp")]
        response = await self.request(
            "INVITE", uri, sender or self.address, to or uri, headers, "v=0\r\n", call_id
        )
        cseq = int(response.get("CSeq").split()[0])
        if response.code >= 300:
            return response
        dialog = Dialog(
            self,
            response.call_id,
            response.get("From"),
            response.get("To"),
            _target(response),
            list(reversed(_routes(response))),
            cseq,
        )
        self.dialogs[dialog.call_id] = dialog
        await dialog.ack(cseq)
        return response

    async def reply(
        self, request: Message, code: int, reason: str, extra: list[tuple[str, str]] | None = None
    ) -> None:
        kept = [(n, v) for n, v in request.headers if n in ("Via", "Record-Route", "From", "Call-ID", "CSeq")]
        to = request.get("To")
        if code > 100 and "tag=" not in to:
            to += f";tag={hashlib.sha256(request.call_id.encode()).hexdigest()[:8]}"
        await self.send(Message(f"SIP/2.0 {code} {reason}", [*kept, ("To", to), *(extra or [])]))

    async def answer(self, request: Message) -> None:
        to = f"{request.get('To')};tag={hashlib.sha256(request.call_id.encode()).hexdigest()[:8]}"
        self.dialogs[request.call_id] = Dialog(
            self, request.call_id, to, request.get("From"), _target(request), _routes(request)
        )
        await self.reply(request, 200, "OK", [("Contact", self.contact)])

    async def until(self, condition: Callable[[], object]) -> None:
        """Waits until `condition()` holds; looked at after each arrival."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        try:
            await self._read_all(reader)
        except (asyncio.IncompleteReadError, OSError) as loss:
            for queue in self._waiting.values():
                queue.put_nowait(loss)

    async def _read_all(self, reader: asyncio.StreamReader) -> None:
        while True:
            message = await Message.read(reader)
            if message.is_response:
                queue = self._waiting.get((message.call_id, message.get("CSeq")))
                if queue:
                    queue.put_nowait(message)
                else:
                    self.unexpected.append(message)
            else:
                await self._serve(message)
            self.changed.set()

    async def _serve(self, request: Message) -> None:
        self.requests.put_nowait(request)
        if request.method == "BYE":
            self.byes[request.call_id] = request
            await self.reply(request, 200, "OK")
        elif request.method == "INVITE" and self.answers:
            await self.answer(request)
        elif request.method in ("MESSAGE", "OPTIONS", "UPDATE", "CANCEL"):
            await self.reply(request, 200, "OK")

    async def _ack_refusal(self, invite: Message, response: Message) -> None:
        kept = [(n, v) for n, v in invite.headers if n in ("Via", "Max-Forwards", "From", "Call-ID")]
        number = invite.get("CSeq").split()[0]
        headers = [*kept, ("To", response.get("To")), ("CSeq", f"{number} ACK")]
        await self.send(Message(f"ACK {invite.uri} SIP/2.0", headers))


def _target(message: Message) -> str:
    found = re.search(r"<([^>]*)>", message.get("Contact"))
    assert found, "no Contact"
    return found[1]


def _routes(message: Message) -> list[str]:
    return [route.strip() for value in message.all("Record-Route") for route in value.split(",")]
