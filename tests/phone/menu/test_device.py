"""What the menu asks of the box, who may ask, and what it says of the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kallphone.phone import menu
from kallphone.phone.commands import AskDevice
from kallphone.phone.device import DeviceAction
from kallphone.phone.events import DeviceAnswered
from tests.phone.menu.hand import Hand, furnished

KEYS = {
    "981": DeviceAction.SELF_TEST,
    "982": DeviceAction.SETUP,
    "983": DeviceAction.UPDATE,
    "984": DeviceAction.EXPORT,
    "986": DeviceAction.ERASE,
}
PIN_PAGE = "pin"


def protected() -> Hand:
    phone = furnished()
    return Hand(replace(phone, settings=replace(phone.settings, has_pin=True)))


@pytest.mark.parametrize(("keys", "action"), KEYS.items())
def test_nothing_is_asked_before_it_was_read(keys: str, action: DeviceAction) -> None:
    hand = Hand().open(keys)
    assert hand.commands == []
    assert hand.press("#").commands == [AskDevice(action)]
    assert hand.page == "device asked"


@pytest.mark.parametrize("keys", KEYS)
def test_on_a_bench_nothing_is_asked(keys: str) -> None:
    hand = Hand(replace(furnished(), device=None)).open(keys)
    assert hand.page == "no device"
    assert hand.press("#").commands == []


@pytest.mark.parametrize("keys", KEYS)
def test_only_the_owner_may_ask(keys: str) -> None:
    hand = protected().open(keys)
    assert hand.page == PIN_PAGE
    hand.press("#").pin_checked(ok=False)
    assert hand.page == PIN_PAGE
    hand.pin_checked(ok=True)
    assert hand.page not in (PIN_PAGE, "device asked")
    assert [command for command in hand.commands if isinstance(command, AskDevice)] == []


def test_anybody_may_read_what_it_is() -> None:
    hand = protected().open("985")
    assert hand.page == "about"
    assert "100000003d1d1c5a" in hand.text


def test_the_page_says_what_came_of_it() -> None:
    hand = Hand().open("984#")
    assert "Saving" in hand.text
    answered(hand, DeviceAction.EXPORT, "Saved on the USB stick. It can be pulled out.")
    assert "pulled out" in " ".join(hand.text.split())
    assert hand.press("#").page == "device"


def test_an_answer_to_another_question_changes_nothing() -> None:
    hand = Hand().open("983#")
    before = hand.phone
    answered(hand, DeviceAction.EXPORT, "Saved on the USB stick. It can be pulled out.")
    assert hand.phone == before
    hand.hold("*")
    answered(hand, DeviceAction.UPDATE, "x")
    assert hand.page == ""


def answered(hand: Hand, action: DeviceAction, words: str) -> None:
    hand.phone, commands = menu.event(hand.phone, DeviceAnswered(action, words), hand.now)
    assert commands == ()
