from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from kallphone.phone.events import CallId, CallMeasured
from kallphone.sip.heard import DEAD_AFTER_S, NOTHING, Heard, heard_through, measured
from kallphone.sip.watch import MediaSample, MediaWatch

CALL = CallId(2)
SUITE = "AES_CM_128_HMAC_SHA1_80"


@dataclass
class Spread:
    n: int = 0
    mean: int = 0
    last: int = 0


@dataclass
class Received:
    pkt: int = 0
    discard: int = 0
    loss: int = 0
    jitterUsec: Spread = field(default_factory=Spread)  # noqa: N815


@dataclass
class Rtcp:
    rxStat: Received  # noqa: N815
    rttUsec: Spread = field(default_factory=Spread)  # noqa: N815


def talk(until: float, *, last_packet: float) -> MediaWatch:
    """Sound from 100 s of the clock on, each second up to `last_packet`."""
    watch = MediaWatch(99.0, 10.0, 30.0)
    for second in range(100, int(last_packet) + 1):
        watch.observe(second, MediaSample(SUITE, second))
    for second in range(int(last_packet) + 1, int(until) + 1):
        watch.observe(second, MediaSample(SUITE, int(last_packet)))
    return watch


def told(heard: Heard, until: float = 160.0, last_packet: float = 160.0) -> CallMeasured | None:
    return measured(CALL, heard, talk(until, last_packet=last_packet), until)


def test_counters_are_read_in_milliseconds() -> None:
    counters = Rtcp(Received(1000, 10, 110, Spread(900, 12_500)), Spread(3, 81_000))
    assert heard_through(counters) == Heard(990, 110, 12.5, 40.5, 3)
    assert Heard(990, 110).loss == 0.1


def test_what_was_not_measured_is_zero() -> None:
    assert heard_through(Rtcp(Received(20, 0, 0, Spread(0, 7)), Spread(0, 7))) == Heard(20, 0, 0.0, 0.0, 0)


def test_streams_of_one_call_weigh_by_what_they_carried() -> None:
    first, second = Heard(300, 0, 10.0, 20.0, 1), Heard(100, 100, 50.0, 80.0, 3)
    both = NOTHING.plus(first).plus(second)
    assert both == Heard(400, 100, 20.0, 65.0, 4)
    assert both.loss == 0.2
    assert first.plus(Heard(100, 0, 10.0)).delay == 20.0, "a stream without a round trip changes no delay"


def test_a_call_tells_what_came_in() -> None:
    assert told(Heard(2970, 30, 8.0, 25.0, 6)) == CallMeasured(CALL, 0.01, 8.0, 25.0, 60.0)


def test_a_call_without_sound_tells_nothing() -> None:
    assert told(NOTHING) is None
    assert measured(CALL, Heard(5), MediaWatch(99.0, 10.0, 30.0), 120.0) is None


@pytest.mark.parametrize(("last_packet", "loss"), [(160 - DEAD_AFTER_S, 0.0), (150.0, 1 / 6), (130.0, 0.5)])
def test_a_line_that_died_counts_as_lost_from_then_on(last_packet: float, loss: float) -> None:
    event = told(Heard(1000), last_packet=last_packet)
    assert event is not None
    assert (event.loss, event.seconds) == (pytest.approx(loss), 60.0)


def test_losses_before_the_line_died_count_too() -> None:
    event = told(Heard(90, 10), last_packet=130.0)
    assert event is not None
    assert event.loss == pytest.approx(0.55)
