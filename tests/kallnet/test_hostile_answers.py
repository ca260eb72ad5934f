"""A liar that changes values and types anywhere in its JSON: the right answer, or an error of kallnet's."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from kallnet import slots
from kallnet.endpoint import Endpoint
from kallnet.entries import ClientEntry, Cost, ServiceEntry
from kallnet.errors import KallnetError
from kallnet.ledger import Head, Ledger
from kallnet.messages import CLIENT, SERVICE
from kallnet.number import number_for
from kallnet.opinions import read_opinions
from kallnet.votes import read_interest, read_specification, read_vote
from kallnet.world_state import WorldState
from tests.kallnet.fakes import NOW, ChainInMemory, Published, hash_of
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT

CASES = 6000
NUMBER = number_for(ALICE.address, 0)
RATING = 1 | 400 << 80 | 15 << 96 | 5 << 168

JUNK: list[Any] = [
    None, True, False, 0, -1, 2**64, 10**400, 1.5, float("nan"), float("-inf"), "", "0x", "0x0", "-0x1",
    "0x" + "f" * 64, "0x" + "f" * 5000, "0xzz", "\ud800", "\0", "1_0", " 0x1 ", [], {}, [[]], [{}], {"a": 1},
    ["0x"], [None], {"code": 1}, {"code": -32005, "message": "\ud800"}, {"code": True, "message": [[]]},
    "latest", "0x80", "0xc0", "0xf8", "0xbf" + "ff" * 8, "0x" + "c1" * 40, hex(2**63), hex(2**255),
]  # fmt: skip

QUESTIONS: dict[str, Callable[[Ledger], Any]] = {
    "number": lambda ledger: ledger.resolve(NUMBER),
    "client": lambda ledger: ledger.client_entry(ALICE.address),
    "service": lambda ledger: ledger.service_entry(BOB.address),
    "absence": lambda ledger: ledger.client_entry(CAROL.address),
    "channel": lambda ledger: ledger.channel(ALICE.address, BOB.address),
    "balance": lambda ledger: ledger.coin_balance(ALICE.address),
    "opinions": lambda ledger: read_opinions(ledger, BOB.address).latest_ratings,
    "specification": read_specification,
    "vote": lambda ledger: read_vote(ledger, 1),
    "interest": lambda ledger: read_interest(ledger, 1, ALICE.address),
}


def populated() -> ChainInMemory:
    rating, spec, coin = DEPLOYMENT.rating, DEPLOYMENT.spec, DEPLOYMENT.coin
    client = ClientEntry(ALICE.public_key, (1,), contact="desk").encode()
    service = ServiceEntry(BOB.public_key, (1,), "proxy", (Cost(5, 1, 100),)).encode()
    return ChainInMemory(
        published={
            (CLIENT, ALICE.address): Published(client, Head(NUMBER, NOW + 999, 7, 1)),
            (SERVICE, BOB.address): Published(service),
        },
        numbers={NUMBER: ALICE.address},
        words={
            (coin, slots.balance(ALICE.address)): 13,
            (coin, slots.supply()): 10**15,
            (DEPLOYMENT.escrow, slots.channel(ALICE.address, BOB.address)): 77,
            (rating, slots.rater_count(BOB.address)): 1,
            (rating, slots.rater(BOB.address, 0)): int.from_bytes(ALICE.address, "big"),
            (rating, slots.latest_rating(BOB.address, ALICE.address)): RATING,
            (spec, slots.spec_state()): 1,
            (spec, slots.specification(1)): 99,
        },
    )


class Told:
    """The chain's answers, each made once."""

    def __init__(self) -> None:
        self._chain = populated()
        self._known: dict[str, Any] = {}

    def __call__(self, method: str, params: Sequence[Any]) -> Any:
        if method == "eth_chainId":
            return hex(DEPLOYMENT.chain_id)
        question = json.dumps([method, params])
        if question not in self._known:
            self._known[question] = self._chain.answer(method, params)
        return copy.deepcopy(self._known[question])


class HostileEndpoint(Endpoint):
    """Without `rng` it is honest; with it, each answer is changed with a chance of `rate`.

    With `invents`, a changed header gets the hash that fits: what one endpoint alone can't be caught at.
    """

    def __init__(
        self,
        name: str,
        told: Told,
        rng: random.Random | None = None,
        rate: float = 0.0,
        *,
        invents: bool = True,
    ) -> None:
        super().__init__(f"http://{name}", 1.0)
        self._told = told
        self._rng = rng
        self._rate = rate
        self._invents = invents

    def _post(self, body: dict[str, Any]) -> bytes:
        result = self._told(body["method"], body["params"])
        answer = {"jsonrpc": "2.0", "id": body["id"], "result": result}
        if self._rng is not None and self._rng.random() < self._rate:
            return self._changed(self._rng, answer, body["method"])
        return json.dumps(answer).encode()

    def _changed(self, rng: random.Random, answer: Any, method: str) -> bytes:
        if rng.random() < 0.25:
            answer = changed(rng, answer)
        else:
            answer["result"] = changed(rng, answer["result"])
            if self._invents and method == "eth_getBlockByNumber" and rng.random() < 0.6:
                with suppress(Exception):  # what has no hash keeps the one it has
                    answer["result"]["hash"] = hash_of(answer["result"])
        data = json.dumps(answer).encode()
        return data[: rng.randrange(len(data))] if rng.random() < 0.05 else data


def changed(rng: random.Random, value: Any) -> Any:
    places = list(places_in(value))
    path = rng.choice(places)
    if not path:
        return another(rng, value)
    holder = value
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = another(rng, holder[path[-1]])
    return value


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places_in(part, (*path, key))


def another(rng: random.Random, old: Any) -> Any:
    match rng.randrange(7), old:
        case 0, str() if len(old) > 2:
            place = rng.randrange(len(old))
            return old[:place] + rng.choice("0123456789abcdefxg \0") + old[place + 1 :]
        case 1, str() if old:
            return old[: rng.randrange(len(old))]
        case 2, list() if old:
            return old[1:]
        case 3, list():
            return [*old, copy.deepcopy(rng.choice(JUNK))]
        case 4, dict() if old:
            gone = rng.choice(list(old))
            return {key: part for key, part in old.items() if key != gone}
        case 5, _:
            nested: Any = old
            for _ in range(rng.choice([1, 200, 900])):
                nested = [nested]
            return nested
    return copy.deepcopy(rng.choice(JUNK))


def outcome(ask: Callable[[], Any], truth: Any) -> str:
    try:
        answer = ask()
    except KallnetError as error:
        str(error).encode()  # can be shown
        return type(error).__name__
    assert answer == truth
    return "right"


def ledger_of(endpoints: Sequence[Endpoint]) -> Ledger:
    state = WorldState(endpoints, DEPLOYMENT.chain_id, finality="latest", clock=lambda: float(NOW))
    return Ledger(state, DEPLOYMENT)


@pytest.mark.parametrize("honest", [0, 1, 2])
def test_no_change_of_an_answer_gives_a_wrong_one_or_another_error(honest: int) -> None:
    told, rng = Told(), random.Random(4000 + honest)
    truth = {name: ask(ledger_of([HostileEndpoint("a", told)])) for name, ask in QUESTIONS.items()}
    outcomes: Counter[str] = Counter()
    for _ in range(CASES // 3):
        liar = HostileEndpoint("liar", told, rng, rng.choice([0.3, 0.6, 1.0]), invents=honest > 0)
        name = rng.choice(list(QUESTIONS))
        ledger = ledger_of([liar, *(HostileEndpoint(f"honest-{i}", told) for i in range(honest))])
        outcomes[outcome(lambda: QUESTIONS[name](ledger), truth[name])] += 1  # noqa: B023 - called here
    assert len(outcomes) > 1 or honest == 2
    if honest == 2:
        assert outcomes["right"] == CASES // 3  # two of three agree, and carry every answer
