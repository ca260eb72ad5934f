"""Whatever is pressed, in whatever order: nothing breaks, sticks or overflows."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kallphone.phone.settings import Limits, Settings
from tests.phone.menu.hand import WORDS, Hand, furnished
from tests.phone.menu.test_pages import assert_fits, longer

KEYS = "0123456789*#ABCD"
KEYS_A_RUN = 4000


def strolling(seed: int, *, large: bool, pin: bool, language: str) -> None:
    random = Random(seed)
    limits = Limits(contacts_only=pin and seed > 2)
    choices = Settings(large_text=large, has_pin=pin, language=language, limits=limits)
    hand = Hand(furnished(choices))
    hand.open()
    for _ in range(KEYS_A_RUN):
        if not hand.phone.pages:
            hand.open()
        _step(hand, random)
        if hand.phone.pages:
            assert_fits(hand.screen(longer if seed % 2 else str))
        else:
            assert hand.phone.backup == ()


def _step(hand: Hand, random: Random) -> None:
    chance = random.random()
    if chance < 0.06:
        hand.hold(random.choice("0123456789#"))
    elif chance < 0.09:
        hand.wait(random.choice([1.3, 5.0, 61.0]))
    elif hand.page in ("pin", "locked") and chance < 0.4:
        hand.pin_checked(ok=random.random() < 0.7, wait_s=random.choice([0, 2]))
    elif hand.page == "backup words" and chance < 0.5:
        hand.words_read(random.choice([WORDS, ()]))
    elif hand.page == "backup check" and chance < 0.5:
        hand.type(hand.asked_word()[:5])
    elif chance < 0.095:
        hand.phone = replace(hand.phone, lock=replace(hand.phone.lock, locked=False))
    else:
        hand.press(random.choice(KEYS), after=random.choice([0.1, 2.0]))


@pytest.mark.parametrize("seed", range(6))
def test_thousands_of_keys_break_nothing(seed: int) -> None:
    strolling(seed, large=seed % 3 == 0, pin=seed % 2 == 0, language=("en", "de", "es")[seed % 3])


@settings(deadline=None, max_examples=150)
@given(st.text(KEYS, max_size=60), st.booleans())
def test_a_long_star_leaves_from_wherever_keys_lead(keys: str, large: bool) -> None:
    hand = Hand(furnished(Settings(large_text=large))).open()
    hand.press(keys, after=0.7)
    if hand.phone.pages:
        assert_fits(hand.screen())
        hand.hold("*")
    assert hand.phone.pages == ()


@settings(deadline=None, max_examples=150)
@given(st.text(KEYS, max_size=60))
def test_the_menu_closes_or_waits_for_a_text(keys: str) -> None:
    hand = Hand().open().press(keys, after=0.7).wait(2000)
    kept = hand.page == "backup words" or any(len(page.text) > 3 for page in hand.phone.pages)
    assert kept or not hand.phone.pages
