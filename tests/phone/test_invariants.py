"""What holds whatever owner, hand, network and far ends do."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from kallphone.phone.commands import EndPayment, LogCall, SignVoucher
from kallphone.phone.events import OnHook
from kallphone.phone.machine import transition
from kallphone.phone.sound import sound_for
from kallphone.phone.states import Answering, Idle, InCall, Over, Phone, Reminding, Ringing
from kallphone.phone.talking import calls
from tests.phone.moods import Moody, known

STEPS = 600
SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_call_is_lost_and_none_is_ended_twice(seed: int) -> None:
    world = Moody(Random(seed))
    for _ in range(STEPS):
        event, before, _ = world.step()
        assert Counter(known(world.phone)) == Counter(world.legs), (event, before.mode, world.phone.mode)
        assert not world.wrong, (event, before.mode)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_call_that_is_over_is_in_the_log_once(seed: int) -> None:
    world = Moody(Random(seed))
    for _ in range(STEPS):
        world.step()
    logged = Counter(command.call for command in world.commands if isinstance(command, LogCall))
    assert world.begun - world.legs <= set(logged)
    assert set(logged.values()) <= {1}
    assert not world.legs & set(logged)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_phone_is_never_in_two_minds(seed: int) -> None:
    world = Moody(Random(seed))
    for _ in range(STEPS):
        event, before, _ = world.step()
        assert _contradictions(world.phone) == [], (event, before.mode)
        assert world.phone.on_hook == world.down, (event, before.mode, world.phone.mode)


def _contradictions(phone: Phone) -> list[str]:
    mode = phone.mode
    down = isinstance(mode, Idle | Ringing | Reminding)
    busy = bool(phone.aside or phone.waiting or phone.joined or phone.muted or phone.putting_through)
    found = {
        "busy with the handset down": down and busy,
        "hands-free without a call": phone.hands_free and not isinstance(mode, Answering | InCall),
        "hands-free with two calls": phone.hands_free and bool(phone.aside or phone.waiting),
        "a conference of one": phone.joined and not (isinstance(mode, InCall) and phone.aside),
        "three calls": len(calls(phone)) + isinstance(mode, Answering) > 2,
        "the same call twice": len({call.call for call in calls(phone)}) < len(calls(phone)),
        "puts nobody through": phone.putting_through and not phone.aside,
        "tries nobody again": isinstance(mode, Over) and mode.again and phone.retry is None,
        "a tone into no ear": phone.on_hook and sound_for(phone).tone is not None,
    }
    return [words for words, true in found.items() if true]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_signed_above_the_owners_limits(seed: int) -> None:
    world = Moody(Random(seed))
    for _ in range(STEPS):
        _, _, commands = world.step()
        signed = {command.call for command in commands if isinstance(command, SignVoucher)}
        if signed:
            limits, spent = world.phone.settings.limits, world.phone.spent
            assert not limits.per_day or spent.total <= limits.per_day
        for call in calls(world.phone):
            contact = world.phone.book.by_number(call.number)
            if call.call in signed:
                assert not limits.per_call or call.paid <= limits.per_call
                assert not contact or not contact.limit or spent.on(call.number) <= contact.limit


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lowered_handset_leaves_only_who_rings(seed: int) -> None:
    world = Moody(Random(seed))
    for _ in range(STEPS):
        world.step()
        phone, commands = transition(world.phone, OnHook(), world.now)
        assert _contradictions(phone) == []
        assert isinstance(phone.mode, Idle | Ringing | Reminding)
        ended = [command.call for command in commands if isinstance(command, EndPayment)]
        assert sorted(ended) == sorted(call.call for call in calls(world.phone))
