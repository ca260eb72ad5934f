"""What came in over a call, from pjsip's RTCP counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kallphone.phone.events import CallId, CallMeasured
from kallphone.sip.watch import MediaWatch

DEAD_AFTER_S = 6.0
"""Silence at the end of a call counts as lost when it is longer: a far end that sends none while nobody
speaks still sends a packet each 5 s (pjsip's PJMEDIA_CODEC_MAX_SILENCE_PERIOD)."""


class _Spread(Protocol):
    n: int
    mean: int
    last: int


class _Received(Protocol):
    pkt: int
    discard: int
    loss: int
    jitterUsec: _Spread  # noqa: N815 - pjsua2's name


class Counters(Protocol):
    """pjsua2's RtcpStat."""

    rxStat: _Received  # noqa: N815
    rttUsec: _Spread  # noqa: N815


@dataclass(frozen=True, slots=True)
class Heard:
    """`jitter` and `delay`, half a round trip, are means in ms; a delay is measured once in some seconds."""

    packets: int = 0
    lost: int = 0
    jitter: float = 0.0
    delay: float = 0.0
    round_trips: int = 0

    @property
    def loss(self) -> float:
        return self.lost / (self.packets + self.lost)

    def plus(self, later: Heard) -> Heard:
        """A new offer (RFC 3264) may begin a stream anew within the call, and its counters."""
        return Heard(
            self.packets + later.packets,
            self.lost + later.lost,
            _mean((self.packets, self.jitter), (later.packets, later.jitter)),
            _mean((self.round_trips, self.delay), (later.round_trips, later.delay)),
            self.round_trips + later.round_trips,
        )


NOTHING = Heard()


def heard_through(counters: Counters) -> Heard:
    received, trips = counters.rxStat, counters.rttUsec
    return Heard(
        packets=max(0, received.pkt - received.discard),
        lost=received.loss,
        jitter=received.jitterUsec.mean / 1000 if received.jitterUsec.n else 0.0,
        delay=trips.mean / 2000 if trips.n else 0.0,
        round_trips=trips.n,
    )


def measured(call: CallId, heard: Heard, watch: MediaWatch, now: float) -> CallMeasured | None:
    """None where no sound came. A line that died counts as lost from then on, though no packet tells so."""
    seconds = watch.talked(now)
    if heard.packets == 0 or seconds <= 0:
        return None
    dead = min(seconds, watch.silent(now))
    lost = dead / seconds if dead > DEAD_AFTER_S else 0.0
    return CallMeasured(call, lost + (1 - lost) * heard.loss, heard.jitter, heard.delay, seconds)


def _mean(*weighted: tuple[int, float]) -> float:
    total = sum(weight for weight, _ in weighted)
    return sum(weight * value for weight, value in weighted) / total if total else 0.0
