from __future__ import annotations

import logging
import secrets
import socket
import struct
from threading import Event, Thread

from kallphone.sip.headers import TurnServer

_log = logging.getLogger(__name__)

_MAGIC = 0x2112A442
_ALLOCATE, _ALLOCATE_ERROR = 0x0003, 0x0113
_REQUESTED_TRANSPORT, _UDP = 0x0019, 17
_TRIES = 3
_PATIENCE_S = 0.5
_PAUSE_S = 15.0


class RelayProbe:
    """Whether a TURN server is there, found out beside the calls.

    pjnath waits 8 s for a server that is not, before every call. So the relay counts as absent until it
    answers an unauthenticated Allocate request with its challenge (RFC 8656 section 7.1).
    """

    def __init__(self, server: TurnServer, pause_s: float = _PAUSE_S) -> None:
        self.server = server
        self.alive = server.tcp
        self._pause_s = pause_s
        self._stopping = Event()

    def start(self) -> None:
        if not self.server.tcp:
            # Not joined: a name may be looked up for longer than anybody wants to wait.
            Thread(target=self._run, name="relay probe", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            alive = self._look()
            if alive != self.alive:
                _log.info("The relay at %s %s", self.server.address, "answers" if alive else "is silent")
            self.alive = alive
            self._stopping.wait(self._pause_s)

    def _look(self) -> bool:
        try:
            family, kind, protocol, _, address = _resolve(self.server.address)
            with socket.socket(family, kind, protocol) as door:
                door.settimeout(_PATIENCE_S)
                door.connect(address)
                return any(_ask(door) for _ in range(_TRIES))
        except OSError:
            return False


def _resolve(address: str) -> tuple[int, int, int, str, tuple[object, ...]]:
    host, _, port = address.rpartition(":")
    return socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)[0]


def _ask(door: socket.socket) -> bool:
    request = allocate_request(secrets.token_bytes(12))
    try:
        door.send(request)
        return is_challenge(request, door.recv(1500))
    except OSError:
        return False


def allocate_request(transaction: bytes) -> bytes:
    attribute = struct.pack("!HHB3x", _REQUESTED_TRANSPORT, 4, _UDP)
    return struct.pack("!HHI", _ALLOCATE, len(attribute), _MAGIC) + transaction + attribute


def is_challenge(request: bytes, reply: bytes) -> bool:
    """Whether `reply` answers `request` with an error, as TURN servers do that want credentials."""
    return reply[:2] == struct.pack("!H", _ALLOCATE_ERROR) and reply[4:20] == request[4:20]
