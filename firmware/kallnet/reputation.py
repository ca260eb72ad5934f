"""What the ratings of a service amount to, and how far to trust that.

An opinion weighs what its signer has in coins and in the service's deposit, halved every three epochs. The
score is the weighted mean of the opinions and of a neutral prior that holds the coins of four full opinions.
So it depends on the coins behind each value alone: to split coins over many accounts does not move it.

Confidence is e / (e + 8) for e independent opinions, and the 95 % interval narrows with e as well. e is the
effective number of opinions, (sum w)^2 / sum w^2 (Kish, Survey Sampling, 1965), times their mean freshness,
so that one rich signer counts as one; but no more than the full opinions that all the coins together make,
each of them a fixed part of the coin's supply. No rule that sees accounts can tell a crowd from one owner of
many. With this one every further opinion takes the coins of a full one, held at the block that is read; who
splits has no more confidence than honest callers with as many coins; and to split finer gains nothing.

What remains: a rich signer outvotes a crowd, as weighing by coins means, and then the confidence falls to
that of one opinion. Whoever holds a large part of the coins can have both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from kallnet import slots
from kallnet.account import Address
from kallnet.errors import LedgerInconsistent
from kallnet.quality import CallQuality

EPOCH_LENGTH = 28 * 24 * 3600  # KallRating.EPOCH_LENGTH, in seconds
HALF_LIFE = 3.0  # epochs
# Of a supply of 1e9 coins: 10 coins, about what a phone keeps for a few weeks of calls.
FULL_OPINIONS_IN_SUPPLY = 10**8
PRIOR_OPINIONS = 4.0
# R is 71: just above where many users are dissatisfied (G.107 table B.1).
PRIOR = CallQuality(loss=0.03, jitter=20, delay=150, seconds=0)
PRIOR_SPREAD = 1.0  # in MOS; weighs one opinion
HALF_CONFIDENCE = 8.0  # opinions
_Z95 = 1.96
_LAYOUT = (32, 16, 16, 16, 16, 32, 40, 88)  # of KallRating.Latest, from the low bits


@dataclass(frozen=True, slots=True)
class LatestRating:
    """A client's latest rating of a service, in Rating's units, and the claims that it stands on."""

    epoch: int
    loss: int
    jitter: int
    delay: int
    mos: int
    duration: int
    channel_epoch: int
    claimed: int

    @classmethod
    def from_slot(cls, word: int) -> Self:
        """From KallRating's storage; raises LedgerInconsistent for what the contract can't have stored."""
        latest = cls(*slots.unpack(word, *_LAYOUT))
        if not (latest.duration and latest.claimed and latest.loss <= 10_000 and 100 <= latest.mos <= 500):
            raise LedgerInconsistent(f"a storage slot holds no rating: {latest}")
        return latest


class Opinions(Protocol):
    """What the ledger holds on one service, all at one block: coins that move must not count twice."""

    def raters(self) -> Sequence[Address]: ...

    def latest(self, client: Address) -> LatestRating: ...

    def weight(self, client: Address) -> int:
        """Its coins and its unspent deposit with the service, in base units."""

    def supply(self) -> int:
        """All coins, in base units."""


@dataclass(frozen=True, slots=True)
class Reputation:
    """`loss` is a fraction, `jitter` and `delay` are in ms. `low` to `high` is the MOS's 95 % interval;
    `opinions` is the effective number of independent ones, `confidence` runs from 0 to below 1."""

    mos: float
    loss: float
    jitter: float
    delay: float
    low: float
    high: float
    opinions: float
    confidence: float

    @property
    def words(self) -> str:
        if self.confidence == 0:
            return "not rated yet"
        count = max(1, round(self.opinions))
        return f"{self.mos:.1f} of 5, {_sureness(self.confidence)}: {count} caller{'s' if count > 1 else ''}"


@dataclass(frozen=True, slots=True)
class _Opinion:
    coins: float  # in full opinions
    freshness: float
    rating: LatestRating

    @property
    def weight(self) -> float:
        return self.coins * self.freshness


def reputation(opinions: Opinions, epoch_now: int) -> Reputation:
    heard = _heard(opinions, epoch_now)
    count = _independent(heard)
    mos = _drawn([(o.weight, o.rating.mos / 100) for o in heard], PRIOR.mos)
    margin = _Z95 * _standard_error([(o.weight, o.rating.mos / 100) for o in heard], count)
    return Reputation(
        mos=mos,
        loss=_drawn([(o.weight, o.rating.loss / 10_000) for o in heard], PRIOR.loss),
        jitter=_drawn([(o.weight, o.rating.jitter) for o in heard], PRIOR.jitter),
        delay=_drawn([(o.weight, o.rating.delay) for o in heard], PRIOR.delay),
        low=max(1.0, mos - margin),
        high=min(5.0, mos + margin),
        opinions=count,
        confidence=count / (count + HALF_CONFIDENCE),
    )


def _heard(opinions: Opinions, epoch_now: int) -> list[_Opinion]:
    full = opinions.supply() / FULL_OPINIONS_IN_SUPPLY
    heard = []
    for client in opinions.raters():
        rating = opinions.latest(client)
        freshness = _freshness(epoch_now - rating.epoch)
        heard.append(_Opinion(opinions.weight(client) / full if full else 0.0, freshness, rating))
    return heard


def _freshness(age: int) -> float:
    """An epoch that the reader's clock has not reached yet counts as the present one."""
    return math.pow(0.5, max(age, 0) / HALF_LIFE)


def _independent(heard: Sequence[_Opinion]) -> float:
    total = sum(o.weight for o in heard)
    if total == 0:
        return 0.0
    kish = total / sum(o.weight * (o.weight / total) for o in heard)
    freshness = total / sum(o.coins for o in heard)
    return min(kish * freshness, total)


def _drawn(values: Sequence[tuple[float, float]], prior: float) -> float:
    """The mean of (weight, value) pairs and of the prior."""
    total = sum(weight for weight, _ in values)
    return (PRIOR_OPINIONS * prior + sum(w * v for w, v in values)) / (PRIOR_OPINIONS + total)


def _standard_error(values: Sequence[tuple[float, float]], count: float) -> float:
    """Of `count` opinions, and of one more whose variance is the prior's."""
    variance = (PRIOR_SPREAD**2 + count * _variance(values)) / (1 + count)
    return math.sqrt(variance / (1 + count))


def _variance(values: Sequence[tuple[float, float]]) -> float:
    total = sum(weight for weight, _ in values)
    if total == 0:
        return 0.0
    mean = sum(w / total * v for w, v in values)
    return sum(w / total * (v - mean) ** 2 for w, v in values)


def _sureness(confidence: float) -> str:
    if confidence < 1 / 3:
        return "unsure"
    if confidence < 2 / 3:
        return "somewhat sure"
    return "fairly sure" if confidence < 0.9 else "sure"
