from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from gpiozero.pins.mock import MockFactory

from kallphone.hardware.hook import HANG_UP_SETTLES_S, LIFT_SETTLES_S, REREAD_S, HookSwitch
from kallphone.hardware.pins import HookPins
from kallphone.hardware.simulated import SimulatedHook
from kallphone.phone.events import Event, OffHook, OnHook


@dataclass
class Cradle:
    """A hook switch whose time passes by hand."""

    hand: SimulatedHook
    switch: HookSwitch
    posted: list[Event]
    now: list[float]

    def passes(self, seconds: float) -> None:
        self.now[0] += seconds
        self.switch.step()


def cradle(factory: MockFactory, *, lifted_closed: bool, lifted: bool = False) -> Cradle:
    pins, posted, now = HookPins(26, lifted_closed), [], [100.0]
    hand = SimulatedHook(pins, factory)
    if lifted:
        hand.lift()
    return Cradle(hand, HookSwitch(pins, posted.append, factory, lambda: now[0]), posted, now)


@pytest.fixture(params=[True, False], ids=["lifted-closed", "lifted-open"])
def phone(request: pytest.FixtureRequest, factory: MockFactory) -> Iterator[Cradle]:
    made = cradle(factory, lifted_closed=request.param)
    yield made
    made.switch.stop()


def test_a_resting_handset_says_nothing(phone: Cradle):
    phone.passes(10)
    assert phone.posted == []


def test_a_lift_is_told_once_it_has_settled(phone: Cradle):
    phone.hand.lift()
    phone.passes(LIFT_SETTLES_S * 0.9)
    assert phone.posted == []
    phone.passes(LIFT_SETTLES_S * 0.2)
    assert phone.posted == [OffHook()]
    phone.passes(10)
    assert phone.posted == [OffHook()]


def test_a_lift_that_bounces_is_one_lift(phone: Cradle):
    for _ in range(12):
        phone.hand.lift()
        phone.passes(LIFT_SETTLES_S * 0.4)
        phone.hand.lower()
        phone.passes(LIFT_SETTLES_S * 0.4)
    assert phone.posted == []
    phone.hand.lift()
    phone.passes(1)
    assert phone.posted == [OffHook()]


def test_a_short_closure_while_talking_does_not_hang_up(phone: Cradle):
    phone.hand.lift()
    phone.passes(1)
    for _ in range(5):
        phone.hand.lower()
        phone.passes(HANG_UP_SETTLES_S * 0.9)
        phone.hand.lift()
        phone.passes(HANG_UP_SETTLES_S * 0.9)
    assert phone.posted == [OffHook()]


def test_a_hang_up_that_bounces_is_one_hang_up(phone: Cradle):
    phone.hand.lift()
    phone.passes(1)
    for _ in range(10):
        phone.hand.lower()
        phone.passes(LIFT_SETTLES_S * 0.5)
        phone.hand.lift()
        phone.passes(LIFT_SETTLES_S * 0.5)
    phone.hand.lower()
    phone.passes(HANG_UP_SETTLES_S * 1.01)
    phone.passes(10)
    assert phone.posted == [OffHook(), OnHook()]


def test_step_says_when_to_look_again(phone: Cradle):
    assert phone.switch.step() == REREAD_S
    phone.hand.lift()
    phone.now[0] += 0.01
    assert phone.switch.step() == pytest.approx(LIFT_SETTLES_S - 0.01)


@pytest.mark.parametrize("lifted_closed", [True, False])
def test_a_handset_that_is_off_at_power_on_is_told(factory: MockFactory, *, lifted_closed: bool):
    phone = cradle(factory, lifted_closed=lifted_closed, lifted=True)
    phone.passes(LIFT_SETTLES_S * 1.1)
    assert phone.posted == [OffHook()]
    phone.switch.stop()


def test_the_thread_posts_and_stops(factory: MockFactory):
    lifted, lowered = threading.Event(), threading.Event()
    pins = HookPins(26, lifted_closed=True)
    hand = SimulatedHook(pins, factory)
    switch = HookSwitch(pins, lambda event: (lifted if event == OffHook() else lowered).set(), factory)
    switch.start()
    hand.lift()
    assert lifted.wait(30)
    hand.lower()
    assert lowered.wait(30)
    switch.stop()
    assert not any(thread.name == "hook" for thread in threading.enumerate())
