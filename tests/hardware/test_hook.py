from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from gpiozero.pins.mock import MockFactory
from hypothesis import given, settings
from hypothesis import strategies as st

from kallphone.hardware.cradle import BOUNCE_S, LIFT_SETTLES_S
from kallphone.hardware.hook import REREAD_S, HookSwitch
from kallphone.hardware.pins import HookPins
from kallphone.hardware.simulated import SimulatedHook
from kallphone.phone.events import Event, HookFlashed, OffHook, OnHook

SHORTEST_FLASH_S, LONGEST_FLASH_S = HookPins(26, lifted_closed=True).flash_s
CALM_S = BOUNCE_S * 1.01


@dataclass
class Phone:
    """A hook switch whose time passes by hand."""

    hand: SimulatedHook
    switch: HookSwitch
    now: list[float]
    posted: list[Event]
    learned: list[bool] = field(default_factory=list)

    def passes(self, seconds: float) -> None:
        self.now[0] += seconds
        self.switch.step()

    def pressed_for(self, seconds: float) -> None:
        self.hand.lower()
        self.passes(seconds)
        self.hand.lift()
        self.switch.step()

    def is_lifted(self) -> None:
        self.hand.lift()
        self.passes(CALM_S)
        self.posted.clear()


def made_phone(
    factory: MockFactory,
    *,
    lifted_closed: bool,
    learn: bool = False,
    known: bool | None = None,
    lifted: bool = False,
) -> Phone:
    now, posted, learned = [100.0], [], []
    hand = SimulatedHook(HookPins(26, lifted_closed), factory)
    if lifted:
        hand.lift()
    pins = HookPins(26, None if learn else lifted_closed)
    switch = HookSwitch(pins, posted.append, factory, lambda: now[0], known=known, remember=learned.append)
    return Phone(hand, switch, now, posted, learned)


@pytest.fixture(params=[True, False], ids=["lifted-closed", "lifted-open"])
def phone(request: pytest.FixtureRequest, factory: MockFactory) -> Iterator[Phone]:
    made = made_phone(factory, lifted_closed=request.param)
    yield made
    made.switch.stop()


def test_a_resting_handset_says_nothing(phone: Phone):
    phone.passes(10)
    assert phone.posted == []


def test_a_lift_is_told_once_it_has_settled(phone: Phone):
    phone.hand.lift()
    phone.passes(LIFT_SETTLES_S * 0.9)
    assert phone.posted == []
    phone.passes(LIFT_SETTLES_S * 0.2)
    assert phone.posted == [OffHook()]
    phone.passes(10)
    assert phone.posted == [OffHook()]


def test_a_lift_that_bounces_is_one_lift(phone: Phone):
    for _ in range(12):
        phone.hand.lift()
        phone.passes(LIFT_SETTLES_S * 0.4)
        phone.hand.lower()
        phone.passes(LIFT_SETTLES_S * 0.4)
    assert phone.posted == []
    phone.hand.lift()
    phone.passes(1)
    assert phone.posted == [OffHook()]


def test_what_bounces_long_behind_a_lift_neither_hangs_up_nor_flashes(phone: Phone):
    phone.hand.lift()
    phone.passes(LIFT_SETTLES_S)
    phone.passes(0.05)
    phone.pressed_for(0.2)
    phone.passes(10)
    assert phone.posted == [OffHook()]


def test_a_jolt_while_talking_neither_hangs_up_nor_flashes(phone: Phone):
    phone.is_lifted()
    for _ in range(5):
        phone.pressed_for(SHORTEST_FLASH_S * 0.9)
        phone.passes(0.01)
    phone.passes(10)
    assert phone.posted == []


@pytest.mark.parametrize("seconds", [SHORTEST_FLASH_S * 1.01, 0.12, 0.3, LONGEST_FLASH_S * 0.99])
def test_a_steady_press_is_a_flash(phone: Phone, seconds: float):
    phone.is_lifted()
    phone.pressed_for(seconds)
    phone.passes(BOUNCE_S)
    assert phone.posted == [HookFlashed()]
    phone.pressed_for(seconds)
    phone.passes(10)
    assert phone.posted == [HookFlashed(), HookFlashed()]


def test_a_press_that_outlasts_a_flash_hangs_up(phone: Phone):
    phone.is_lifted()
    phone.pressed_for(LONGEST_FLASH_S * 1.01)
    phone.passes(10)
    assert phone.posted == [OnHook(), OffHook()]


def test_a_flash_that_was_over_before_anybody_looked_is_told_by_its_edges(phone: Phone):
    phone.is_lifted()
    phone.hand.lower()
    phone.now[0] += 0.2
    phone.hand.lift()
    phone.passes(10)
    assert phone.posted == [HookFlashed()]


def test_a_hang_up_that_was_over_before_anybody_looked_is_not_lost(phone: Phone):
    phone.is_lifted()
    phone.hand.lower()
    phone.now[0] += 2
    phone.hand.lift()
    phone.passes(10)
    assert phone.posted == [OnHook(), OffHook()]


def test_a_hang_up_that_bounces_is_one_hang_up_and_no_flash(phone: Phone):
    phone.is_lifted()
    phone.pressed_for(0.1)
    phone.passes(0.09)
    phone.pressed_for(0.09)
    phone.passes(0.01)
    phone.hand.lower()
    phone.passes(LONGEST_FLASH_S * 1.01)
    phone.passes(10)
    assert phone.posted == [OnHook()]


def test_step_says_when_to_look_again(phone: Phone):
    assert phone.switch.step() == REREAD_S
    phone.hand.lift()
    phone.now[0] += 0.01
    assert phone.switch.step() == pytest.approx(LIFT_SETTLES_S - 0.01)
    phone.passes(CALM_S)
    phone.hand.lower()
    assert phone.switch.step() == pytest.approx(LONGEST_FLASH_S)


@pytest.mark.parametrize("lifted_closed", [True, False])
def test_a_handset_that_is_off_at_power_on_is_told(factory: MockFactory, *, lifted_closed: bool):
    phone = made_phone(factory, lifted_closed=lifted_closed, lifted=True)
    phone.switch.step()
    phone.passes(LIFT_SETTLES_S * 1.1)
    assert phone.posted == [OffHook()]
    phone.switch.stop()


MOVES = st.lists(st.tuples(st.booleans(), st.floats(0, 1.2), st.booleans()), max_size=60)


@settings(deadline=None)
@given(moves=MOVES, lifted_at_last=st.booleans())
def test_however_the_hook_is_flipped_its_last_place_is_told(
    moves: list[tuple[bool, float, bool]], *, lifted_at_last: bool
):
    factory = MockFactory()
    phone = made_phone(factory, lifted_closed=True)
    for lift, seconds, looked_at in [*moves, (lifted_at_last, 0.0, True)]:
        (phone.hand.lift if lift else phone.hand.lower)()
        phone.now[0] += seconds
        if looked_at:
            phone.switch.step()
    phone.passes(10)
    told = [event for event in phone.posted if not isinstance(event, HookFlashed)]
    assert told == [OffHook(), OnHook()] * (len(told) // 2) + [OffHook()] * (len(told) % 2)
    assert len(told) % 2 == lifted_at_last
    for before, event in zip(phone.posted, phone.posted[1:], strict=False):
        assert not isinstance(event, HookFlashed) or before != OnHook()
    phone.switch.stop()
    factory.close()


BOUNCES = st.lists(st.floats(0.0005, 0.1), max_size=24)


@settings(deadline=None)
@given(lift=BOUNCES, lowering=BOUNCES)
def test_bounce_of_up_to_three_tenths_is_never_a_flash_nor_a_second_hang_up(
    lift: list[float], lowering: list[float]
):
    factory = MockFactory()
    phone = made_phone(factory, lifted_closed=False)
    for moves, lifted_at_last in ((lift, True), (lowering, False)):
        lifted, left = lifted_at_last, BOUNCE_S * 0.99
        for seconds in moves:
            (phone.hand.lift if lifted else phone.hand.lower)()
            phone.passes(min(seconds, left))
            lifted, left = not lifted, left - min(seconds, left)
        (phone.hand.lift if lifted_at_last else phone.hand.lower)()
        phone.passes(5)
    assert phone.posted == [OffHook(), OnHook()]
    phone.switch.stop()
    factory.close()


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
