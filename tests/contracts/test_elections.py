"""The contract's count against the reference, on a real node."""

import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import permutations

import pytest

from kallnet.abi import decode, encode_call
from tests.chain import LocalChain
from tests.contracts.conftest import CONTRACTS
from tests.contracts.stv import Vote, to_ranking, winner

pytestmark = pytest.mark.chain

HARNESS = "0x00000000000000000000000000000000005317e5"
ELECTIONS = 100  # of each shape
Shape = Callable[[random.Random, int], list[Vote]]


def elect(chain: LocalChain, ballots: list[Vote], options: int) -> int:
    artifact = json.loads((CONTRACTS / "out" / "StvHarness.sol" / "StvHarness.json").read_text())
    rankings = [to_ranking(preferences) for preferences, _ in ballots]
    powers = [power for _, power in ballots]
    data = encode_call("elect(uint256[],uint64[],uint256)", rankings, powers, options)
    call = {"to": HARNESS, "data": "0x" + data.hex()}
    override = {HARNESS: {"code": artifact["deployedBytecode"]["object"]}}
    answer = chain.rpc("eth_call", call, "latest", override)
    (elected,) = decode(["uint256"], bytes.fromhex(answer[2:]))
    return int(elected)


def preferences(rng: random.Random, options: int) -> list[int]:
    return rng.sample(range(1, options + 1), rng.randint(1, options))


def few_voters_of_any_weight(rng: random.Random, options: int) -> list[Vote]:
    voters = rng.randint(0, 9)
    return [(preferences(rng, options), rng.getrandbits(rng.randint(1, 60))) for _ in range(voters)]


def many_voters_of_like_weight(rng: random.Random, options: int) -> list[Vote]:
    return [(preferences(rng, options), rng.randint(900, 1100)) for _ in range(rng.randint(100, 300))]


def many_ties(rng: random.Random, options: int) -> list[Vote]:
    return [(preferences(rng, options), rng.randint(1, 2)) for _ in range(rng.randint(2, 12))]


def short_ballots(rng: random.Random, options: int) -> list[Vote]:
    """So that most go out with their first or second option."""
    return [(preferences(rng, options)[:2], rng.randint(1, 50)) for _ in range(rng.randint(5, 40))]


def whole_ballots_of_two_camps(rng: random.Random, options: int) -> list[Vote]:
    camp = rng.sample(range(1, options + 1), options)
    order = [camp, camp[::-1], rng.sample(camp, options)]
    return [(rng.choice(order), rng.randint(1, 5)) for _ in range(rng.randint(3, 30))]


def favourites(rng: random.Random, options: int) -> list[Vote]:
    """Power falls off as coins do: some hold most of it."""
    return [(preferences(rng, options), int(rng.paretovariate(0.8) * 10) % 2**50) for _ in range(50)]


@pytest.mark.parametrize(
    "shape",
    [
        few_voters_of_any_weight, many_voters_of_like_weight, many_ties, short_ballots,
        whole_ballots_of_two_camps, favourites,
    ],
)  # fmt: skip
def test_random_elections_equal_the_reference(chain: LocalChain, shape: Shape) -> None:
    winners: Counter[int] = Counter()
    for seed in range(ELECTIONS):
        rng = random.Random(f"{shape.__name__} {seed}")
        options = rng.randint(2, 5)
        ballots = shape(rng, options)
        expected = winner(ballots, options)
        assert elect(chain, ballots, options) == expected, (seed, options, ballots)
        winners[expected] += 1
    assert len(winners) >= 4, "the elections were too much alike to show anything"


def test_every_small_tie_equals_the_reference(chain: LocalChain) -> None:
    """Two ballots of one power each, of any two whole or partial rankings of three options."""
    rankings = [list(r) for length in (1, 2, 3) for r in permutations((1, 2, 3), length)]
    for one in rankings:
        for other in rankings:
            ballots: list[Vote] = [(one, 1), (other, 1)]
            assert elect(chain, ballots, 3) == winner(ballots, 3), ballots


def test_one_option_alone_wins(chain: LocalChain) -> None:
    assert elect(chain, [([1], 5)], 1) == winner([([1], 5)], 1) == 1
