from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kallnet.account import Address, address_from_hex
from kallnet.errors import KallnetError
from kallprovider.netstrings import Decoder, NetstringError, encode

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0
# Kamailio gives up after 2 s; an answer later than this is no answer.
ANSWER_SECONDS = 1.5
ADMISSION_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 5.0
CONFIRMED_STATES = (3, 4)


@dataclass(frozen=True, slots=True)
class Ask:
    call_id: str
    caller: Address
    callee: Address


@dataclass(frozen=True, slots=True)
class Decision:
    """`code` 0 lets the INVITE go on; anything else is the SIP reply that the caller gets."""

    code: int = 0
    reason: str = ""


GO = Decision()


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """`start` in Unix seconds."""

    call_id: str
    start: int
    caller: Address
    callee: Address


class CallHandler(Protocol):
    async def ask(self, ask: Ask) -> Decision:
        """May this INVITE start? Every GO is followed by `started` or by `ended` with "failed:<code>"."""

    def started(self, call: AnsweredCall) -> None: ...

    def ended(self, call_id: str, reason: str) -> None:
        """`reason`: caller, callee, cut:<code>, failed:<code>, kamailio, or gone (there was no such call).

        May name a call that never started, or one that has ended before.
        """

    def dialogs(self, call_ids: Sequence[str]) -> None:
        """All answered calls that Kamailio holds; comes after each connect and each `list_dialogs`."""


class KamailioLink:
    """The provider's end of Kamailio's event socket. Use it within one asyncio loop."""

    def __init__(self, host: str, port: int, token: str, handler: CallHandler) -> None:
        self._host, self._port, self._token, self._handler = host, port, token, handler
        self._outgoing: asyncio.Queue[str] | None = None
        self._cuts: dict[str, str] = {}
        self._asks: set[asyncio.Task[None]] = set()
        self._connected = asyncio.Event()
        self._socket: socket.socket | None = None

    @property
    def connected(self) -> bool:
        """True once Kamailio has accepted the token and listed its calls."""
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        await self._connected.wait()

    def cut(self, call_id: str, code: int, reason: str) -> None:
        """Ends both legs with this Reason. Repeated after a reconnect until Kamailio reports the end."""
        self._cuts[call_id] = f"CUT|{call_id}|{code}|{_plain(reason)}"
        self._send(self._cuts[call_id])

    def list_dialogs(self) -> None:
        self._send("LIST")

    def drop(self) -> None:
        """Gives up this connection; `run` opens the next one."""
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)

    async def run(self) -> None:
        """Connects, serves and reconnects until cancelled."""
        pause = 0.1
        try:
            while True:
                served = await self._serve_once()
                pause = 0.1 if served else min(pause * 2, LONGEST_PAUSE_SECONDS)
                await asyncio.sleep(pause)
        finally:
            for task in self._asks:
                task.cancel()

    async def _serve_once(self) -> bool:
        """True when a connection stood."""
        try:
            sock = await self._open()
        except OSError as problem:
            log.warning("no connection to Kamailio at %s:%d: %s", self._host, self._port, problem)
            return False
        self._socket = sock
        try:
            await self._serve(sock)
        except (OSError, NetstringError) as problem:
            log.warning("connection to Kamailio at %s:%d ended: %s", self._host, self._port, problem)
        finally:
            self._connected.clear()
            self._outgoing = self._socket = None
            sock.close()
        return True

    async def _open(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(sock, (self._host, self._port))
        except BaseException:
            sock.close()
            raise
        return sock

    async def _serve(self, sock: socket.socket) -> None:
        outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._outgoing = outgoing
        for text in (self._token, "LIST", *self._cuts.values()):
            outgoing.put_nowait(text)
        loops = (self._write(sock, outgoing), self._read(sock), self._heartbeat(), self._admission())
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _admission(self) -> None:
        try:
            async with asyncio.timeout(ADMISSION_SECONDS):
                await self._connected.wait()
        except TimeoutError:
            raise ConnectionError("no answer to the token: was Kamailio rendered with this one?") from None

    async def _write(self, sock: socket.socket, outgoing: asyncio.Queue[str]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await loop.sock_sendall(sock, encode(await outgoing.get()))

    async def _heartbeat(self) -> None:
        while True:
            self._send("P")
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _read(self, sock: socket.socket) -> None:
        loop, decoder = asyncio.get_running_loop(), Decoder()
        while True:
            # Kamailio writes with Nagle on: a delayed acknowledgement would cost 40 ms each time.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            chunk = await loop.sock_recv(sock, 65536)
            if not chunk:
                raise ConnectionResetError("closed by Kamailio")
            for text in decoder.feed(chunk):
                self._receive(text)

    def _send(self, text: str) -> None:
        if self._outgoing is not None:
            self._outgoing.put_nowait(text)

    def _receive(self, text: str) -> None:
        kind, _, rest = text.partition("|")
        try:
            match kind:
                case "ASK":
                    self._receive_ask(*rest.split("|"))
                case "START":
                    self._receive_start(*rest.split("|"))
                case "END":
                    self._receive_end(*rest.split("|"))
                case "DIALOGS":
                    self._receive_dialogs(rest)
                case _:
                    log.error("not understood from Kamailio: %.80r", text)
        except Exception:
            log.exception("Kamailio's %s could not be handled", kind)

    def _receive_ask(self, index: str, label: str, call_id: str, caller: str, callee: str) -> None:
        task = asyncio.create_task(self._answer(f"{index}|{label}", call_id, caller, callee))
        self._asks.add(task)
        task.add_done_callback(self._asks.discard)

    async def _answer(self, transaction: str, call_id: str, caller: str, callee: str) -> None:
        decision = await self._decide(call_id, caller, callee)
        if decision.code == 0:
            self._send(f"GO|{transaction}")
        else:
            self._send(f"NO|{transaction}|{decision.code}|{_plain(decision.reason)}")

    async def _decide(self, call_id: str, caller: str, callee: str) -> Decision:
        try:
            ask = Ask(call_id, address_from_hex(caller), address_from_hex(callee))
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._handler.ask(ask)
        except KallnetError as problem:
            return Decision(404, f"No such account: {problem}")
        except TimeoutError:
            log.warning("no decision on call %s within %.1f s", call_id, ANSWER_SECONDS)
        except Exception:
            log.exception("no decision on call %s", call_id)
        return Decision(503, "Provider is not answering")

    def _receive_start(self, call_id: str, start: str, caller: str, callee: str) -> None:
        call = AnsweredCall(call_id, int(start), address_from_hex(caller), address_from_hex(callee))
        self._handler.started(call)

    def _receive_end(self, call_id: str, reason: str) -> None:
        if self._cuts.pop(call_id, None) is None and reason == "gone":
            return  # cut at the moment it ended by itself, which was told already
        self._handler.ended(call_id, reason)

    def _receive_dialogs(self, answer: str) -> None:
        dialogs = json.loads(answer).get("result", [])
        call_ids = [dialog["call-id"] for dialog in dialogs if dialog["state"] in CONFIRMED_STATES]
        self._connected.set()
        self._handler.dialogs(call_ids)


def _plain(words: str) -> str:
    """Fit for a reason phrase, a quoted string and a field between bars."""
    return "".join(c if c.isprintable() and c.isascii() and c not in '|"\\' else " " for c in words)[:120]
