from __future__ import annotations

from dataclasses import replace

import pytest

from kallphone.phone.commands import CheckPin, SaveSettings, SetPin
from kallphone.phone.menu.tree import PAGES
from kallphone.phone.settings import Settings
from kallphone.phone.states import Lock, Phone
from tests.phone.menu.hand import Hand, furnished
from tests.phone.menu.paths import PATHS

OWNERS = sorted(name for name, spec in PAGES.items() if spec.needs_pin(Phone()) and name in PATHS)


def with_pin() -> Hand:
    return Hand(furnished(Settings(has_pin=True)))


def locked(until: float = 0.0) -> Hand:
    return Hand(replace(furnished(), lock=Lock(locked=True, until=until))).open()


def test_a_locked_phone_shows_nothing_but_the_pin_page() -> None:
    hand = locked()
    assert hand.page == "locked"
    assert hand.press("12").page == "locked"
    assert "**_" in hand.text
    assert "12" not in hand.text


def test_the_right_pin_unlocks() -> None:
    hand = locked().press("1234#")
    assert hand.last == CheckPin("1234")
    assert hand.phone.lock.checking
    assert "One moment" in hand.text
    assert hand.pin_checked(ok=True).phone.pages == ()


def test_a_wrong_pin_waits_ever_longer_and_counts_down() -> None:
    hand = locked().press("9999#").pin_checked(ok=False, wait_s=4)
    assert "Wrong PIN" in hand.text
    assert "Wait 4 s" in hand.text
    assert "Wait 2 s" in hand.wait(2).text
    assert hand.press("5", after=0.1).typed == ""
    assert "Enter the PIN" in hand.wait(2).text
    assert hand.press("5").typed == "5"


def test_a_page_that_opens_during_the_wait_counts_too() -> None:
    hand = locked(until=1010.5)
    assert "Wait 11 s" in hand.text
    assert "Wait 10 s" in hand.wait(1).text


def test_a_short_pin_is_not_looked_at() -> None:
    hand = locked().press("123#")
    assert hand.commands == []
    assert "Four digits" in hand.text


@pytest.mark.parametrize("name", OWNERS)
def test_the_owners_pages_are_behind_the_pin(name: str) -> None:
    hand = with_pin().open()
    for key in PATHS[name]:
        hand.press(key)
        if hand.page == "pin":
            break
    assert hand.page == "pin"
    hand.press("1234#")
    assert hand.last == CheckPin("1234")
    assert hand.pin_checked(ok=True).page in PAGES
    assert hand.page != "pin"


def test_the_pin_is_asked_once_on_the_way_in() -> None:
    hand = with_pin().open("61234#").pin_checked(ok=True)
    assert hand.page == "rules"
    assert hand.press("2").page == "forward always"
    assert hand.press("*").page == "rules"
    assert hand.press("**").page == ""


def test_a_wrong_pin_opens_nothing() -> None:
    hand = with_pin().open("69999#").pin_checked(ok=False, wait_s=1)
    assert hand.page == "pin"
    assert hand.wait(1.5).press("*").page == "main"


def test_an_answer_that_comes_after_the_page_was_left_opens_nothing() -> None:
    hand = with_pin().open("61234#").press("*")
    assert hand.pin_checked(ok=True).page == "main"


def test_setting_a_pin_needs_it_twice() -> None:
    hand = Hand().open("9415555#5556#")
    assert "They differ" in hand.text
    assert hand.page == "new pin"
    hand.press("5555#5555#")
    assert hand.page == "pin set"
    assert hand.commands == [SetPin("5555"), SaveSettings(hand.phone.settings)]
    assert hand.phone.settings.has_pin


def test_changing_and_removing_need_the_old_one() -> None:
    hand = with_pin().open("94")
    assert hand.page == "pin"
    hand.press("1234#").pin_checked(ok=True)
    assert hand.page == "pin settings"
    assert hand.press("1").page == "new pin"
    hand.press("*2")
    assert hand.commands[-2:] == [SetPin(""), SaveSettings(hand.phone.settings)]
    assert not hand.phone.settings.has_pin


def test_locking_now_needs_a_pin_to_unlock_with() -> None:
    assert Hand().open("95").page == "new pin"
    hand = with_pin().open("95")
    assert (hand.phone.lock.locked, hand.page) == (True, "")
    assert hand.open().page == "locked"


def test_no_pin_is_in_a_repr() -> None:
    hand = Hand().open("9417493#")
    told = repr(hand.phone)
    hand.press("7493")
    told += repr(hand.phone)
    hand.press("#")
    told += repr(hand.phone) + repr(hand.commands)
    assert "7493" not in told


def test_the_pin_page_closes_by_itself() -> None:
    assert locked().press("12").wait(61).page == ""
