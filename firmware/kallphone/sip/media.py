from __future__ import annotations

import logging
import re
from collections.abc import Callable

import pjsua2 as pj

from kallphone.phone.events import CallId, CallMeasured, CallTold, HoldNote, MediaStarted
from kallphone.ports import Post
from kallphone.sip.gauge import QualityGauge
from kallphone.sip.heard import NOTHING, heard_through, measured
from kallphone.sip.watch import MediaSample, MediaWatch, Verdict

_log = logging.getLogger(__name__)

_SRTP_STATUS = re.compile(r"SRTP status: (Active|Not active) Crypto-suite: (\S+)")


class CallMedia:
    """The sound of an answered call: whether it is secured, whether it flows, how good it is.

    The call is handed in and never kept: a cycle would leave it to the garbage collector, and a pj.Call that
    dies late takes the next call of its slot with it.
    """

    def __init__(
        self, number: CallId, post: Post, watch: MediaWatch, codec_name: Callable[[str, int], str]
    ) -> None:
        self._number = number
        self._post = post
        self._watch = watch
        self._codec_name = codec_name
        self._gauge = QualityGauge(number)
        self._heard = NOTHING
        self._held = False

    def observe(self, call: pj.Call, now: float) -> Verdict | None:
        """To be called often; a verdict against the media is the caller's to carry out."""
        if not self._watch.due(now):
            return None
        verdict = self._watch.observe(now, _sample(call))
        if verdict is Verdict.STARTED:
            self._started(call)
        if self._watch.started and self._gauge.due(now):
            self._tell_quality(call, now)
        return verdict

    def held_there(self, held: bool) -> None:
        """The far end put us on hold by its description (RFC 3264 section 8.4), or took us back."""
        if held != self._held:
            self._held = self._watch.held = held
            self._post(CallTold(self._number, HoldNote(held)))

    def count(self, call: pj.Call) -> None:
        """Takes the counters along, as long as the stream is there to ask."""
        if not self._watch.started:
            return
        try:
            self._heard = self._heard.plus(heard_through(call.getStreamStat(0).rtcp))
        except pj.Error as error:
            _log.info("Call %d: no statistics: %s", self._number, error.reason)

    def measured(self, now: float) -> CallMeasured | None:
        """None where no sound came."""
        return measured(self._number, self._heard, self._watch, now)

    def _started(self, call: pj.Call) -> None:
        stream = call.getStreamInfo(0)
        codec = self._codec_name(stream.codecName, stream.codecClockRate)
        self._post(MediaStarted(self._number, codec, f"DTLS-SRTP {_sample(call).suite}"))

    def _tell_quality(self, call: pj.Call, now: float) -> None:
        try:
            quality = self._gauge.read(now, call.getStreamStat(0).rtcp)
        except pj.Error:
            return
        if quality is not None:
            self._post(quality)


def _sample(call: pj.Call) -> MediaSample:
    """Asks the media transport itself; DTLS is the only keying it has (account.py)."""
    try:
        status = _SRTP_STATUS.search(call.dump(True, ""))
        statistics = call.getStreamStat(0)
    except pj.Error:
        return MediaSample(None, 0)
    active = status is not None and status[1] == "Active"
    return MediaSample(status[2] if status and active else None, statistics.rtcp.rxStat.pkt)
