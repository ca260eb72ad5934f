"""The host's side of the usbredir protocol 0.7, as far as a device with control transfers needs it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HELLO, CONNECT, RESET, INTERFACES, ENDPOINTS = 0, 1, 3, 4, 5
SET_CONFIGURATION, GET_CONFIGURATION, CONFIGURATION = 6, 7, 8
SET_ALT, GET_ALT, ALT = 9, 10, 11
CANCEL, CONTROL = 21, 100

# Device version, packet sizes, 64-bit ids, long bulk transfers: all that an XHCI port insists on.
_CAPABILITIES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6
_SLOTS = 32
_FULL_SPEED = 1
_OK, _STALL = 0, 4

_DEVICE_DESCRIPTOR, _CONFIGURATION_DESCRIPTOR, _STRING_DESCRIPTOR = 1, 2, 3
_GET_DESCRIPTOR, _FROM_DEVICE, _VENDOR = 6, 0x80, 0x40


@dataclass(frozen=True)
class Request:
    """One control transfer; `data` is what the guest sends along."""

    kind: int
    request: int
    value: int
    index: int
    length: int
    data: bytes

    @property
    def reads(self) -> bool:
        return bool(self.kind & _FROM_DEVICE)


@dataclass(frozen=True)
class UsbDevice:
    """A vendor's device with one interface and no endpoint but the first; `answer` gives None to stall."""

    vendor: int
    product: int
    name: str
    answer: Callable[[Request], bytes | None]


class UsbPort:
    """What a QEMU's `-device usb-redir` connects to: one device, plugged in again at each connection."""

    def __init__(self, device: UsbDevice, path: Path) -> None:
        self._device = device
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._link: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="usb port", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        for open_one in (self._listener, self._link):
            if open_one is not None:
                with suppress(OSError):
                    open_one.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        while True:
            try:
                self._link, _ = self._listener.accept()
            except OSError:
                return
            with self._link as link, suppress(OSError, EOFError):
                _Session(self._device, link).serve()


class _Session:
    def __init__(self, device: UsbDevice, link: socket.socket) -> None:
        self._device = device
        self._link = link
        self._header = struct.Struct("<III")

    def serve(self) -> None:
        self._send(HELLO, 0, struct.pack("<64sI", b"kallphone tests", _CAPABILITIES))
        while True:
            kind, length, token = self._header.unpack(self._exactly(self._header.size))
            self._take(kind, token, self._exactly(length))

    def _take(self, kind: int, token: int, body: bytes) -> None:
        match kind:
            case 0:
                self._header = struct.Struct("<IIQ")
                self._plug_in()
            case 6:
                self._send(CONFIGURATION, token, bytes((_OK, body[0])))
            case 7:
                self._send(CONFIGURATION, token, bytes((_OK, 1)))
            case 9:
                self._send(ALT, token, bytes((_OK, body[0], body[1])))
            case 10:
                self._send(ALT, token, bytes((_OK, body[0], 0)))
            case 100:
                self._transfer(token, body)

    def _plug_in(self) -> None:
        control = bytes(0 if slot % 16 == 0 else 255 for slot in range(_SLOTS))
        sizes = struct.pack("<32H", *(64 if slot % 16 == 0 else 0 for slot in range(_SLOTS)))
        self._send(ENDPOINTS, 0, control + bytes(2 * _SLOTS) + sizes)
        numbers, classes = bytes(_SLOTS), bytes([255]) + bytes(_SLOTS - 1)
        self._send(INTERFACES, 0, struct.pack("<I", 1) + numbers + classes + bytes(2 * _SLOTS))
        device = self._device
        self._send(
            CONNECT, 0, struct.pack("<BBBBHHH", _FULL_SPEED, 255, 0, 0, device.vendor, device.product, 0x0100)
        )

    def _transfer(self, token: int, body: bytes) -> None:
        endpoint, request, kind, _, value, index, length = struct.unpack_from("<BBBBHHH", body)
        asked = Request(kind, request, value, index, length, body[10:])
        answer = self._answer(asked)
        status, data = (_STALL, b"") if answer is None else (_OK, answer[:length] if asked.reads else b"")
        done = len(data) if asked.reads else length
        self._send(
            CONTROL,
            token,
            struct.pack("<BBBBHHH", endpoint, request, kind, status, value, index, done) + data,
        )

    def _answer(self, asked: Request) -> bytes | None:
        if asked.kind & 0x60 == _VENDOR:
            return self._device.answer(asked)
        if asked.reads and asked.request == _GET_DESCRIPTOR:
            return self._descriptor(asked.value >> 8, asked.value & 0xFF)
        return b"\0\0" if asked.reads else b""

    def _descriptor(self, kind: int, index: int) -> bytes | None:
        device = self._device
        if kind == _DEVICE_DESCRIPTOR:
            ids = (device.vendor, device.product, 0x0100)
            return struct.pack("<BBHBBBBHHHBBBB", 18, kind, 0x0110, 255, 0, 0, 64, *ids, 1, 2, 0, 1)
        if kind == _CONFIGURATION_DESCRIPTOR:
            interface = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 0, 255, 0, 0, 0)
            return struct.pack("<BBHBBBBB", 9, kind, 9 + len(interface), 1, 1, 0, 0x80, 50) + interface
        if kind == _STRING_DESCRIPTOR:
            text = device.name.encode("utf-16-le") if index else struct.pack("<H", 0x0409)
            return struct.pack("<BB", 2 + len(text), kind) + text
        return None

    def _send(self, kind: int, token: int, body: bytes) -> None:
        self._link.sendall(self._header.pack(kind, len(body), token) + body)

    def _exactly(self, count: int) -> bytes:
        got = bytearray()
        while len(got) < count:
            chunk = self._link.recv(count - len(got))
            if not chunk:
                raise EOFError
            got += chunk
        return bytes(got)
