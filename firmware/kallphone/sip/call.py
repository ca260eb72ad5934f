from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import pjsua2 as pj

from kallphone.phone.events import CallAnswered, CallId, CallMeasured, CallTold, FarEndRinging, Note
from kallphone.ports import Post
from kallphone.sip.headers import (
    account_of,
    description_of,
    forwarded_to,
    reason_of,
    reason_value,
    refuses,
)
from kallphone.sip.identity import CHANGED_ON_THE_WAY, FarEnd, Identity, IdentityRefused
from kallphone.sip.media import CallMedia
from kallphone.sip.notes import CONTENT_TYPE, HEADER, Notes
from kallphone.sip.params import call_options, header, message_in, request_in
from kallphone.sip.watch import MediaWatch, Verdict

_log = logging.getLogger(__name__)

_NO_CALL = -1
# RFC 8224 section 6.2.2: what is signed is not what arrived.
INVALID_IDENTITY = 438
# Who has us on hold may play music.
_LIVE = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)


class CallOwner(Protocol):
    def media_changed(self, call: PhoneCall, media: pj.AudioMedia | None) -> None: ...
    def ended(self, call: PhoneCall, code: int, words: str, forwarded: str) -> None:
        """`forwarded`: the number that the far phone names in its place."""

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
        self._notes: Notes | None = None
        self._answered = False
        self._rang = False
        self._redirected = False
        self._forwarded = ""
        self._media: CallMedia | None = None

    @property
    def verified(self) -> bool:
        """Whether the far end's account vouches for all that was described so far."""
        return self._far is not None and self._far.verified

    def meet(self, caller: bytes, invite: str) -> None:
        """Reads who calls, before anything rings. Raises IdentityRefused."""
        self._peer = caller
        self._read(invite)

    def place(self, uri: str, diversion: str = "") -> None:
        self._peer = account_of(uri)
        more = [header("Diversion", diversion)] if diversion else []
        self._try(lambda: self.makeCall(uri, call_options(0, *more)))

    def respond(self, code: int, contact: str = "") -> None:
        more = [header("Contact", contact)] if contact else []
        self._try(lambda: self.answer(call_options(code, *more)))

    def send_digit(self, key: str) -> None:
        """By RFC 4733, or by SIP INFO where the far end did not agree to that."""
        digit = pj.CallSendDtmfParam()
        digit.digits = key
        try:
            in_media = self.getStreamInfo(0).audTxEventPt >= 0
            digit.method = pj.PJSUA_DTMF_METHOD_RFC2833 if in_media else pj.PJSUA_DTMF_METHOD_SIP_INFO
            self.sendDtmf(digit)
        except pj.Error as error:
            _log.warning("Call %d: a digit was not sent: %s", self.number, error.reason)

    def tell(self, note: Note) -> None:
        if self._notes is None:
            return
        message = pj.SendInstantMessageParam()
        message.contentType = CONTENT_TYPE
        message.content, signed = self._notes.say(note)
        message.txOption.headers.append(header(HEADER, signed))
        try:
            self.sendInstantMessage(message)
        except pj.Error as error:
            _log.warning("Call %d: the far end was not told: %s", self.number, error.reason)

    def end(self, code: int, words: str, *, status: int = 0) -> None:
        """Ends the call here; `status` answers an INVITE that was not answered yet."""
        self._count()
        self._finish(code, words)
        # RFC 3326: lets the far end tell a fault from a receiver put down.
        more = [header("Reason", reason_value(code, words))] if code >= 400 else []
        try:
            if self.isActive():
                self.hangup(call_options(status, *more))
        except pj.Error as error:
            _log.info("Call %d: nothing left to hang up: %s", self.number, error.reason)

    def observe(self, now: float) -> None:
        """Looks after the media of a confirmed call; to be called often."""
        if self.over or self._media is None:
            return
        verdict = self._media.observe(self, now)
        if verdict is Verdict.NEVER_STARTED:
            self.end(488, "No secure sound came from the far end")
        elif verdict is Verdict.FELL_SILENT:
            self.end(408, "Nothing is heard from the far end any more")

    def measured(self, now: float) -> CallMeasured | None:
        """None where no sound came."""
        return self._media.measured(now) if self._media is not None else None

    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802
        self._guard(lambda: self._state_changed(prm))

    def onCallSdpCreated(self, prm: pj.OnCallSdpCreatedParam) -> None:  # noqa: N802
        self._guard(lambda: self._sign(prm.sdp))

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:  # noqa: N802
        """A request comes by here before pjsip obeys it, a response when it has been."""
        self._guard(lambda: self._accept(message_in(prm)))

    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:  # noqa: N802
        """pjsua would place a call that nobody here dialled."""
        prm.statusCode = 603

    def onCallReplaceRequest(self, prm: pj.OnCallReplaceRequestParam) -> None:  # noqa: N802
        """pjsua would put another caller in this one's place, and ring nowhere."""
        prm.statusCode = 603

    def onCallRedirected(self, prm: pj.OnCallRedirectedParam) -> int:  # noqa: N802
        """pjsua follows nobody by itself: who is called, and for how much, is decided elsewhere."""
        self._guard(lambda: self._redirect(message_in(prm)))
        stop: int = pj.PJSIP_REDIRECT_STOP
        return stop

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802, ARG002
        self._guard(self._media_changed)

    def onInstantMessage(self, prm: pj.OnInstantMessageParam) -> None:  # noqa: N802
        self._guard(lambda: self._told(prm))

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
            call_id = self.getInfo().callIdString
            self._far = FarEnd(self._identity, self._peer, call_id)
            self._notes = Notes(self._identity, self._peer, call_id)
        return self._far

    def _state_changed(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        if info.state != pj.PJSIP_INV_STATE_DISCONNECTED:
            self._accept(message_in(prm))
        if self.over:
            return
        if info.state == pj.PJSIP_INV_STATE_EARLY:
            self._early(info.lastStatusCode)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._confirmed()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._disconnected(info, prm)

    def _confirmed(self) -> None:
        self._answered = True
        self._media = CallMedia(self.number, self._post, self._owner.watch(), self._owner.codec_name)
        self._post(CallAnswered(self.number, self.verified))
        self._media_changed()

    def _told(self, prm: pj.OnInstantMessageParam) -> None:
        if prm.contentType.lower() != CONTENT_TYPE or self._notes is None or not self._answered or self.over:
            _log.info("Call %d: a message of type %s is ignored", self.number, prm.contentType)
            return
        try:
            note = self._notes.hear(prm.msgBody, prm.rdata.wholeMsg)
        except ValueError as error:
            _log.warning("Call %d: a note of the far end is ignored: %s", self.number, error)
            return
        self._post(CallTold(self.number, note))

    def _early(self, code: int) -> None:
        if self._outgoing and not self._rang and code in (180, 183):
            self._rang = True
            self._post(FarEndRinging(self.number))

    def _disconnected(self, info: pj.CallInfo, prm: pj.OnCallStateParam) -> None:
        request = request_in(prm)
        reason = reason_of(request) if request else None
        if reason:
            self._finish(reason.code, reason.words)
        elif request.startswith("BYE "):
            self._finish(200, "The far end hung up")
        else:
            self._gone(info)

    def _redirect(self, message: str) -> None:
        if not self._redirected:
            self._redirected, self._forwarded = True, forwarded_to(message)

    def _gone(self, info: pj.CallInfo) -> None:
        """pjsip takes a redirection that is not followed for a cancelled call."""
        if self._redirected:
            self._finish(302, "The far phone names another to call", self._forwarded)
        else:
            self._finish(info.lastStatusCode, info.lastReason)

    def _media_changed(self) -> None:
        info = self.getInfo()
        sound = [media for media in info.media if media.type == pj.PJMEDIA_TYPE_AUDIO]
        # Early sound of somebody whom nobody vouches for reaches no ear.
        may_join = self._answered or self.verified
        live = [media for media in sound if may_join and media.status in _LIVE and media.audioConfSlot >= 0]
        self._owner.media_changed(self, self.getAudioMedia(live[0].index) if live else None)
        if self._media is not None:
            self._media.held_there(any(media.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD for media in sound))
        if any(media.status == pj.PJSUA_CALL_MEDIA_ERROR for media in sound):
            self.end(488, "The sound could not be secured", status=488)

    def _count(self) -> None:
        if not self.over and self._media is not None:
            self._media.count(self)

    def _finish(self, code: int, words: str, forwarded: str = "") -> None:
        if not self.over:
            self.over = True
            self._owner.ended(self, code, words, forwarded)

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
