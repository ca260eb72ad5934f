from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import pjsua2 as pj

from kallphone.phone.events import CallEnded, CallForwarded, CallId, CallRefused, IncomingCall, Note
from kallphone.ports import Post, SipCredentials
from kallphone.sip.account import PhoneAccount
from kallphone.sip.audio import Desk, Handset, media_config, set_codecs
from kallphone.sip.call import INVALID_IDENTITY, PhoneCall
from kallphone.sip.headers import account_of, diversion_value, diverted_from, may_be_secured, number_uri
from kallphone.sip.identity import Identity, IdentityRefused
from kallphone.sip.settings import SipError, SipSettings
from kallphone.sip.watch import MediaWatch

_log = logging.getLogger(__name__)
_pjsip_log = logging.getLogger("kallphone.sip.pjsip")

_POLL_MS = 10
_GOODBYE_S = 1.0
_MAX_CALLS = 8
_LOG_LEVEL = 3
_LEVELS = {1: logging.WARNING, 2: logging.INFO}
_NOBODY = CallId(0)
# A provider that vanished without a word is noticed within half a minute (Linux; pjsip takes four options).
_KEEP_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000),
)

MakeDesk = Callable[[pj.AudDevManager], Desk]


class SipEndpoint:
    """Every pjsua2 object there is; only the thread that called `open` may touch it."""

    def __init__(
        self,
        settings: SipSettings,
        post: Post,
        identity: Identity,
        make_desk: MakeDesk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._post = post
        self._identity = identity
        self._clock = clock
        self._library: _Library | None = None
        self._log_writer = _LogWriter()
        # A copy of a SockOpt points into its original, so the originals have to stay.
        self._socket_options = [pj.SockOpt(*option) for option in _KEEP_ALIVE]
        self._account: PhoneAccount | None = None
        self._make_desk = make_desk or self._make_handset
        self._desk: Desk | None = None
        self._calls: dict[CallId, PhoneCall] = {}
        self._leaving: list[PhoneCall] = []
        self._next_incoming = 2

    def open(self) -> None:
        """Raises SipError; `close` is due in either case."""
        if not self._settings.ca_file.is_file():
            raise SipError(f"No certificates of authorities at {self._settings.ca_file}. Set ca_file")
        library = self._library = _Library(self._transport_changed)
        try:
            library.libCreate()
            library.libInit(self._endpoint_config())
            library.transportCreate(pj.PJSIP_TRANSPORT_TLS, self._tls_config())
            set_codecs(library, self._settings.opus_complexity)
            library.libStart()
            self._desk = self._make_desk(library.audDevManager())
        except pj.Error as error:
            raise SipError(f"SIP does not start: {error.reason} ({error.title})") from error
        self._account = PhoneAccount(self._settings, self._post, self._incoming)

    def poll(self) -> None:
        if self._library is not None:
            self._library.libHandleEvents(_POLL_MS)
        now = self._clock()
        for call in list(self._calls.values()):
            call.observe(now)
        self._leaving = [call for call in self._leaving if call.isActive()]
        if self._account is not None:
            self._account.refresh_relay()

    def close(self) -> None:
        """Hangs up, unregisters as far as a second allows, and gives everything back."""
        if self._library is None:
            return
        for number in list(self._calls):
            self.hang_up(number)
        if self._account is not None:
            self._account.unregister()
        self._say_goodbye()
        self._calls.clear()
        self._leaving.clear()
        self._desk = None
        self._account = None
        self._library.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)
        self._library = None

    def register(self, credentials: SipCredentials) -> None:
        if self._account is not None:
            self._account.register(credentials)

    def place(self, number: CallId, uri: str, diverted_from: str = "") -> None:
        if self._account is None or not self._account.isValid():
            self._post(CallEnded(number, 503, "Not registered with a provider"))
            return
        call = PhoneCall(self._account, number, self, self._post, self._identity)
        self._calls[number] = call
        domain = self._account.domain
        call.place(uri, diversion_value(diverted_from, domain) if diverted_from else "")

    def respond(self, number: CallId, code: int, forward_to: str = "") -> None:
        """Any response to an incoming INVITE: 180, 200 or a refusal; a 302 names another number."""
        if (call := self._calls.get(number)) and self._account is not None:
            contact = f"<{number_uri(forward_to, self._account.domain)}>" if forward_to else ""
            call.respond(code, contact)

    def hang_up(self, number: CallId) -> None:
        if call := self._calls.get(number):
            call.end(200, "Hung up here")

    def send_digit(self, number: CallId, key: str) -> None:
        if call := self._calls.get(number):
            call.send_digit(key)

    def tell(self, number: CallId, note: Note) -> None:
        if call := self._calls.get(number):
            call.tell(note)

    def probe(self, number: str, uri: str) -> None:
        if self._account is not None:
            self._account.probe(number, uri)

    def at_desk(self, act: Callable[[Any], None]) -> None:
        if self._desk is not None:
            act(self._desk)

    def media_changed(self, call: PhoneCall, media: pj.AudioMedia | None) -> None:
        if self._desk is None:
            return
        if media is None or call.over:
            self._desk.detach(call.number)
        else:
            self._desk.attach(call.number, media)

    def ended(self, call: PhoneCall, code: int, words: str, forwarded: str) -> None:
        self.media_changed(call, None)
        self._leaving.append(call)
        if self._calls.pop(call.number, None) is not None:
            event = CallForwarded(call.number, forwarded) if forwarded else None
            self._post(event or CallEnded(call.number, code, words))
            if measured := call.measured(self._clock()):
                self._post(measured)

    def watch(self) -> MediaWatch:
        return MediaWatch(self._clock(), self._settings.media_timeout_s, self._settings.rtp_timeout_s)

    def codec_name(self, name: str, clock_rate: int) -> str:
        prefix = f"{name}/{clock_rate}/".lower()
        codecs = self._library.codecEnum2() if self._library is not None else ()
        return next((codec.codecId for codec in codecs if codec.codecId.lower().startswith(prefix)), name)

    def _incoming(self, pj_call: int, invite: str) -> None:
        call = PhoneCall(self._account, _NOBODY, self, self._post, self._identity, pj_call)
        info = call.getInfo()
        caller = account_of(info.remoteUri)
        if caller is None or not may_be_secured(invite):
            _log.warning("Refused a call %s", "that offers no DTLS-SRTP" if caller else "from no account")
            call.end(0, "Refused", status=488 if caller else 403)
            return
        try:
            call.meet(caller, invite)
        except IdentityRefused as refusal:
            call.end(0, "Refused", status=INVALID_IDENTITY)
            self._post(CallRefused(caller, str(refusal)))
            return
        call.number = CallId(self._next_incoming)
        self._next_incoming += 2
        self._calls[call.number] = call
        self._post(IncomingCall(call.number, caller, call.verified, diverted_from(invite)))

    def _make_handset(self, devices: pj.AudDevManager) -> Desk:
        return Handset(devices, self._settings.audio, self._settings.country, self._post)

    def _transport_changed(self, prm: pj.OnTransportStateParam) -> None:
        if self._account is not None:
            self._account.transport_changed(prm)

    def _say_goodbye(self) -> None:
        until = time.monotonic() + _GOODBYE_S
        while time.monotonic() < until and self._busy():
            self.poll()

    def _busy(self) -> bool:
        return bool(self._leaving) or (self._account is not None and self._account.registered)

    def _endpoint_config(self) -> pj.EpConfig:
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.maxCalls = _MAX_CALLS
        config.uaConfig.userAgent = "KallPhone"
        for nameserver in self._settings.nameservers:
            config.uaConfig.nameserver.append(nameserver)
        config.logConfig.level = _LOG_LEVEL
        config.logConfig.consoleLevel = _LOG_LEVEL
        config.logConfig.msgLogging = 0
        config.logConfig.decor = pj.PJ_LOG_HAS_SENDER
        config.logConfig.writer = self._log_writer
        config.medConfig = media_config(self._settings.audio)
        return config

    def _tls_config(self) -> pj.TransportConfig:
        config = pj.TransportConfig()
        config.tlsConfig.CaListFile = str(self._settings.ca_file)
        config.tlsConfig.verifyServer = True
        config.tlsConfig.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2 | pj.PJ_SSL_SOCK_PROTO_TLS1_3
        config.tlsConfig.msecTimeout = 10_000
        for option in self._socket_options:
            config.tlsConfig.sockOptParams.sockOpts.append(option)
        return config


class _Library(pj.Endpoint):  # type: ignore[misc]
    def __init__(self, transport_changed: Callable[[pj.OnTransportStateParam], None]) -> None:
        super().__init__()
        self._transport_changed = transport_changed

    def onTransportState(self, prm: pj.OnTransportStateParam) -> None:  # noqa: N802
        try:
            self._transport_changed(prm)
        except Exception:
            _log.exception("A change of the connection was not understood")


class _LogWriter(pj.LogWriter):  # type: ignore[misc]
    def write(self, entry: pj.LogEntry) -> None:
        _pjsip_log.log(_LEVELS.get(entry.level, logging.DEBUG), "%s", entry.msg.strip())
