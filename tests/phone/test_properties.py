from __future__ import annotations

from collections import Counter
from random import Random
from typing import get_args

import pytest

from kallphone.phone.commands import EndPayment, HangUp, RateService, SendRatings, SignVoucher
from kallphone.phone.events import OnHook
from kallphone.phone.machine import transition, wakeup_for
from kallphone.phone.meter import PERIOD_S, started_periods
from kallphone.phone.pictures import screen_for
from kallphone.phone.screens import COLUMNS, Size
from kallphone.phone.sound import SILENCE, ring_for, sound_for
from kallphone.phone.states import Idle, Mode, Reminding, Ringing
from kallphone.phone.talking import calls
from tests.phone.world import World, ended_payments, open_calls

STEPS = 600
SEEDS = range(40)


def _run(seed: int) -> World:
    world = World(Random(seed))
    for _ in range(STEPS):
        world.step()
    return world


def test_every_state_is_reached_and_a_call_often_enough(capsys: pytest.CaptureFixture[str]) -> None:
    visited: Counter[str] = Counter()
    for seed in SEEDS:
        visited += _run(seed).visited
    total = visited.total()
    with capsys.disabled():
        print("\nsteps in each state: " + ", ".join(f"{k} {v / total:.1%}" for k, v in visited.most_common()))
    assert set(visited) >= {mode.__name__ for mode in get_args(Mode)} - {"Listening"}
    assert visited["InCall"] / total >= 0.02
    for seldom in ("held", "joined", "waiting", "hands free", "put through"):
        assert visited[seldom] >= 20, seldom


@pytest.mark.parametrize("seed", SEEDS)
def test_on_hook_is_silent(seed: int) -> None:
    world = World(Random(seed))
    for _ in range(STEPS):
        world.step()
        phone = world.phone
        if isinstance(phone.mode, Idle | Ringing | Reminding):
            assert sound_for(phone) == SILENCE
        else:
            assert not ring_for(phone)
        if phone.on_hook:
            assert sound_for(phone).tone is None


@pytest.mark.parametrize("seed", SEEDS)
def test_vouchers_never_fall_nor_exceed_the_deposit(seed: int) -> None:
    world = World(Random(seed))
    highest = 0
    for _ in range(STEPS):
        _, _, commands = world.step()
        for command in commands:
            if isinstance(command, SignVoucher):
                assert command.cumulative > highest
                assert command.cumulative <= world.deposited
                highest = command.cumulative


@pytest.mark.parametrize("seed", SEEDS)
def test_a_call_never_costs_more_than_its_started_periods(seed: int) -> None:
    world = World(Random(seed))
    for _ in range(STEPS):
        world.step()
        for call in calls(world.phone):
            assert call.paid <= call.price * started_periods(world.now - call.since)
            assert call.periods * PERIOD_S < world.now - call.since + PERIOD_S + 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_every_ended_call_ends_its_payment_once(seed: int) -> None:
    world = World(Random(seed))
    talked: set[int] = set()
    over: set[int] = set()
    for _ in range(STEPS):
        _, before, commands = world.step()
        talked |= {command.call for command in commands if isinstance(command, SignVoucher)}
        for command in commands:
            if isinstance(command, EndPayment):
                over.add(command.call)
            if isinstance(command, SignVoucher):
                assert command.call not in over
        left = {call.call for call in calls(before)} - {call.call for call in calls(world.phone)}
        assert left == {command.call for command in commands if isinstance(command, EndPayment)}
    assert talked - {call.call for call in calls(world.phone)} <= over
    assert all(count == 1 for count in ended_payments(world.commands).values())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_service_is_rated_once_for_a_call_that_is_over(seed: int) -> None:
    world = World(Random(seed))
    over: set[int] = set()
    for _ in range(STEPS):
        _, before, commands = world.step()
        for command in commands:
            if isinstance(command, RateService):
                assert command.call in over
                over.remove(command.call)
                assert (before.mode, before.line) == (world.phone.mode, world.phone.line)
            if isinstance(command, SendRatings):
                assert isinstance(before.mode, Idle)
        over |= {command.call for command in commands if isinstance(command, EndPayment)}


def test_calls_are_rated_and_ratings_sent_often_enough() -> None:
    commands = [command for seed in SEEDS for command in _run(seed).commands]
    assert sum(isinstance(command, RateService) for command in commands) > 40
    assert any(isinstance(command, SendRatings) for command in commands)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lowered_handset_ends_everything(seed: int) -> None:
    world = World(Random(seed))
    for _ in range(STEPS):
        world.step()
        lowered, commands = transition(world.phone, OnHook(), world.now)
        assert lowered.on_hook
        assert not lowered.aside
        assert not lowered.waiting
        for call in open_calls(world.phone):
            assert HangUp(call) in commands


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_waits_for_ever_and_every_screen_fits(seed: int) -> None:
    world = World(Random(seed))
    for _ in range(STEPS):
        world.step()
        assert wakeup_for(world.phone) is not None
        if world.phone.pages:
            continue  # a page of the menu may be longer than the glass, see menu/glance.py
        lines = screen_for(world.phone).lines
        rows = sum(2 if line.size is Size.LARGE else 1 for line in lines)
        assert rows <= 8
        for line in lines:
            assert len(line.text) <= COLUMNS if line.size is Size.NORMAL else True
