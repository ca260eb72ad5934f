from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random, SystemRandom

from kallnet import slots
from kallnet.account import Address
from kallnet.errors import LedgerInconsistent
from kallnet.header import Header
from kallnet.ledger import Channel, Ledger, address_in
from kallnet.reputation import LatestRating

# Slots of one question, so that the answer stays below kallnet.endpoint.MAX_ANSWER.
_BATCH = 64
_ABSURD = 1 << 40
# Above this a random part is read: a reader has to end, and nobody may choose who is left out, since a place
# among the raters costs little.
MAX_RATERS = 2_000


@dataclass(frozen=True, slots=True)
class ProvedOpinions:
    """kallnet.reputation.Opinions, proved at one block, as is the `count` of all: none can be withheld."""

    proved_at: Header
    count: int
    latest_ratings: dict[Address, LatestRating]
    weights: dict[Address, int]
    coins: int

    def raters(self) -> Sequence[Address]:
        return list(self.latest_ratings)

    def latest(self, client: Address) -> LatestRating:
        return self.latest_ratings[client]

    def weight(self, client: Address) -> int:
        return self.weights[client]

    def supply(self) -> int:
        return self.coins


def read_opinions(
    ledger: Ledger, service: Address, random: Random = SystemRandom()  # noqa: B008 - it has no state
) -> ProvedOpinions:
    """Raises LedgerError."""
    header = ledger.state.headers.newest()
    read = _Reader(ledger, header)
    rating, coin, escrow = ledger.deployment.rating, ledger.deployment.coin, ledger.deployment.escrow
    (count,) = read.words(rating, [slots.rater_count(service)])
    if count >= _ABSURD:
        raise LedgerInconsistent(f"a service has {count:#x} raters")
    listed = sorted(random.sample(range(count), min(count, MAX_RATERS)))
    places = read.words(rating, [slots.rater(service, index) for index in listed])
    raters = [address_in(word) for word in places]
    ratings = read.words(rating, [slots.latest_rating(service, client) for client in raters])
    balances = read.words(coin, [slots.supply(), *(slots.balance(client) for client in raters)])
    channels = read.words(escrow, [slots.channel(client, service) for client in raters])
    unspent = [_unspent(word) for word in channels]
    return ProvedOpinions(
        header,
        count,
        {client: LatestRating.from_slot(word) for client, word in zip(raters, ratings, strict=True)},
        {client: b + u for client, b, u in zip(raters, balances[1:], unspent, strict=True)},
        balances[0],
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    ledger: Ledger
    header: Header

    def words(self, contract: Address, wanted: list[bytes]) -> list[int]:
        found: list[int] = []
        for start in range(0, len(wanted), _BATCH):
            found += self.ledger.words(contract, wanted[start : start + _BATCH], self.header)
        return found


def _unspent(word: int) -> int:
    channel = Channel.from_slot(word)
    return max(0, channel.deposited - channel.claimed)
