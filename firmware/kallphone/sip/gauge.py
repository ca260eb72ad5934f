from __future__ import annotations

from kallnet.quality import CallQuality as Quality
from kallphone.phone.events import CallId, CallQuality
from kallphone.sip.heard import NOTHING, Counters, Heard, heard_through

EACH_S = 2.0
# Less is not worth drawing a screen for.
_LOSS_STEP, _JITTER_STEP, _MOS_STEP = 0.01, 5.0, 0.1


class QualityGauge:
    """How a call sounds now, from what changed in pjsip's counters; told when it is news."""

    def __init__(self, call: CallId) -> None:
        self._call = call
        self._next = 0.0
        self._before = NOTHING
        self._told: CallQuality | None = None

    def due(self, now: float) -> bool:
        return now >= self._next

    def read(self, now: float, counters: Counters) -> CallQuality | None:
        self._next = now + EACH_S
        total = heard_through(counters)
        window, self._before = _since(self._before, total), total
        if window.packets + window.lost == 0:
            return None
        jitter = counters.rxStat.jitterUsec.last / 1000
        mos = Quality(window.loss, jitter, total.delay, EACH_S).mos
        quality = CallQuality(self._call, window.loss, jitter, mos)
        if self._told is not None and not _differs(self._told, quality):
            return None
        self._told = quality
        return quality


def _since(before: Heard, total: Heard) -> Heard:
    """A stream that began anew counts from nothing."""
    if total.packets < before.packets:
        before = NOTHING
    return Heard(total.packets - before.packets, max(0, total.lost - before.lost))


def _differs(told: CallQuality, now: CallQuality) -> bool:
    return (
        abs(told.loss - now.loss) >= _LOSS_STEP
        or abs(told.jitter - now.jitter) >= _JITTER_STEP
        or abs(told.mos - now.mos) >= _MOS_STEP
    )
