from __future__ import annotations

from collections.abc import Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from kallphone.hardware.cradle import LIFT_SETTLES_S
from kallphone.hardware.polarity import CONFIRMED_AFTER_S, REST_SETTLES_S
from kallphone.phone.events import OffHook, OnHook
from tests.hardware.test_hook import LONGEST_FLASH_S, Phone, made_phone


@pytest.fixture(params=[True, False], ids=["lifted-closed", "lifted-open"])
def learner(request: pytest.FixtureRequest, factory: MockFactory) -> Iterator[Phone]:
    made = made_phone(factory, lifted_closed=request.param, learn=True)
    yield made
    made.switch.stop()


def test_what_the_contact_is_at_first_is_on_hook(learner: Phone):
    learner.passes(REST_SETTLES_S)
    learner.hand.lift()
    learner.passes(LIFT_SETTLES_S)
    assert learner.posted == [OffHook()]
    learner.hand.lower()
    learner.passes(LONGEST_FLASH_S)
    assert learner.posted == [OffHook(), OnHook()]
    assert learner.learned == []


def test_the_polarity_is_remembered_when_the_handset_has_rested_for_long(learner: Phone):
    learner.passes(REST_SETTLES_S)
    learner.hand.lift()
    learner.passes(3600)
    learner.hand.lower()
    learner.passes(CONFIRMED_AFTER_S)
    assert learner.learned == [learner.switch._polarity.lifted_closed]
    learner.hand.lift()
    learner.passes(1)
    learner.passes(2 * CONFIRMED_AFTER_S)
    assert learner.posted == [OffHook(), OnHook(), OffHook()]
    assert len(learner.learned) == 1


@pytest.mark.parametrize("lifted_closed", [True, False])
def test_a_handset_lifted_at_the_very_first_start_is_understood_after_its_first_night(
    factory: MockFactory, *, lifted_closed: bool
):
    phone = made_phone(factory, lifted_closed=lifted_closed, learn=True, lifted=True)
    phone.passes(REST_SETTLES_S)
    phone.hand.lower()
    phone.passes(1)
    assert phone.posted == [OffHook()]
    phone.passes(CONFIRMED_AFTER_S)
    phone.passes(1)
    assert phone.posted == [OffHook(), OnHook()]
    assert phone.learned == [lifted_closed]
    phone.hand.lift()
    phone.passes(1)
    assert phone.posted[2:] == [OffHook()]
    phone.switch.stop()


@pytest.mark.parametrize("lifted_closed", [True, False])
def test_a_polarity_known_from_before_counts_at_once(factory: MockFactory, *, lifted_closed: bool):
    phone = made_phone(factory, lifted_closed=lifted_closed, learn=True, known=lifted_closed, lifted=True)
    phone.switch.step()
    phone.passes(LIFT_SETTLES_S)
    phone.passes(2 * CONFIRMED_AFTER_S)
    assert phone.posted == [OffHook()]
    assert phone.learned == []
    phone.switch.stop()


def test_a_contact_that_chatters_at_power_on_teaches_nothing_yet(learner: Phone):
    for _ in range(20):
        learner.pressed_for(REST_SETTLES_S * 0.4)
        learner.passes(REST_SETTLES_S * 0.4)
    assert learner.switch._polarity.lifted_closed is None
    assert learner.posted == []
