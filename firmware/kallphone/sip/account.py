from __future__ import annotations

import logging
from collections.abc import Callable

import pjsua2 as pj

from kallphone.phone.events import SipRegistered, SipUnregistered
from kallphone.ports import Post, SipCredentials
from kallphone.sip.headers import TurnServer, account_uri, outbound_proxy, turn_server
from kallphone.sip.params import message_in
from kallphone.sip.presence import Probes
from kallphone.sip.relay import RelayProbe
from kallphone.sip.settings import SipSettings

_log = logging.getLogger(__name__)

_DTLS = 1
# How the system's resolver and pjlib's own name their failures.
_UNRESOLVED = ("PJ_ERESOLVE", "PJLIB_UTIL_EDNS")
_SESSION_EXPIRES_S = 600


class PhoneAccount(pj.Account):  # type: ignore[misc]
    """One registration with one provider; whoever called `register` is told what came of it."""

    def __init__(self, settings: SipSettings, post: Post, on_invite: Callable[[int, str], None]) -> None:
        super().__init__()
        self._settings = settings
        self._post = post
        self._on_invite = on_invite
        self._asked = False
        self._registered = False
        self._transport: object = None
        self._transport_words = ""
        self._credentials: SipCredentials | None = None
        self._probe: RelayProbe | None = None
        self._relayed = False
        self._probes = Probes(self.sendRequest, post)

    def register(self, credentials: SipCredentials) -> None:
        """Registers, or registers again with other credentials; calls stay up."""
        self._asked = True
        self._transport_words = ""
        self._credentials = credentials
        self._look_for_relay(credentials)
        try:
            self._configure(credentials)
        except pj.Error as error:
            self._lost(0, f"The provider's SIP addresses are not usable: {error.reason}")
            return
        self._send()

    def refresh_relay(self) -> None:
        """Takes news of the relay into account."""
        if self._credentials and self._relay_changed() and (self._asked or self._registered):
            # A changed account forgets its registration, without a word to anybody.
            self._configure(self._credentials)
            self._send()

    def _relay_changed(self) -> bool:
        return self._probe is not None and self._probe.alive != self._relayed

    def probe(self, number: str, uri: str) -> None:
        """Asks the provider whether that account is reachable; nobody is told where it can't be asked."""
        if self._registered:
            self._probes.ask(number, uri)

    def unregister(self) -> None:
        if self._probe:
            self._probe.stop()
        try:
            if self._registered:
                self.setRegistration(False)
        except pj.Error as error:
            _log.info("The provider is not told that this phone leaves: %s", error.reason)

    @property
    def domain(self) -> str:
        return self._credentials.domain if self._credentials else ""

    @property
    def registered(self) -> bool:
        return self._registered

    def _look_for_relay(self, credentials: SipCredentials) -> None:
        server = next((server for uri in credentials.turn if (server := turn_server(uri))), None)
        if self._probe and self._probe.server == server:
            return
        if self._probe:
            self._probe.stop()
        self._probe = RelayProbe(server) if server else None
        if self._probe:
            self._probe.start()

    def _configure(self, credentials: SipCredentials) -> None:
        self._relayed = self._probe is not None and self._probe.alive
        config = _account_config(credentials, self._settings)
        if self._probe and self._relayed:
            _set_turn(config.natConfig, self._probe.server, credentials)
        if self.isValid():
            self.modify(config)
        else:
            self.create(config)

    def _send(self) -> None:
        try:
            self.setRegistration(True)
        except pj.Error as error:
            self._lost(0, self._transport_words or _plain(error.reason))

    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802
        try:
            self._answered(prm)
        except Exception as error:
            _log.exception("Registration state was not understood")
            self._lost(0, str(error))

    def _answered(self, prm: pj.OnRegStateParam) -> None:
        if prm.code // 100 == 2:
            self._confirmed(prm.expiration)
            return
        from_far = bool(prm.rdata.wholeMsg)
        if from_far:
            self._lost(prm.code, prm.reason)
        else:
            self._lost(0, self._transport_words or _plain(prm.reason))

    def _confirmed(self, expiration: int) -> None:
        if expiration == 0:
            self._lost(200, "Unregistered")
        elif self._asked or not self._registered:
            self._asked, self._registered = False, True
            self._post(SipRegistered())

    def _lost(self, code: int, words: str) -> None:
        if self._asked or self._registered:
            self._asked = self._registered = False
            self._post(SipUnregistered(code, words))

    def transport_changed(self, prm: pj.OnTransportStateParam) -> None:
        """A broken connection is told at once; only one counts, since all requests go to one proxy."""
        if prm.state == pj.PJSIP_TP_STATE_CONNECTED:
            self._transport = prm.hnd
        elif prm.state == pj.PJSIP_TP_STATE_DISCONNECTED:
            self._transport_words = _transport_words(prm)
            if self._registered and prm.hnd == self._transport:
                self._lost(0, self._transport_words)

    def onSendRequest(self, prm: pj.OnSendRequestParam) -> None:  # noqa: N802
        try:
            if (response := message_in(prm)) and self._credentials:
                self._probes.answered(response, self._credentials)
        except Exception:
            _log.exception("An answer to OPTIONS was not understood")

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        try:
            self._on_invite(prm.callId, prm.rdata.wholeMsg)
        except Exception:
            _log.exception("An incoming call was not understood")


def _plain(reason: str) -> str:
    if any(name in reason for name in _UNRESOLVED):
        return "The provider's name is not found. Check the network"
    return reason


def _transport_words(prm: pj.OnTransportStateParam) -> str:
    reason = pj.Endpoint.instance().utilStrError(prm.lastError) if prm.lastError else "closed by the provider"
    tls = prm.tlsInfo
    if tls.isEmpty() or not tls.verifyStatus:
        return f"The connection to the provider broke: {reason}"
    messages = "; ".join(tls.verifyMsgs)
    return f"The provider's certificate is refused: {messages}. Check ca_file and the name in the proxy's URI"


def _account_config(credentials: SipCredentials, settings: SipSettings) -> pj.AccountConfig:
    config = pj.AccountConfig()
    config.idUri = account_uri(credentials.account, credentials.domain)
    _set_registration(config.regConfig, credentials, settings)
    config.sipConfig.proxies.append(outbound_proxy(credentials.proxy))
    config.sipConfig.authCreds.append(
        pj.AuthCredInfo("digest", "*", credentials.username, 0, credentials.password)
    )
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_OPTIONAL
    config.callConfig.timerSessExpiresSec = _SESSION_EXPIRES_S
    config.mwiConfig.enabled = False
    config.natConfig.iceEnabled = True
    # RTCP is multiplexed; a second component that gets no relay would spoil the whole offer.
    config.natConfig.iceNoRtcp = True
    config.natConfig.iceTrickle = pj.PJ_ICE_SESS_TRICKLE_DISABLED
    _set_media(config.mediaConfig)
    return config


def _set_registration(
    registration: pj.AccountRegConfig, credentials: SipCredentials, settings: SipSettings
) -> None:
    registration.registrarUri = f"sip:{credentials.domain}"
    registration.registerOnAdd = False
    registration.disableRegOnModify = True
    registration.timeoutSec = settings.registration_s
    # The phone's machine decides when to try again.
    registration.retryIntervalSec = 0
    registration.firstRetryIntervalSec = 0
    registration.dropCallsOnFail = False
    registration.unregWaitMsec = 500


def _set_turn(nat: pj.AccountNatConfig, server: TurnServer, credentials: SipCredentials) -> None:
    nat.turnEnabled = True
    nat.turnServer = server.address
    nat.turnConnType = pj.PJ_TURN_TP_TCP if server.tcp else pj.PJ_TURN_TP_UDP
    nat.turnUserName = credentials.username
    nat.turnPasswordType = 0
    nat.turnPassword = credentials.password


def _set_media(media: pj.AccountMediaConfig) -> None:
    media.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
    media.srtpSecureSignaling = 1
    keyings = pj.IntVector()
    keyings.append(_DTLS)
    media.srtpOpt.keyings = keyings
    media.rtcpMuxEnabled = True
    media.transportConfig.qosType = pj.PJ_QOS_TYPE_VOICE
