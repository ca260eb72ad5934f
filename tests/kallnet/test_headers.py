"""Whose block counts: k of n endpoints, their age, and who is blamed."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from kallnet.endpoint import EndpointFailed
from kallnet.errors import LedgerDisputed, LedgerLied, LedgerStale, LedgerUnreachable
from kallnet.headers import HOUR, Finality, Headers
from tests.kallnet.fakes import NOW, ChainInMemory, FakeEndpoint, Forge, hash_of

CHAIN_ID = 31337


def at(height: int, name: str, **changed: Any) -> FakeEndpoint:
    """An endpoint that has blocks up to `height`; each block has its own time."""

    def forge(method: str, params: Sequence[Any], _: Any) -> Any:
        number = height if not params[0].startswith("0x") else int(params[0], 16)
        if number > height:
            return None
        block = ChainInMemory(height=number, time=NOW + number).block() | changed
        return {**block, "hash": hash_of(block)}

    return FakeEndpoint(ChainInMemory(), f"http://{name}", forge)


def forging(name: str, forge: Forge) -> FakeEndpoint:
    return FakeEndpoint(ChainInMemory(), f"http://{name}", forge)


def away(name: str) -> FakeEndpoint:
    endpoint = at(100, name)
    endpoint.away = True
    return endpoint


class World:
    def __init__(self, *endpoints: FakeEndpoint, agree: int, finality: Finality = "finalized") -> None:
        self.blamed: dict[str, str] = {}
        self.now = float(NOW)
        self.time = 0.0
        self.endpoints = endpoints
        self.headers = Headers(
            endpoints,
            CHAIN_ID,
            agree=agree,
            finality=finality,
            blame=lambda endpoint, words: self.blamed.update({endpoint.name: words}),
            clock=lambda: self.now,
            timer=lambda: self.time,
        )

    def asked(self) -> int:
        return sum(len(endpoint.asked) for endpoint in self.endpoints)


def test_endpoints_at_one_height_agree_in_one_round() -> None:
    world = World(at(100, "a"), at(100, "b"), agree=2)
    assert world.headers.newest().number == 100
    assert world.asked() == 2
    assert not world.blamed


def test_at_different_heights_the_highest_block_that_enough_have_counts() -> None:
    world = World(at(98, "a"), at(101, "b"), at(100, "c"), agree=2)
    assert world.headers.newest().number == 100
    assert not world.blamed


def test_all_must_agree_when_all_are_wanted() -> None:
    world = World(at(98, "a"), at(101, "b"), at(100, "c"), agree=3)
    assert world.headers.newest().number == 98


@pytest.mark.parametrize("old", [0, 5, 99])
def test_one_that_shows_an_old_block_brings_nobody_back(old: int) -> None:
    world = World(at(old, "liar"), at(100, "b"), at(100, "c"), agree=2)
    assert world.headers.newest().number == 100


def test_one_that_shows_a_block_of_the_future_is_not_believed() -> None:
    world = World(at(5_000, "liar"), at(100, "b"), at(100, "c"), agree=2)
    assert world.headers.newest().number == 100


def test_one_with_another_block_is_named() -> None:
    forged = at(100, "liar", stateRoot="0x" + "ab" * 32)
    world = World(forged, at(100, "b"), at(100, "c"), agree=2)
    world.headers.newest()
    # Two honest ones may have agreed before the third was heard.
    assert world.blamed in ({}, {"http://liar": "its block 100 is not that of the others"})
    world = World(forged, at(100, "b"), at(99, "c"), agree=2)
    assert world.headers.newest().number == 99


def test_one_with_an_invented_height_does_not_keep_the_others_from_agreeing() -> None:
    liar = at(100, "liar", stateRoot="0x" + "ab" * 32)
    world = World(liar, at(101, "b"), at(98, "c"), at(97, "d"), agree=3)
    assert world.headers.newest().number == 97


def test_two_that_differ_settle_nothing() -> None:
    world = World(at(100, "a"), at(100, "b", extraData="0xab"), agree=2)
    with pytest.raises(LedgerDisputed, match="2 of 2") as caught:
        world.headers.newest()
    assert set(caught.value.reports) == {"http://a", "http://b"}
    assert all(words.startswith("block 100 is 0x") for words in caught.value.reports.values())


def test_too_few_that_answer_settle_nothing() -> None:
    world = World(at(100, "a"), away("b"), away("c"), agree=2)
    with pytest.raises(LedgerDisputed, match=r"2 of 3 .*http://b: can't connect"):
        world.headers.newest()


def test_when_nobody_answers_the_ledger_is_away() -> None:
    world = World(away("a"), away("b"), agree=2)
    with pytest.raises(LedgerUnreachable, match=r"http://a: can't connect; http://b: can't connect"):
        world.headers.newest()


def test_a_block_whose_hash_is_not_its_own_is_a_lie() -> None:
    liar = forging("liar", lambda _m, _p, block: block | {"stateRoot": "0x" + "ab" * 32})
    world = World(liar, agree=1)
    with pytest.raises(LedgerLied, match=r"http://liar: its block's hash is not that of its fields"):
        world.headers.newest()
    assert "http://liar" in world.blamed


def test_another_block_than_the_one_asked_for_is_a_lie() -> None:
    def forge(_m: str, params: Sequence[Any], _: Any) -> Any:
        return ChainInMemory(height=101 if params[0] == "finalized" else 7, time=NOW).block()

    world = World(forging("liar", forge), at(100, "b"), at(100, "c"), agree=3)
    with pytest.raises(LedgerDisputed, match="it sent block 7 for block 100"):
        world.headers.newest()


def test_one_that_never_answers_keeps_nobody_waiting() -> None:
    never = threading.Event()

    def hang(*_: Any) -> Any:
        never.wait()
        raise EndpointFailed("too late")

    world = World(forging("slow", hang), at(100, "b"), at(100, "c"), agree=2)
    assert world.headers.newest().number == 100
    never.set()


def test_an_endpoint_that_lacks_a_block_is_behind_and_no_liar() -> None:
    world = World(forging("behind", lambda *_: None), at(100, "b"), at(100, "c"), agree=3)
    with pytest.raises(LedgerDisputed, match="it has no such block"):
        world.headers.newest()
    assert world.blamed == {}


def test_the_newest_blocks_of_honest_endpoints_may_differ() -> None:
    world = World(at(100, "a", extraData="0x01"), at(100, "b"), at(99, "c"), agree=2, finality="latest")
    world.headers.newest()
    assert world.blamed == {}


def test_an_endpoint_that_hangs_costs_few_threads() -> None:
    never = threading.Event()

    def hang(*_: Any) -> Any:
        never.wait()
        raise EndpointFailed("too late")

    world = World(forging("slow", hang), at(100, "b"), at(100, "c"), agree=2, finality="latest")
    before = threading.active_count()
    for _ in range(50):
        world.headers.newest()
    assert threading.active_count() - before <= 6
    never.set()


def test_a_header_serves_for_two_seconds() -> None:
    world = World(at(100, "a"), agree=1)
    world.headers.newest()
    world.time = 1.9
    world.headers.newest()
    assert world.asked() == 1
    world.time = 2.0
    world.headers.newest()
    assert world.asked() == 2


def test_who_wants_the_latest_block_gets_it_each_time() -> None:
    world = World(at(100, "a"), agree=1, finality="latest")
    world.headers.newest()
    world.headers.newest()
    assert world.asked() == 2


def test_an_old_block_is_refused_with_the_names_of_who_showed_it() -> None:
    world = World(at(100, "a"), agree=1)
    world.now = NOW + 100 + HOUR
    assert world.headers.newest().number == 100
    world.now += 1
    with pytest.raises(LedgerStale, match=r"newest block of http://a is 100, 60 minutes old: they lag or"):
        world.headers.newest()


def test_a_clock_that_is_behind_refuses_nothing() -> None:
    world = World(at(100, "a"), agree=1)
    world.now = 0.0
    assert world.headers.newest().number == 100


def test_a_final_block_is_not_taken_back() -> None:
    newer = World(at(200, "a"), agree=1).headers.newest()
    world = World(at(100, "a"), agree=1)
    world.headers.expect(newer)
    assert world.headers.newest() == newer
    world = World(at(300, "a"), agree=1)
    world.headers.expect(newer)
    assert world.headers.newest().number == 300


def test_the_latest_block_may_be_reorganised_away() -> None:
    newer = World(at(200, "a"), agree=1).headers.newest()
    world = World(at(199, "a"), agree=1, finality="latest")
    world.headers.expect(newer)
    assert world.headers.newest().number == 199


def test_only_endpoints_of_the_right_chain_are_asked() -> None:
    world = World(at(100, "a"), agree=1)
    world.headers.newest()
    assert world.endpoints[0].chain_ids == {CHAIN_ID}


@pytest.mark.parametrize("agree", [0, 3])
def test_more_than_there_are_can_t_agree(agree: int) -> None:
    with pytest.raises(ValueError, match=f"{agree} of 2"):
        World(at(1, "a"), at(1, "b"), agree=agree)
