"""The whole doctor in a process of its own, held by its panel: real drivers on simulated pins."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path

from kallphone.bench.held import HeldPhone

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = "Layout(Path({0!r}), Path({0!r}), Path({0!r}), Path({0!r}))"
RUN = (
    "from pathlib import Path; from kallphone.device.layout import Layout;"
    "from kallphone.doctor.app import run_doctor_on_glass;"
    "run_doctor_on_glass(" + LAYOUT + ", panel=True, pins=None)"
)
LONG = 60.0


def configured(folder: Path, device: str) -> None:
    state = folder / "phone"
    state.mkdir()
    text = (files("kallphone") / "example.toml").read_text()
    for old, new in (("8545", "1"), ("8443", "1"), ('device = "null"', f'device = "{device}"')):
        assert old in text
        text = text.replace(old, new)
    (state / "kallphone.toml").write_text(text)


def held(folder: Path, script: Callable[[HeldPhone], Awaitable[None]]) -> HeldPhone:
    async def run() -> HeldPhone:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "firmware")}
        async with HeldPhone([sys.executable, "-c", RUN.format(str(folder))], env, "Phone") as phone:
            await script(phone)
        return phone

    return asyncio.run(run())


async def shows(phone: HeldPhone, words: str) -> None:
    await phone.wait_for(lambda phone: words in " ".join(phone.text.split()), LONG, f"the words {words!r}")


async def answer(phone: HeldPhone, question: str, key: str) -> None:
    await shows(phone, question)
    await phone.press(key)


def test_a_person_takes_the_phone_through_its_self_test(tmp_path: Path) -> None:
    configured(tmp_path, "default")

    async def person(phone: HeldPhone) -> None:
        await shows(phone, "Press each key")
        await phone.press("123456789*0#")
        await shows(phone, "Lift the handset")
        await phone.lift()
        await shows(phone, "Lay the handset down")
        await phone.lower()
        await phone.wait_for(lambda phone: phone.screen.lines[0].startswith("█"), LONG, "the bright display")
        await answer(phone, "Without holes?", "#")
        await shows(phone, "One lamp burns")
        assert phone.lights == {"line": "on", "message": "blinking"}
        await phone.press("#")
        await phone.wait_for(lambda phone: phone.ringer, LONG, "the bell")
        await answer(phone, "Did you hear it?", "*")
        await shows(phone, "hold a hand over both")
        await phone.lift()
        await shows(phone, "* end")
        await phone.press("1")
        await shows(phone, "The bell is silent.")
        await phone.press("*")
        await shows(phone, "bad")
        await phone.press("*")
        assert await phone.wait() == 0

    phone = held(tmp_path, person)
    (examined,) = [event for event in phone.events if event.name == "Examined"]
    found = {each["check"]: each for each in examined.fields["findings"]}
    for check in ("keypad", "hook", "display", "lamps", "handset"):
        assert found[check]["verdict"] == "good", found[check]
    assert found["bell"]["verdict"] == "bad"
    assert found["provider"]["verdict"] == "bad"
    assert not phone.ringer
    assert phone.lights == {"line": "off", "message": "off"}
    assert (tmp_path / "doctor.json").exists()


def test_whoever_holds_it_may_stop_at_any_time(tmp_path: Path) -> None:
    configured(tmp_path, "null")

    async def person(phone: HeldPhone) -> None:
        await shows(phone, "Press each key")
        phone.send(quit=True)
        assert await phone.wait() == 0

    assert not [event for event in held(tmp_path, person).events if event.name == "Examined"]


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    async def person(phone: HeldPhone) -> None:
        await shows(phone, "Press each key")
        phone.terminate()
        assert await phone.wait() == 0

    held(tmp_path, person)


def test_a_terminal_is_left_without_a_trace() -> None:
    async def person() -> HeldPhone:
        env = {**os.environ, "PYTHONPATH": str(ROOT / "firmware")}
        argv = [sys.executable, "-m", "kallphone", "doctor", "--root", "/nonexistent", "--panel"]
        async with HeldPhone(argv, env, "Phone") as phone:
            await shows(phone, "Press each key")
            phone.send(quit=True)
            assert await phone.wait() == 130
        return phone

    assert not [line for line in asyncio.run(person()).stderr if "Traceback" in line]
