"""A thousand keys and hook flips at random speed, on real drivers over simulated pins and the real engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import pytest
from gpiozero.pins.mock import MockFactory

from kallphone.hardware.hook import HookSwitch
from kallphone.hardware.keypad import SCAN_S, MatrixKeypad
from kallphone.hardware.pins import load_pins
from kallphone.hardware.simulated import SimulatedHook, SimulatedKeypad
from kallphone.phone.events import Event, OffHook, OnHook
from kallphone.phone.sound import sound_for
from kallphone.phone.states import Idle
from tests.journeys.exchange import Town, TownPhone

ACTIONS = 1000
SETTLED_S = 1.5
IDLE_S = 0.03


@dataclass
class Hands:
    """Moves contacts; the drivers are stepped by hand on the town's clock, so that no thread decides."""

    town: Town
    phone: TownPhone
    random: Random
    hook_says_lifted: bool = False
    lifted: bool = False
    scanning: bool = False

    def __post_init__(self) -> None:
        pins, factory = load_pins(), MockFactory()
        self.hand = SimulatedHook(pins.hook, factory)
        self.fingers = SimulatedKeypad(pins.keypad, factory)
        self.hook = HookSwitch(
            pins.hook, self.post, factory, clock=lambda: self.town.now, known=True
        )
        self.keypad = MatrixKeypad(pins.keypad, self.post, factory)
        self.factory = factory

    def post(self, event: Event) -> None:
        if isinstance(event, OffHook | OnHook):
            self.hook_says_lifted = isinstance(event, OffHook)
        self.town.do(self.phone, event)

    def act(self) -> None:
        if self.random.random() < 0.2:
            self.flip()
        else:
            self.tap(self.random.choice("0123456789*#"))
        self.pass_time(self.random.choice([0.0, 0.01, 0.05, 0.1, 0.3, 1.0]))

    def flip(self) -> None:
        """With the chatter of a real contact."""
        for _ in range(self.random.randrange(3)):
            self.move(lifted=not self.lifted)
            self.pass_time(0.01)
            self.move(lifted=not self.lifted)
        self.move(lifted=not self.lifted)

    def move(self, *, lifted: bool) -> None:
        self.lifted = lifted
        if lifted:
            self.hand.lift()
        else:
            self.hand.lower()

    def tap(self, key: str) -> None:
        self.fingers.press(key)
        self.scanning = True
        self.pass_time(self.random.choice([0.01, 0.05, 0.2, 1.0]))
        self.fingers.release(key)
        self.pass_time(0.05)

    def pass_time(self, seconds: float) -> None:
        until = self.town.now + seconds
        while self.town.now < until:
            self.town.wait(min(SCAN_S if self.scanning else IDLE_S, until - self.town.now))
            self.scanning = self.scanning and self.keypad.step()
            self.hook.step()
            self.check()

    def check(self) -> None:
        if not self.hook_says_lifted:
            assert sound_for(self.phone.phone).tone is None
        assert self.phone.phone.on_hook is not self.hook_says_lifted


@pytest.mark.parametrize("seed", range(10))
def test_random_hands_never_leave_the_phone_stuck(seed: int) -> None:
    town = Town()
    anna, bert = town.phone("Anna", "2345678901"), town.phone("Bert", "3456789012")
    hands = Hands(town, anna, Random(seed))
    for _ in range(ACTIONS):
        hands.act()
        if hands.random.random() < 0.02 and bert.phone.on_hook:
            bert.lift()
            bert.press(anna.number)
        elif hands.random.random() < 0.1 and not bert.phone.on_hook:
            bert.lower()
    bert.lower()
    if hands.lifted:
        hands.move(lifted=False)
    hands.pass_time(SETTLED_S)
    assert not hands.hook_says_lifted, "an on-hook was lost"
    assert isinstance(anna.phone.mode, Idle)
    assert not anna.phone.aside
    anna.engine.phone = replace(anna.phone, pages=(), mode=Idle())
    anna.lift()
    assert anna.tone == "DIAL"
    hands.factory.close()
