import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.quality import (
    BPL,
    R_DEFAULT,
    CallQuality,
    QualitySum,
    buffer_wait,
    delay_impairment,
    late_share,
    loss_impairment,
    mos_of,
)
from tests.kallnet.samples import ALICE, BOB

PERFECT = CallQuality(loss=0, jitter=0, delay=0, seconds=60)

calls = st.builds(
    CallQuality,
    loss=st.floats(0, 1),
    jitter=st.floats(0, 1e6),
    delay=st.floats(0, 1e6),
    seconds=st.floats(0, 1e6),
)


@pytest.mark.parametrize(
    ("r", "mos"),
    # G.107 clause 7.7 for the defaults, and table B.1, whose 4.03 its own formula makes 4.024.
    [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58), (0, 1), (100, 4.5)],
)
def test_mos_is_that_of_the_published_table(r: float, mos: float) -> None:
    assert mos_of(r) == pytest.approx(mos, abs=0.0065)


def test_mos_stays_on_its_scale_beyond_the_ends_of_r() -> None:
    assert mos_of(-40) == mos_of(3) == 1.0
    assert mos_of(140) == 4.5


def test_a_perfect_call_has_the_model_s_default_rating() -> None:
    assert PERFECT.r_factor == R_DEFAULT
    assert PERFECT.mos == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(
    ("percent", "published"),
    # Measured for G.711 with concealment and random loss: G.113 (1999) appendix I.
    [(0, 0), (1, 5), (2, 7), (3, 10), (5, 15), (7, 20), (10, 25), (15, 35), (20, 45)],
)
def test_loss_costs_what_was_measured_for_g711_with_concealment(percent: float, published: float) -> None:
    assert loss_impairment(percent / 100) == pytest.approx(published, abs=3)


def test_loss_costs_what_the_formula_says() -> None:
    assert loss_impairment(0.05) == pytest.approx(95 * 5 / (5 + 25.1))
    assert loss_impairment(0.05, burst_ratio=2) == pytest.approx(95 * 5 / (2.5 + 25.1))
    assert loss_impairment(BPL / 100) == pytest.approx(95 / 2)


@pytest.mark.parametrize(
    ("delay", "cost"),
    # By hand from clause 7.4: X is 1 and 2 at two and four times the delay that nobody notices.
    [(0, 0), (100, 0), (200, 3.045), (400, 24.070)],
)
def test_delay_costs_nothing_before_100_ms_and_then_more_and_more(delay: float, cost: float) -> None:
    assert delay_impairment(delay) == pytest.approx(cost, abs=0.002)


def test_the_buffer_waits_four_times_the_jitter_within_its_bounds() -> None:
    assert [buffer_wait(jitter) for jitter in (0, 5, 10, 30, 50, 90)] == [40, 40, 40, 120, 200, 200]


def test_what_the_buffer_does_not_wait_for_is_lost() -> None:
    assert late_share(0, 40) == 0
    assert late_share(10, 40) == pytest.approx(math.exp(-4) / 2)
    assert late_share(100, 200) == pytest.approx(math.exp(-2) / 2)


def test_jitter_counts_as_waiting_and_as_loss() -> None:
    call = CallQuality(loss=0.1, jitter=100, delay=50, seconds=1)
    lost = 1 - 0.9 * (1 - math.exp(-2) / 2)
    expected = R_DEFAULT - delay_impairment(50 + 26.5 + 200) - loss_impairment(lost)
    assert call.r_factor == pytest.approx(expected)


@given(calls, st.sampled_from(["loss", "jitter", "delay"]), st.floats(0, 1))
def test_nothing_worse_is_rated_better(call: CallQuality, field: str, by: float) -> None:
    value = getattr(call, field)
    worse = replace(call, **{field: min(1, value + by) if field == "loss" else value * (1 + by) + by})
    assert worse.mos <= call.mos + 1e-12
    assert worse.r_factor <= call.r_factor + 1e-9


@given(calls)
def test_mos_is_between_one_and_the_default_rating_s(call: CallQuality) -> None:
    assert 1 <= call.mos <= mos_of(R_DEFAULT)


@pytest.mark.parametrize(
    ("field", "value"),
    [("loss", 1.01), ("loss", -0.01), ("jitter", -1.0), ("delay", math.inf), ("seconds", math.nan)],
)
def test_what_nobody_can_have_measured_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match="no call measures"):
        replace(PERFECT, **{field: value})


def test_long_calls_count_by_their_length() -> None:
    good = CallQuality(loss=0, jitter=2, delay=40, seconds=300)
    bad = CallQuality(loss=0.2, jitter=10, delay=200, seconds=100)
    rating = QualitySum().plus(good).plus(bad).rating(ALICE.address, BOB.address, 744, 99)
    assert (rating.client, rating.service, rating.epoch) == (ALICE.address, BOB.address, 744)
    assert (rating.loss, rating.jitter, rating.delay) == (500, 4, 80)
    assert rating.mos == round(100 * (3 * good.mos + bad.mos) / 4)
    assert (rating.duration, rating.deadline) == (400, 99)


@given(st.lists(calls, max_size=5))
def test_any_rating_fits_the_contract_s_ranges(several: list[CallQuality]) -> None:
    total = _sum(several)
    if round(total.seconds) < 1:
        with pytest.raises(ValueError, match="nothing to rate"):
            total.rating(ALICE.address, BOB.address, 1, 2)
        return
    rating = total.rating(ALICE.address, BOB.address, 1, 2)
    assert 0 <= rating.loss <= 10_000
    assert 100 <= rating.mos <= 500
    assert 0 <= rating.jitter < 1 << 16
    assert 0 <= rating.delay < 1 << 16
    assert 0 < rating.duration < 1 << 32


def test_values_beyond_a_rating_s_range_end_at_its_bounds() -> None:
    endless = CallQuality(loss=1, jitter=1e9, delay=1e9, seconds=1e12)
    rating = QualitySum().plus(endless).rating(ALICE.address, BOB.address, 1, 2)
    assert (rating.loss, rating.jitter, rating.delay) == (10_000, 0xFFFF, 0xFFFF)
    assert (rating.mos, rating.duration) == (100, 0xFFFFFFFF)


def _sum(several: list[CallQuality]) -> QualitySum:
    total = QualitySum()
    for call in several:
        total = total.plus(call)
    return total
