from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import ssl
import threading
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from tests.sip.certificates import ServerFiles
from tests.sip.message import SipMessage, user_of

T = TypeVar("T")
_REALM = "test"


class SipProxy:
    """A registrar and record-routing proxy over TLS on loopback, with hooks to misbehave.

    `passwords` holds the digest users that may register, `bye_reason` is put into every BYE,
    `mute` answers nothing any more, `tamper` may change any message on its way, `options` is the status that
    each OPTIONS gets.
    """

    def __init__(self, files: ServerFiles) -> None:
        self.passwords: dict[str, str] = {}
        self.refuse_register: int | None = None
        self.bye_reason: str | None = None
        self.tamper: Callable[[SipMessage], None] = lambda message: None
        self.mute = False
        self.options = 200
        self.seen: list[SipMessage] = []
        self._files = files
        self._users: dict[str, asyncio.StreamWriter] = {}
        self._branches: dict[str, asyncio.StreamWriter] = {}
        self._waiting: dict[str, asyncio.Future[SipMessage]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def start(self) -> None:
        self._thread.start()
        self._server = self._wait(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._wait(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def uri(self) -> str:
        return f"sip:127.0.0.1:{self.port};transport=tls"

    def drop_connections(self) -> None:
        self._wait(self._drop())

    def stop_listening(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)

    def invite(self, user: str, from_uri: str, sdp: str) -> int:
        """Sends an INVITE of our own making to a registered user; the final status that comes back."""
        return self._wait(self._invite(user, from_uri, sdp))

    def requests(self, method: str) -> list[SipMessage]:
        return [message for message in self.seen if not message.is_response and message.method == method]

    def responses(self, method: str) -> list[int]:
        return [message.status for message in self.seen if message.is_response and message.method == method]

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> asyncio.Server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._files.certificate, self._files.private_key)
        return await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context)

    async def _close(self) -> None:
        self._server.close()
        await self._drop()
        while self._tasks:
            await asyncio.wait(self._tasks)
        for _ in range(10):  # aborted transports close their sockets in later turns of the loop
            await asyncio.sleep(0)

    async def _drop(self) -> None:
        for writer in set(self._users.values()):
            with suppress(AttributeError):  # Python 3.11.2 has forgotten a connection that is already lost
                writer.transport.abort()
        self._users.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                await self._received(await _read(reader), writer)
        writer.close()

    async def _received(self, message: SipMessage, writer: asyncio.StreamWriter) -> None:
        self.seen.append(message)
        if self.mute:
            return
        if message.is_response:
            self._pass_response(message)
        elif message.method == "REGISTER":
            self._send(writer, self._register(message, writer))
        elif message.method == "OPTIONS":
            self._send(writer, message.answer(self.options, "Said", Proxy_Authenticate=_challenge()))
        else:
            self._pass_request(message, writer)

    def _register(self, message: SipMessage, writer: asyncio.StreamWriter) -> SipMessage:
        if self.refuse_register is not None:
            return message.answer(self.refuse_register, "Refused")
        authorization = message.get("Authorization")
        if not authorization:
            return message.answer(401, "Unauthorized", WWW_Authenticate=_challenge())
        if not self._authorized(authorization):
            return message.answer(403, "Wrong credential")
        expires = message.get("Expires") or "300"
        user = user_of(message.get("To"))
        if expires == "0":
            self._users.pop(user, None)
            return message.answer(200, "OK")
        self._users[user] = writer
        return message.answer(200, "OK", Contact=f"{message.get('Contact')};expires={expires}")

    def _authorized(self, header: str) -> bool:
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', header))
        password = self.passwords.get(given["username"])
        if password is None:
            return False
        first = _md5(f"{given['username']}:{_REALM}:{password}")
        second = _md5(f"REGISTER:{given['uri']}")
        middle = f"{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}"
        return given["response"] == _md5(f"{first}:{middle}:{second}")

    def _pass_request(self, message: SipMessage, writer: asyncio.StreamWriter) -> None:
        callee = user_of(message.start)
        target = self._users.get(callee)
        while str(self.port) in message.get("Route"):
            message.pop("Route")
        if target is None:
            if message.method != "ACK":
                self._send(writer, message.answer(480, "Not here"))
            return
        if message.method == "BYE" and self.bye_reason:
            message.push("Reason", self.bye_reason)
        if message.method == "INVITE":
            self._send(writer, message.answer(100, "Trying"))
            message.push("Record-Route", f"<{self.uri};lr>")
        self.tamper(message)
        branch = _md5(message.get("Via"))
        message.push("Via", self._via(branch))
        self._branches[branch] = writer
        self._send(target, message)

    def _pass_response(self, message: SipMessage) -> None:
        via = message.pop("Via")
        branch = via.partition("branch=z9hG4bK")[2].partition(";")[0]
        if waiting := self._waiting.get(branch):
            if message.status >= 200 and not waiting.done():
                waiting.set_result(message)
            return
        self.tamper(message)
        if message.status != 100 and (writer := self._branches.get(branch)):
            self._send(writer, message)

    def send_back(self, response: SipMessage) -> None:
        """Another response to who sent the request; to be called by `tamper`."""
        self._send(self._branches[_md5(response.get("Via"))], response)

    async def _invite(self, user: str, from_uri: str, sdp: str) -> int:
        branch = uuid.uuid4().hex
        dialog = [
            ("Via", self._via(branch)),
            ("From", f"<{from_uri}>;tag={branch[:8]}"),
            ("Call-ID", branch),
            ("Max-Forwards", "70"),
        ]
        offer = [("To", f"<sip:{user}@test>"), ("CSeq", "1 INVITE"), ("Contact", f"<{self.uri}>")]
        content = [("Content-Type", "application/sdp")] if sdp else []
        self._waiting[branch] = self._loop.create_future()
        invite = SipMessage(f"INVITE sip:{user}@test SIP/2.0", [*dialog, *offer, *content], sdp)
        self._send(self._users[user], invite)
        answer = await self._waiting[branch]
        ack = [*dialog, ("To", answer.get("To")), ("CSeq", "1 ACK")]
        self._send(self._users[user], SipMessage(f"ACK sip:{user}@test SIP/2.0", ack))
        return answer.status

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/TLS 127.0.0.1:{self.port};branch=z9hG4bK{branch}"

    def _send(self, writer: asyncio.StreamWriter, message: SipMessage) -> None:
        if not writer.is_closing():
            writer.write(message.encode())


async def _read(reader: asyncio.StreamReader) -> SipMessage:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lstrip("\r\n")
    while not head:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lstrip("\r\n")
    head = head.removesuffix("\r\n\r\n")
    length = re.search(r"^(?:content-length|l)\s*:\s*(\d+)", head, re.IGNORECASE | re.MULTILINE)
    body = await reader.readexactly(int(length[1])) if length else b""
    return SipMessage.parse(head, body.decode())


def _challenge() -> str:
    return f'Digest realm="{_REALM}", nonce="{uuid.uuid4().hex}", algorithm=MD5, qop="auth"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
