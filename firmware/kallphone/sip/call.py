from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, Protocol

import pjsua2 as pj

from kallphone.phone.events import CallAnswered, CallId, CallMeasured, FarEndRinging, MediaStarted
from kallphone.ports import Post
from kallphone.sip.headers import account_of, description_of, reason_of, reason_value, refuses
from kallphone.sip.heard import NOTHING, heard_through, measured
from kallphone.sip.identity import CHANGED_ON_THE_WAY, FarEnd, Identity, IdentityRefused
from kallphone.sip.watch import MediaSample, MediaWatch, Verdict

_log = logging.getLogger(__name__)

_SRTP_STATUS = re.compile(r"SRTP status: (Active|Not active) Crypto-suite: (\S+)")
_NO_CALL = -1
# RFC 8224 section 6.2.2: what is signed is not what arrived.
INVALID_IDENTITY = 438


class CallOwner(Protocol):
    def media_changed(self, call: PhoneCall, media: pj.AudioMedia | None) -> None: ...
    def ended(self, call: PhoneCall, code: int, words: str) -> None: ...
    def watch(self) -> MediaWatch: ...
    def codec_name(self, name: str, clock_rate: int) -> str: ...


class PhoneCall(pj.Call):  # type: ignore[misc]
    """One call, from its first message to the one CallEnded that its owner is told."""

    def __init__(
        self,
        account: pj.Account,
        number: CallId,
        owner: CallOwner,
        post: Post,
        identity: Identity,
        pj_call: int = _NO_CALL,
    ) -> None:
        super().__init__(account, pj_call)
        self.number = number
        self.over = False
        self._outgoing = pj_call == _NO_CALL
        self._owner = owner
        self._post = post
        self._identity = identity
        self._peer: bytes | None = None
        self._far: FarEnd | None = None
        self._answered = False
        self._rang = False
        self._watch: MediaWatch | None = None
        self._heard = NOTHING

    @property
    def verified(self) -> bool:
        """Whether the far end's account vouches for all that was described so far."""
        return self._far is not None and self._far.verified

    def meet(self, caller: bytes, invite: str) -> None:
        """Reads who calls, before anything rings. Raises IdentityRefused."""
        self._peer = caller
        self._read(invite)

    def place(self, uri: str) -> None:
        self._peer = account_of(uri)
        self._try(lambda: self.makeCall(uri, _options()))

    def respond(self, code: int) -> None:
        self._try(lambda: self.answer(_options(code)))

    def send_digit(self, key: str) -> None:
        try:
            self.dialDtmf(key)
        except pj.Error as error:
            _log.warning("Call %d: a digit was not sent: %s", self.number, error.reason)

    def end(self, code: int, words: str, *, status: int = 0) -> None:
        """Ends the call here; `status` answers an INVITE that was not answered yet."""
        self._count()
        self._finish(code, words)
        options = _options(status)
        if code >= 400:
            options.txOption.headers.append(_reason_header(code, words))
        try:
            if self.isActive():
                self.hangup(options)
        except pj.Error as error:
            _log.info("Call %d: nothing left to hang up: %s", self.number, error.reason)

    def observe(self, now: float) -> None:
        """Looks after the media of a confirmed call; to be called often."""
        if self.over or self._watch is None or not self._watch.due(now):
            return
        verdict = self._watch.observe(now, self._sample())
        if verdict is Verdict.STARTED:
            self._started()
        elif verdict is Verdict.NEVER_STARTED:
            self.end(488, "No secure sound came from the far end")
        elif verdict is Verdict.FELL_SILENT:
            self.end(408, "Nothing is heard from the far end any more")

    def measured(self, now: float) -> CallMeasured | None:
        """None where no sound came."""
        return measured(self.number, self._heard, self._watch, now) if self._watch is not None else None

    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802
        self._guard(lambda: self._state_changed(prm))

    def onCallSdpCreated(self, prm: pj.OnCallSdpCreatedParam) -> None:  # noqa: N802
        self._guard(lambda: self._sign(prm.sdp))

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:  # noqa: N802
        """A request comes by here before pjsip obeys it, a response when it has been."""
        self._guard(lambda: self._accept(_message_in(prm)))

    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:  # noqa: N802
        """pjsua would place a call that nobody here dialled."""
        prm.statusCode = 603

    def onCallReplaceRequest(self, prm: pj.OnCallReplaceRequestParam) -> None:  # noqa: N802
        """pjsua would put another caller in this one's place, and ring nowhere."""
        prm.statusCode = 603

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802, ARG002
        self._guard(self._media_changed)

    def onStreamDestroyed(self, prm: pj.OnStreamDestroyedParam) -> None:  # noqa: N802, ARG002
        """Where the far end hangs up the stream goes first, and its counters with it."""
        self._guard(self._count)

    def _sign(self, description: pj.SdpSession) -> None:
        if self._peer is not None:
            call_id = self.getInfo().callIdString
            description.wholeSdp = self._identity.sign(description.wholeSdp, self._peer, call_id)

    def _accept(self, message: str) -> None:
        """Ends the call where a message describes a far end that is not who it was."""
        try:
            if message and not self.over and not refuses(message):
                self._read(message)
        except IdentityRefused as refusal:
            self.end(INVALID_IDENTITY, str(refusal), status=INVALID_IDENTITY)

    def _read(self, message: str) -> None:
        far = self._far_end()
        if far is None:
            return
        try:
            description = description_of(message)
        except ValueError as error:
            _log.warning("Call %d: a message that nobody honest sends: %s", self.number, error)
            raise IdentityRefused(CHANGED_ON_THE_WAY) from None
        if description.strip():
            far.read(description)
        elif message.startswith("INVITE "):
            far.read_nothing()

    def _far_end(self) -> FarEnd | None:
        if self._far is None and self._peer is not None:
            self._far = FarEnd(self._identity, self._peer, self.getInfo().callIdString)
        return self._far

    def _state_changed(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        if info.state != pj.PJSIP_INV_STATE_DISCONNECTED:
            self._accept(_message_in(prm))
        if self.over:
            return
        if info.state == pj.PJSIP_INV_STATE_EARLY:
            self._early(info.lastStatusCode)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._watch = self._owner.watch()
            self._answered = True
            self._post(CallAnswered(self.number, self.verified))
            self._media_changed()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._disconnected(info, prm)

    def _early(self, code: int) -> None:
        if self._outgoing and not self._rang and code in (180, 183):
            self._rang = True
            self._post(FarEndRinging(self.number))

    def _disconnected(self, info: pj.CallInfo, prm: pj.OnCallStateParam) -> None:
        request = _request_in(prm)
        reason = reason_of(request) if request else None
        if reason:
            self._finish(reason.code, reason.words)
        elif request.startswith("BYE "):
            self._finish(200, "The far end hung up")
        else:
            self._finish(info.lastStatusCode, info.lastReason)

    def _media_changed(self) -> None:
        info = self.getInfo()
        sound = [media for media in info.media if media.type == pj.PJMEDIA_TYPE_AUDIO]
        live = [media for media in sound if media.status == pj.PJSUA_CALL_MEDIA_ACTIVE]
        # Early sound of somebody whom nobody vouches for reaches no ear.
        joined = bool(live) and (self._answered or self.verified)
        self._owner.media_changed(self, self.getAudioMedia(live[0].index) if joined else None)
        if any(media.status == pj.PJSUA_CALL_MEDIA_ERROR for media in sound):
            self.end(488, "The sound could not be secured", status=488)

    def _started(self) -> None:
        stream = self.getStreamInfo(0)
        codec = self._owner.codec_name(stream.codecName, stream.codecClockRate)
        self._post(MediaStarted(self.number, codec, f"DTLS-SRTP {self._sample().suite}"))

    def _sample(self) -> MediaSample:
        """Asks the media transport itself; DTLS is the only keying it has (account.py)."""
        try:
            status = _SRTP_STATUS.search(self.dump(True, ""))
            statistics = self.getStreamStat(0)
        except pj.Error:
            return MediaSample(None, 0)
        active = status is not None and status[1] == "Active"
        return MediaSample(status[2] if status and active else None, statistics.rtcp.rxStat.pkt)

    def _count(self) -> None:
        if self.over or self._watch is None or not self._watch.started:
            return
        try:
            self._heard = self._heard.plus(heard_through(self.getStreamStat(0).rtcp))
        except pj.Error as error:
            _log.info("Call %d: no statistics: %s", self.number, error.reason)

    def _finish(self, code: int, words: str) -> None:
        if not self.over:
            self.over = True
            self._owner.ended(self, code, words)

    def _try(self, act: Callable[[], Any]) -> None:
        try:
            act()
        except pj.Error as error:
            self.end(500, error.reason, status=500)

    def _guard(self, act: Callable[[], None]) -> None:
        """What is raised into pjsua2 is only printed there."""
        try:
            act()
        except Exception as error:
            _log.exception("Call %d failed", self.number)
            self._finish(500, str(error))


def _options(code: int = 0) -> pj.CallOpParam:
    options = pj.CallOpParam(True)
    options.statusCode = code
    options.opt.audioCount = 1
    options.opt.videoCount = 0
    options.opt.textCount = 0
    return options


def _reason_header(code: int, words: str) -> pj.SipHeader:
    """RFC 3326: lets the far end tell a fault from a receiver put down."""
    header = pj.SipHeader()
    header.hName = "Reason"
    header.hValue = reason_value(code, words)
    return header


def _request_in(prm: pj.OnCallStateParam) -> str:
    """The request that caused a change of state, empty where something else did."""
    message = _message_in(prm)
    return "" if message.startswith("SIP/2.0 ") else message


def _message_in(prm: pj.OnCallStateParam | pj.OnCallTsxStateParam) -> str:
    """The message that came in and caused this, empty where something else did."""
    event = prm.e
    if event.type != pj.PJSIP_EVENT_TSX_STATE or event.body.tsxState.type != pj.PJSIP_EVENT_RX_MSG:
        return ""
    message: str = event.body.tsxState.src.rdata.wholeMsg
    return message
