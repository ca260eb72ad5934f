from __future__ import annotations

import pytest
from tests.sip.test_sip_heard import Received, Rtcp, Spread

from kallphone.phone.events import CallId, CallQuality
from kallphone.sip.gauge import EACH_S, QualityGauge

CALL = CallId(2)


def counters(packets: int, lost: int = 0, jitter_ms: float = 2.0) -> Rtcp:
    return Rtcp(Received(packets, 0, lost, Spread(packets, 9_000, int(jitter_ms * 1000))))


def test_it_tells_the_last_seconds_and_not_the_whole_call() -> None:
    gauge = QualityGauge(CALL)
    first = gauge.read(0.0, counters(1000))
    assert first is not None
    assert (first.call, first.loss, first.jitter) == (CALL, 0.0, 2.0)
    assert 4.3 < first.mos < 4.5
    bad = gauge.read(2.0, counters(1080, lost=20))
    assert bad is not None
    assert bad.loss == pytest.approx(0.2)
    assert bad.mos < 3.5
    good = gauge.read(4.0, counters(1180, lost=20))
    assert good is not None
    assert good.loss == 0.0


@pytest.mark.parametrize(("later", "told"), [
    (counters(200), False),
    (counters(200, jitter_ms=6.9), False),
    (counters(200, jitter_ms=7.1), True),
    (counters(1000, lost=8), False),
    (counters(200, lost=2), True),
])
def test_only_news_is_told(later: Rtcp, told: bool) -> None:
    gauge = QualityGauge(CALL)
    assert isinstance(gauge.read(0.0, counters(100)), CallQuality)
    assert (gauge.read(2.0, later) is not None) is told


def test_silence_is_no_news() -> None:
    gauge = QualityGauge(CALL)
    assert gauge.read(0.0, counters(0)) is None
    assert gauge.read(2.0, counters(100)) is not None
    assert gauge.read(4.0, counters(100)) is None


def test_a_stream_that_begins_anew_counts_from_nothing() -> None:
    gauge = QualityGauge(CALL)
    gauge.read(0.0, counters(1000, lost=500))
    again = gauge.read(2.0, counters(90, lost=10))
    assert again is not None
    assert again.loss == pytest.approx(0.1)


def test_it_looks_each_two_seconds() -> None:
    gauge = QualityGauge(CALL)
    assert gauge.due(5.0)
    gauge.read(5.0, counters(10))
    assert not gauge.due(5.0 + EACH_S - 0.1)
    assert gauge.due(5.0 + EACH_S)
