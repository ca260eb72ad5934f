from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Address
from kallnet.errors import LedgerInconsistent
from kallnet.reputation import (
    FULL_OPINIONS_IN_SUPPLY,
    PRIOR,
    PRIOR_OPINIONS,
    LatestRating,
    Reputation,
    reputation,
)

SUPPLY = 10**15
FULL = SUPPLY // FULL_OPINIONS_IN_SUPPLY
NOW = 750
GOOD = LatestRating(
    epoch=NOW, loss=50, jitter=8, delay=60, mos=430, duration=3600, channel_epoch=0, claimed=10**6
)
BAD = replace(GOOD, loss=900, jitter=70, delay=400, mos=150)

Signed = tuple[int, LatestRating]


@dataclass(frozen=True)
class FakeOpinions:
    signed: Sequence[Signed]

    def raters(self) -> list[Address]:
        return [Address(i.to_bytes(20, "big")) for i in range(len(self.signed))]

    def latest(self, client: Address) -> LatestRating:
        return self.signed[int.from_bytes(client, "big")][1]

    def weight(self, client: Address) -> int:
        return self.signed[int.from_bytes(client, "big")][0]

    def supply(self) -> int:
        return SUPPLY


def of(*signed: Signed, now: int = NOW) -> Reputation:
    return reputation(FakeOpinions(signed), now)


def prior_and(weight: float, value: float, prior: float) -> float:
    return (PRIOR_OPINIONS * prior + weight * value) / (PRIOR_OPINIONS + weight)


ratings = st.builds(
    LatestRating,
    epoch=st.integers(NOW - 30, NOW),
    loss=st.integers(0, 10_000),
    jitter=st.integers(0, 0xFFFF),
    delay=st.integers(0, 0xFFFF),
    mos=st.integers(100, 500),
    duration=st.integers(1, 0xFFFFFFFF),
    channel_epoch=st.just(0),
    claimed=st.just(1),
)
weights = st.one_of(st.integers(0, 20 * FULL), st.integers(0, SUPPLY // 100))
opinions = st.lists(st.tuples(weights, ratings), max_size=12)
some = st.lists(st.tuples(weights.filter(bool), ratings), min_size=1, max_size=12)


def test_no_opinions_give_the_prior_and_no_confidence() -> None:
    nothing = of()
    assert (nothing.mos, nothing.loss, nothing.jitter, nothing.delay) == (PRIOR.mos, 0.03, 20, 150)
    assert (nothing.opinions, nothing.confidence) == (0, 0)
    assert nothing.low < 2 < 4.9 < nothing.high
    assert nothing.words == "not rated yet"


def test_one_full_opinion_is_weighed_against_the_prior() -> None:
    one = of((FULL, GOOD))
    assert one.mos == pytest.approx(prior_and(1, 4.3, PRIOR.mos))
    assert one.loss == pytest.approx(prior_and(1, 0.005, PRIOR.loss))
    assert one.jitter == pytest.approx(prior_and(1, 8, PRIOR.jitter))
    assert one.delay == pytest.approx(prior_and(1, 60, PRIOR.delay))
    assert one.opinions == pytest.approx(1)
    assert one.confidence == pytest.approx(1 / 9)
    assert one.high - one.mos == pytest.approx(1.96 * 0.5)


def test_opinions_weigh_by_coins() -> None:
    mixed = of((3 * FULL, GOOD), (FULL, BAD))
    assert mixed.mos == pytest.approx((4 * PRIOR.mos + 3 * 4.3 + 1.5) / 8)
    assert mixed.opinions == pytest.approx(16 / 10)


def test_contradiction_widens_the_interval() -> None:
    agreed = of(*[(FULL, replace(GOOD, mos=300))] * 10)
    split = of(*[(FULL, replace(GOOD, mos=500))] * 5, *[(FULL, replace(GOOD, mos=100))] * 5)
    assert split.mos == pytest.approx(agreed.mos)
    assert agreed.high - agreed.mos == pytest.approx(1.96 / 11)
    assert split.high - split.mos == pytest.approx(1.96 * (1 + 10 * 4) ** 0.5 / 11)


def test_confidence_grows_with_callers_and_not_with_one_caller_s_coins() -> None:
    crowd, whale = of(*[(FULL, GOOD)] * 37), of((37 * FULL, GOOD))
    assert crowd.mos == pytest.approx(whale.mos)
    assert crowd.opinions == pytest.approx(37)
    assert crowd.confidence == pytest.approx(37 / 45)
    assert whale.opinions == pytest.approx(1)
    assert whale.confidence == pytest.approx(1 / 9)
    assert whale.high - whale.low > 4 * (crowd.high - crowd.low)


def test_an_opinion_counts_half_after_the_half_life() -> None:
    age = 3
    old = of((2 * FULL, replace(GOOD, epoch=NOW - age)))
    assert old.mos == pytest.approx(prior_and(1, 4.3, PRIOR.mos))
    crowd = of(*[(9 * FULL, replace(GOOD, epoch=NOW - age))] * 10)
    assert crowd.opinions == pytest.approx(5)


def test_an_epoch_ahead_of_the_reader_s_clock_is_the_present_one() -> None:
    assert of((FULL, replace(GOOD, epoch=NOW + 1))) == of((FULL, GOOD))


def test_words_for_people() -> None:
    assert of(*[(FULL, GOOD)] * 37).words == "4.2 of 5, fairly sure: 37 callers"
    assert of((50 * FULL, GOOD)).words == "4.3 of 5, unsure: 1 caller"
    assert of((FULL // 100, GOOD)).words == "3.6 of 5, unsure: 1 caller"
    assert of(*[(FULL, GOOD)] * 5).words == "4.0 of 5, somewhat sure: 5 callers"
    assert of(*[(FULL, BAD)] * 100).words == "1.6 of 5, sure: 100 callers"


@given(opinions)
def test_everything_stays_in_its_bounds(signed: list[Signed]) -> None:
    result = of(*signed)
    assert 1 <= result.low <= result.mos <= result.high <= 5
    assert 0 <= result.loss <= 1
    assert 0 <= result.jitter <= 0xFFFF
    assert 0 <= result.delay <= 0xFFFF
    assert 0 <= result.confidence < 1
    assert 0 <= result.opinions <= len(signed) * (1 + 1e-9)


@given(some, st.integers(0, 2**32))
def test_any_age_can_be_reckoned(signed: list[Signed], age: int) -> None:
    assert 1 <= of(*signed, now=NOW + age).mos <= 5


@given(some, st.integers(1, 20))
def test_age_never_adds_confidence(signed: list[Signed], by: int) -> None:
    assert of(*signed, now=NOW + by).confidence <= of(*signed).confidence * (1 + 1e-9)


@given(opinions, ratings)
def test_signers_without_coins_count_for_nothing(signed: list[Signed], rating: LatestRating) -> None:
    assert of(*signed, (0, rating)) == of(*signed)


@given(some, ratings)
def test_a_better_rating_never_lowers_the_score(signed: list[Signed], other: LatestRating) -> None:
    (weight, first), rest = signed[0], signed[1:]
    better = replace(first, mos=max(first.mos, other.mos))
    assert of((weight, better), *rest).mos >= of((weight, first), *rest).mos - 1e-12


@given(
    opinions, st.integers(1, SUPPLY // 1000), ratings, st.lists(st.integers(1, 100), min_size=1, max_size=50)
)
def test_splitting_coins_over_accounts_leaves_the_score(
    others: list[Signed], coins: int, rating: LatestRating, shares: list[int]
) -> None:
    pieces = [coins * share // sum(shares) for share in shares[1:]]
    pieces.append(coins - sum(pieces))
    whole, parts = of((coins, rating), *others), of(*((piece, rating) for piece in pieces), *others)
    assert parts.mos == pytest.approx(whole.mos, rel=1e-9)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-9)
    assert parts.jitter == pytest.approx(whole.jitter, rel=1e-9)
    assert parts.delay == pytest.approx(whole.delay, rel=1e-9)


@given(st.integers(1, 200 * FULL), st.integers(1, 500))
def test_splitting_gains_no_more_opinions_than_its_coins_make(coins: int, accounts: int) -> None:
    pieces = [coins // accounts] * (accounts - 1)
    pieces.append(coins - sum(pieces))
    assert of(*((piece, GOOD) for piece in pieces)).opinions <= coins / FULL * (1 + 1e-9)


def test_splitting_finer_than_full_opinions_gains_nothing() -> None:
    by_accounts = [of(*[(20 * FULL // n, GOOD)] * n).opinions for n in (1, 5, 20, 100, 1000)]
    assert by_accounts == pytest.approx([1, 5, 20, 20, 20])


@given(some)
def test_coins_that_split_have_no_more_say_than_an_honest_crowd_with_as_many(signed: list[Signed]) -> None:
    coins = sum(weight for weight, _ in signed)
    crowd = max(1, -(-coins // FULL))
    honest = of(*[(FULL, GOOD)] * min(crowd, 2000))
    assert crowd > 2000 or of(*signed).confidence <= honest.confidence * (1 + 1e-9)


def test_dust_accounts_add_next_to_nothing() -> None:
    before, after = of((FULL, GOOD)), of((FULL, GOOD), *[(1, BAD)] * 1000)
    assert after.mos == pytest.approx(before.mos, abs=1e-3)
    assert after.opinions == pytest.approx(before.opinions, abs=1e-3)


def test_a_slot_is_unpacked_from_its_low_bits() -> None:
    word = 745 | 125 << 32 | 12 << 48 | 80 << 64 | 412 << 80 | 3600 << 96 | 3 << 128 | 9 << 168
    assert LatestRating.from_slot(word) == LatestRating(745, 125, 12, 80, 412, 3600, 3, 9)


@pytest.mark.parametrize(
    "wrong", [{"duration": 0}, {"claimed": 0}, {"loss": 10_001}, {"mos": 99}, {"mos": 501}]
)
def test_a_slot_that_the_contract_can_t_have_written_is_refused(wrong: dict[str, int]) -> None:
    latest = replace(GOOD, **wrong)
    word = latest.epoch | latest.loss << 32 | latest.mos << 80 | latest.duration << 96 | latest.claimed << 168
    with pytest.raises(LedgerInconsistent, match="no rating"):
        LatestRating.from_slot(word)
