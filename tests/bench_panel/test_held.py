from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from kallphone.bench.held import HeldPhone, HeldPhoneError

ROOT = Path(__file__).resolve().parents[2]
TINY = Path(__file__).with_name("tiny_phone.py")


def held(argv: list[str] | None = None) -> HeldPhone:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "firmware")}
    return HeldPhone(argv or [sys.executable, str(TINY), "2345678901"], env, "Anna")


def with_phone(script: Callable[[HeldPhone], Awaitable[None]]) -> HeldPhone:
    async def run() -> HeldPhone:
        async with held() as phone:
            await phone.wait_for(lambda phone: "Ready" in phone.text, 30, "the idle screen")
            await script(phone)
            return phone

    return asyncio.run(run())


def test_hands_reach_the_phone_through_its_drivers_and_its_answers_come_back():
    async def script(phone: HeldPhone) -> None:
        await phone.lift()
        await phone.wait_for(lambda phone: phone.tone == "DIAL", 30, "the dial tone")
        await phone.press("0123456789")
        await phone.wait_for(lambda phone: "0123456789" in phone.text, 30, "all digits")
        await phone.lower()
        await phone.wait_for(lambda phone: "Ready" in phone.text, 30, "the idle screen")

    phone = with_phone(script)
    assert [event.name for event in phone.events if event.name != "Stopped"] == [
        "OffHook", *["KeyPressed"] * 10, "OnHook"
    ]
    assert [tone for _, tone in phone.tones][:2] == [None, "DIAL"]
    assert [hand for _, hand in phone.hands] == ["off", *"0123456789", "on"]
    dialling = next(screen for screen in phone.screens if screen.lines[-1] == "0")
    assert phone.hands[0][0] < phone.hands[1][0] < dialling.t
    assert phone.number == "2345678901"
    assert phone.exit_code == 0


def test_screens_come_in_order_with_their_look():
    async def script(phone: HeldPhone) -> None:
        await phone.lift()
        await phone.press("42")
        await phone.wait_for(lambda phone: phone.text.endswith("42"), 30, "both digits")

    phone = with_phone(script)
    bodies = [screen.lines[1:] for screen in phone.screens]
    assert bodies == [("Ready",), ("Dial", "Credit 5.00"), ("Dialling", "4"), ("Dialling", "42")]
    assert phone.screens[1].large == {1}
    assert phone.screens[1].inverse == {0}
    times = [screen.t for screen in phone.screens]
    assert times == sorted(times)


def test_ringer_lamps_and_event_fields_come_through_and_prints_do_not():
    async def script(phone: HeldPhone) -> None:
        lit = {"line": True, "message": False}
        await phone.wait_for(lambda phone: phone.lamps == lit, 30, "the line lamp alone")
        await phone.press("*#")
        event = await phone.wait_for_event("KeyPressed", 30, account="0102")
        assert event.fields == {"account": "0102", "name": "tiny", "screen": ["none"]}
        await phone.wait_for(lambda phone: phone.ringer and phone.lamps["message"], 30, "ringer and lamp")

    phone = with_phone(script)
    assert list(phone.stderr) == ["a print that is not for the panel"]


def test_nonsense_is_answered_and_harms_nothing():
    async def script(phone: HeldPhone) -> None:
        phone.send(press="X")
        phone.send(fly="away")
        await phone.press("5")

    phone = with_phone(script)
    assert [line.split(":")[1].strip() for line in phone.stderr] == [
        "no key 'X' on this keypad", 'say {"press"'
    ]
    assert phone.keys == "5"


def test_a_phone_without_holder_stops_and_leaves_nothing_behind():
    phone = with_phone(lambda phone: phone.press("1"))
    assert phone.exit_code == 0
    assert phone.events[-1].name == "Stopped"


def test_quit_stops_a_phone():
    async def script(phone: HeldPhone) -> None:
        phone.send(quit=True)
        assert await phone.wait() == 0

    with_phone(script)


def test_a_killed_phone_is_noticed_by_whoever_waits():
    async def script(phone: HeldPhone) -> None:
        phone.kill()
        with pytest.raises(HeldPhoneError, match=r"(?s)exit code -9.*before a miracle.*screen: .*Ready"):
            await phone.wait_for(lambda phone: False, 30, "a miracle")

    assert with_phone(script).exit_code == -9


def test_waiting_in_vain_says_what_was_seen_last():
    async def script(phone: HeldPhone) -> None:
        with pytest.raises(HeldPhoneError) as told:
            await phone.wait_for(lambda phone: False, 0, "a miracle")
        assert "Anna waited 0 s in vain for a miracle" in str(told.value)
        assert "screen: 234 567 8901 / Ready" in str(told.value)

    with_phone(script)


def test_a_program_that_is_no_phone_is_told_with_its_own_words():
    async def run() -> None:
        async with held([sys.executable, "-c", "import sys; sys.exit('no such account')"]) as phone:
            await phone.wait()
            with pytest.raises(HeldPhoneError, match="stderr: no such account"):
                await phone.lift()

    asyncio.run(run())
