"""Prove by a call what the wheel can do: `python check.py DIRECTORY` with pjsua2 unpacked in DIRECTORY.

Runs in the Python that will use the wheel, in a process of its own: pjsua2 allows one endpoint per process.
"""

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE = 60.0  # seconds: 1 is usual, but pjsua looks up its host name, 10 s a leg with a dead resolver
SRTP_MANDATORY = 2
KEYING_DTLS = 1


class UnfitError(Exception):
    """The wheel lacks something; the text says what."""


def main(directory: Path) -> None:
    sys.path.insert(0, str(directory))
    import pjsua2 as pj

    if Path(pj.__file__).parent != directory:
        raise UnfitError(f"pjsua2 came from {pj.__file__}, not from {directory}")
    endpoint = start_endpoint(pj)
    try:
        require_opus(endpoint)
        require_tls(pj, endpoint)
        require_large_messages(endpoint, port_of(pj, endpoint, pj.PJSIP_TRANSPORT_TCP))
        require_dtls_call(pj, endpoint, port_of(pj, endpoint, pj.PJSIP_TRANSPORT_UDP))
    finally:
        endpoint.libDestroy()


def start_endpoint(pj: Any) -> Any:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.sndAutoCloseTime = -1  # the null device's clock sends the packets that are waited for
    config.logConfig.level = config.logConfig.consoleLevel = 1
    endpoint.libInit(config)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    return endpoint


def require_opus(endpoint: Any) -> None:
    codecs = [codec.codecId for codec in endpoint.codecEnum2()]
    if "opus/48000/2" not in codecs:
        raise UnfitError(f"Opus is missing; the codecs are {', '.join(codecs)}")
    endpoint.codecSetPriority("opus/48000/2", 255)


def require_tls(pj: Any, endpoint: Any) -> None:
    try:
        endpoint.transportClose(endpoint.transportCreate(pj.PJSIP_TRANSPORT_TLS, loopback(pj)))
    except pj.Error as error:
        raise UnfitError(f"no TLS transport: {error.reason}") from None


def require_large_messages(endpoint: Any, port: int) -> None:
    """A request as large as a browser's offer must get an answer; too large a one gets none over TCP."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        client.sendall(large_options(port, client.getsockname()[1]))
        wait(endpoint, "an answer to an 8 kB message", lambda: received(client))


def large_options(port: int, reply_port: int) -> bytes:
    lines = [
        f"OPTIONS sip:127.0.0.1:{port} SIP/2.0",
        f"Via: SIP/2.0/TCP 127.0.0.1:{reply_port};branch=z9hG4bKlarge;rport",
        "From: <sip:large@127.0.0.1>;tag=1", f"To: <sip:127.0.0.1:{port}>",
        "Call-ID: large", "CSeq: 1 OPTIONS", "Max-Forwards: 70",
        "Content-Type: text/plain", "Content-Length: 8000", "", "x" * 8000,
    ]
    return "\r\n".join(lines).encode()


def received(client: socket.socket) -> bool:
    try:
        return client.recv(65536).startswith(b"SIP/2.0 200 ")
    except BlockingIOError:
        return False


def require_dtls_call(pj: Any, endpoint: Any, port: int) -> None:
    """One Opus call from an account to another, keyed by DTLS only, until both have heard packets."""
    legs: list[Any] = []
    answering = account_class(pj)(pj, legs)
    answering.create(account_config(pj, "callee", port))
    calling = pj.Account()
    calling.create(account_config(pj, "caller", port))
    leg = pj.Call(calling)
    legs.append(leg)
    leg.makeCall(f"sip:callee@127.0.0.1:{port}", call_options(pj))
    wait(endpoint, "two confirmed legs with media by DTLS-SRTP",
         lambda: len(legs) == 2 and all(hears(pj, one) for one in legs))
    endpoint.hangupAllCalls()
    wait(endpoint, "the end of the call", lambda: not any(one.isActive() for one in legs))
    legs.clear()
    answering.shutdown()
    calling.shutdown()


def account_class(pj: Any) -> Any:
    class Answering(pj.Account):  # type: ignore[misc]
        def __init__(self, module: Any, legs: list[Any]) -> None:
            super().__init__()
            self._module = module
            self._legs = legs

        def onIncomingCall(self, prm: Any) -> None:  # noqa: N802 - pjsua2's name
            leg = self._module.Call(self, prm.callId)
            self._legs.append(leg)
            answer = call_options(self._module)
            answer.statusCode = 200
            leg.answer(answer)

    return Answering


def account_config(pj: Any, user: str, port: int) -> Any:
    config = pj.AccountConfig()
    config.idUri = f"sip:{user}@127.0.0.1:{port}"
    config.natConfig.iceEnabled = routed()
    config.natConfig.iceTrickle = 0
    media = config.mediaConfig
    media.rtcpMuxEnabled = True
    media.srtpUse = SRTP_MANDATORY
    media.srtpSecureSignaling = 0
    keyings = pj.IntVector()
    keyings.append(KEYING_DTLS)
    media.srtpOpt.keyings = keyings
    return config


def routed() -> bool:
    """Whether there is an address besides loopback, which ICE never offers. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return False
        return True


def call_options(pj: Any) -> Any:
    options = pj.CallOpParam(True)
    options.opt.videoCount = options.opt.textCount = 0
    return options


def hears(pj: Any, leg: Any) -> bool:
    if not leg.isActive():
        raise UnfitError("the DTLS-SRTP call was refused")
    info = leg.getInfo()
    if info.state != pj.PJSIP_INV_STATE_CONFIRMED or info.media[0].status != pj.PJSUA_CALL_MEDIA_ACTIVE:
        return False
    if leg.getStreamInfo(0).codecName.lower() != "opus":
        raise UnfitError(f"the call uses {leg.getStreamInfo(0).codecName}, not Opus")
    return bool(leg.getStreamStat(0).rtcp.rxStat.pkt > 0)


def port_of(pj: Any, endpoint: Any, kind: int) -> int:
    transport = endpoint.transportCreate(kind, loopback(pj))
    return int(endpoint.transportGetInfo(transport).localName.rsplit(":", 1)[1])


def loopback(pj: Any) -> Any:
    config = pj.TransportConfig()
    config.boundAddress = "127.0.0.1"
    return config


def wait(endpoint: Any, what: str, reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise UnfitError(f"{what} did not come within {PATIENCE:.0f} s")
        endpoint.libHandleEvents(10)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve())
    except UnfitError as unfit:
        sys.exit(str(unfit))
