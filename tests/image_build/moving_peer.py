"""An ICE peer that moves its media to another address after completion, as a browser does.

Runs as a process of its own: pjsua2 allows one endpoint per process.
"""

import hashlib
import hmac
import json
import os
import re
import socket
import struct
import sys
import time
import zlib
from collections.abc import Callable

import pjsua2 as pj

PATIENCE = 30.0  # seconds until a condition counts as never reached
MAGIC = 0x2112A442
UFRAG, PASSWORD = "peer", "the-peer's-own-password-0"
BINDING_REQUEST, BINDING_SUCCESS = 0x0001, 0x0101
USERNAME, MESSAGE_INTEGRITY, XOR_MAPPED, PRIORITY = 0x0006, 0x0008, 0x0020, 0x0024
USE_CANDIDATE, FINGERPRINT, CONTROLLING = 0x0025, 0x8028, 0x802A


def stun(kind: int, transaction: bytes, attributes: list[tuple[int, bytes]], password: str) -> bytes:
    """A STUN message (RFC 8489) with MESSAGE-INTEGRITY by `password` and FINGERPRINT."""
    body = b"".join(attribute(code, value) for code, value in attributes)
    signed = header(kind, len(body) + 24, transaction) + body
    body += attribute(MESSAGE_INTEGRITY, hmac.digest(password.encode(), signed, hashlib.sha1))
    crc = zlib.crc32(header(kind, len(body) + 8, transaction) + body) ^ 0x5354554E
    return header(kind, len(body) + 8, transaction) + body + attribute(FINGERPRINT, struct.pack("!I", crc))


def header(kind: int, length: int, transaction: bytes) -> bytes:
    return struct.pack("!HHI", kind, length, MAGIC) + transaction


def attribute(code: int, value: bytes) -> bytes:
    return struct.pack("!HH", code, len(value)) + value + bytes(-len(value) % 4)


class Log(pj.LogWriter):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def write(self, entry: pj.LogEntry) -> None:
        self.lines.append(entry.msg)

    def says(self, words: str) -> bool:
        return any(words in line for line in self.lines)


class Phone(pj.Account):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[pj.Call] = []

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802 - pjsua2's name
        call = pj.Call(self, prm.callId)
        self.calls.append(call)
        answer = pj.CallOpParam(True)
        answer.opt.videoCount = answer.opt.textCount = 0
        answer.statusCode = 200
        call.answer(answer)

    def packets(self) -> int:
        return int(self.calls[0].getStreamStat(0).rtcp.rxStat.pkt)


class Peer:
    """The controlling side: SIP on one socket, media from any of several."""

    def __init__(self, phone_port: int) -> None:
        self.phone = ("127.0.0.1", phone_port)
        self.signalling = bound("127.0.0.1")
        self.here = own_address()
        self.first, self.second, self.stranger = (bound(self.here) for _ in range(3))
        self.answer = ""
        self.media: tuple[str, int] = ("", 0)
        self.sequence = 0

    def invite(self) -> None:
        self.signalling.sendto(self._request("INVITE", self._offer()), self.phone)

    def answered(self) -> bool:
        for message, _ in drain(self.signalling):
            if message.startswith(b"SIP/2.0 200"):
                self.answer = message.decode()
                self.media = self._candidate()
                self.signalling.sendto(self._request("ACK", ""), self.phone)
        return bool(self.answer)

    def check(self, source: socket.socket, password: str | None = None) -> None:
        name = f"{self._remote('ice-ufrag')}:{UFRAG}".encode()
        wanted = [(USERNAME, name), (PRIORITY, struct.pack("!I", 2130706431)),
                  (CONTROLLING, bytes(8)), (USE_CANDIDATE, b"")]
        key = password or self._remote("ice-pwd")
        source.sendto(stun(BINDING_REQUEST, os.urandom(12), wanted, key), self.media)

    def speak(self, source: socket.socket) -> None:
        self.sequence += 1
        rtp = struct.pack("!BBHII", 0x80, 0, self.sequence, 160 * self.sequence, 0x5EED)
        source.sendto(rtp + b"\xff" * 160, self.media)

    def respond(self) -> None:
        """Answer the phone's own checks, and drop its media."""
        for source in (self.first, self.second):
            for message, sender in drain(source):
                if message[:2] == struct.pack("!H", BINDING_REQUEST):
                    seen = [(XOR_MAPPED, mapped(*sender))]
                    source.sendto(stun(BINDING_SUCCESS, message[8:20], seen, PASSWORD), sender)

    def _remote(self, name: str) -> str:
        return re.search(rf"a={name}:(\S+)", self.answer).group(1)  # type: ignore[union-attr]

    def _candidate(self) -> tuple[str, int]:
        pattern = rf"a=candidate:\S+ 1 UDP \d+ ({re.escape(self.here)}) (\d+) typ host"
        found = re.search(pattern, self.answer, re.IGNORECASE)
        assert found, f"no candidate on {self.here} in the answer:\n{self.answer}"
        return found.group(1), int(found.group(2))

    def _offer(self) -> str:
        port = self.first.getsockname()[1]
        lines = ["v=0", f"o=- 1 1 IN IP4 {self.here}", "s=-", f"c=IN IP4 {self.here}", "t=0 0",
                 f"m=audio {port} RTP/AVP 0", "a=rtcp-mux", f"a=ice-ufrag:{UFRAG}", f"a=ice-pwd:{PASSWORD}",
                 f"a=candidate:1 1 UDP 2130706431 {self.here} {port} typ host", "a=sendrecv", ""]
        return "\r\n".join(lines)

    def _request(self, method: str, body: str) -> bytes:
        host = f"127.0.0.1:{self.signalling.getsockname()[1]}"
        to_tag = re.search(r"^To:.*(;tag=\S+)", self.answer, re.MULTILINE)
        lines = [f"{method} sip:phone@127.0.0.1:{self.phone[1]} SIP/2.0",
                 f"Via: SIP/2.0/UDP {host};branch=z9hG4bK{method};rport", "Max-Forwards: 70",
                 f"From: <sip:peer@{host}>;tag=1",
                 f"To: <sip:phone@127.0.0.1:{self.phone[1]}>{to_tag.group(1).strip() if to_tag else ''}",
                 "Call-ID: moving-peer", f"CSeq: 1 {method}", f"Contact: <sip:peer@{host}>"]
        if body:
            lines.append("Content-Type: application/sdp")
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def mapped(address: str, port: int) -> bytes:
    packed = struct.unpack("!I", socket.inet_aton(address))[0]
    return struct.pack("!BBHI", 0, 1, port ^ (MAGIC >> 16), packed ^ MAGIC)


def bound(address: str) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((address, 0))
    opened.setblocking(False)
    return opened


def own_address() -> str:
    """An address of this machine that ICE gathers; loopback is none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


def drain(source: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    messages = []
    try:
        while True:
            messages.append(source.recvfrom(65536))
    except BlockingIOError:
        return messages


def start_phone(log: Log) -> tuple[pj.Endpoint, Phone, int]:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.writer = log
    config.logConfig.level = config.logConfig.consoleLevel = 4
    endpoint.libInit(config)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    local = pj.TransportConfig()
    local.boundAddress = "127.0.0.1"
    transport = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, local)
    port = int(endpoint.transportGetInfo(transport).localName.rsplit(":", 1)[1])
    phone = Phone()
    phone.create(ice_account(port))
    return endpoint, phone, port


def ice_account(port: int) -> pj.AccountConfig:
    config = pj.AccountConfig()
    config.idUri = f"sip:phone@127.0.0.1:{port}"
    config.mediaConfig.rtcpMuxEnabled = True
    config.mediaConfig.srtpUse = 0
    config.natConfig.iceEnabled = True
    config.natConfig.iceTrickle = 0
    return config


def wait(endpoint: pj.Endpoint, peer: Peer, what: str, reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            sys.exit(f"never reached: {what}")
        endpoint.libHandleEvents(10)
        peer.respond()
        time.sleep(0.005)  # paces speak(): the phone handles each packet at once


def main() -> None:
    log = Log()
    endpoint, phone, port = start_phone(log)
    peer = Peer(port)
    peer.invite()
    wait(endpoint, peer, "the answer", peer.answered)
    peer.check(peer.first)
    wait(endpoint, peer, "ICE's completion", lambda: log.says("ICE negotiation success"))

    def heard_from(source: socket.socket) -> Callable[[], bool]:
        before = phone.packets()

        def more() -> bool:
            peer.speak(source)
            return phone.packets() >= before + 5

        return more

    def pinned() -> bool:
        peer.speak(peer.first)
        return log.says("as valid address for component")

    wait(endpoint, peer, "media from the first address", heard_from(peer.first))
    wait(endpoint, peer, "the first address pinned", pinned)
    peer.check(peer.stranger, "not the phone's password")
    peer.speak(peer.stranger)
    wait(endpoint, peer, "the stranger refused", lambda: log.says("unrecognized or unchecked"))
    peer.check(peer.second)
    wait(endpoint, peer, "media from the second address", heard_from(peer.second))
    log.lines.clear()
    peer.speak(peer.stranger)
    wait(endpoint, peer, "the stranger refused again", lambda: log.says("unrecognized or unchecked"))
    wait(endpoint, peer, "media from the first address again", heard_from(peer.first))
    print(json.dumps({"packets": phone.packets()}))
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
