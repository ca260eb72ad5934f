"""The setup as a process on its panel: keys in, a phone's folder out."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from kallphone.bench.held import HeldPhone
from kallphone.config import load_config
from kallphone.device.layout import Layout
from kallphone.provision.handover import PROVISIONED
from kallphone.setup.progress import keep, progress_file
from kallphone.setup.states import Kept, Progress
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from tests.setup.test_configuration import DEPLOYMENT, PRESET, layout

__all__ = ["layout"]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0


def phone(made: Layout) -> HeldPhone:
    paths = [str(ROOT / "firmware"), str(ROOT / "services"), str(ROOT)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return HeldPhone([sys.executable, "-m", "tests.setup.first_boot", str(made.data.parent)], env, "new")


async def shows(held: HeldPhone, words: str) -> None:
    await held.wait_for(
        lambda one: words in " ".join(one.screen.text.split()), PATIENCE_S, f"to show {words!r}"
    )


async def goes(held: HeldPhone, *steps: tuple[str, str]) -> None:
    """Waits for words on the glass, then presses keys."""
    for words, keys in steps:
        await shows(held, words)
        await held.press(keys)


async def hold(held: HeldPhone, key: str) -> None:
    """Until the phone has noticed the long press."""
    since = len(held.events)
    held.send(down=key)
    await held.wait_for_event("KeyHeld", PATIENCE_S, since=since)
    held.send(up=key)


def test_keys_alone_lead_to_a_phone(layout: Layout) -> None:
    asyncio.run(_with_keys(layout))
    config = load_config(layout.config)
    assert (config.language, config.country) == ("en", "de")
    assert config.provider_api == "https://kall.test:8443"
    assert len(key_in(layout.state).words()) == 12
    database = Database(layout.state / "phone.sqlite")
    assert PinLock(database).check("2580").ok
    database.close()
    assert not progress_file(layout.state).exists()
    assert json.loads((layout.run / "network.json").read_text())["joined"] == "Home"


async def _with_keys(made: Layout) -> None:
    async with phone(made) as held:
        await goes(held, ("1 English", "1"), ("1 United Kingdom", "0"), ("Germany", "8"))
        await goes(held, ("Choose a Wi-Fi", "1"), ("1 Home", "1"), ("Hold #", "55"))
        for taps in ("2", "555", "555"):
            await shows(held, "# done")
            await held.press(taps)
        for digit in "12345":
            await hold(held, digit)
        await held.press("#")
        await shows(held, "Wrong password")
        await held.press("*")
        await shows(held, "kall1234")
        await held.press("#")
        await goes(
            held, ("Connected to Home", "#"), ("Make a new key", "1"), ("Later", "2"), ("lost money", "#")
        )
        await goes(
            held, ("Set a PIN", "2"), ("4 to 8", "2580#"), ("Once more", "2580#"), ("The PIN is set", "#")
        )
        await goes(
            held, ("All right?", ""), ("Germany", ""), ("Wi-Fi Home", "#"), ("Line: getting ready", "")
        )
        assert await held.wait() == 0
        assert "kall1234" not in " ".join(str(one) for one in held.events)


def test_a_power_cut_asks_nothing_twice_and_loses_no_key(layout: Layout) -> None:
    asyncio.run(_cut_and_on(layout))
    assert load_config(layout.config).country == "de"


async def _cut_and_on(made: Layout) -> None:
    async with phone(made) as held:
        await goes(held, ("1 English", "1"), ("1 United Kingdom", "0"), ("Germany", "8"))
        await goes(
            held, ("Choose a Wi-Fi", "1"), ("2 Café", "2"), ("Connected to", "#"), ("Make a new key", "1")
        )
        while not key_in(made.state).exists():
            await asyncio.sleep(0.02)
        key = key_in(made.state).path.read_bytes()
        held.kill()
        await held.wait()
    async with phone(made) as held:
        await goes(
            held,
            ("The key is there", "1"),
            ("Later", "2"),
            ("lost money", "#"),
            ("PIN", "1"),
            ("kall.test:8443", "#"),
        )
        assert await held.wait() == 0
    assert key_in(made.state).path.read_bytes() == key


def test_a_telephone_fills_in_what_keys_would(layout: Layout) -> None:
    asyncio.run(_with_telephone(layout))
    config = load_config(layout.config)
    assert (config.language, config.country) == ("en", "at")
    assert json.loads((layout.run / "network.json").read_text()) == {
        "joined": "Home", "country": "at", "cable": False
    }  # fmt: skip


async def _with_telephone(made: Layout) -> None:
    async with phone(made) as held:
        await goes(held, ("1 English", "1"), ("1 United Kingdom", "1"), ("Use a telephone", "2"))
        await goes(held, ("then #", "#"), ("Scan for the page", ""))
        url = await _code_on(held, "http://")
        await asyncio.to_thread(_fill, url)
        await goes(
            held, ("Connected to Home", "#"), ("Make a new key", "1"), ("Later", "2"), ("lost money", "#")
        )
        await goes(held, ("The PIN is set", "1"), ("Austria", "#"))
        assert await held.wait() == 0


async def _code_on(held: HeldPhone, begins: str) -> str:
    """As a camera reads it from the glass."""
    zbar = pytest.importorskip("pyzbar.pyzbar", reason="needs libzbar0", exc_type=ImportError)
    for _ in range(100):
        if held.frame is not None:
            size = (held.frame.width, held.frame.height)
            picture = Image.frombytes("1", size, base64.b64decode(held.frame.bits)).convert("L")
            bordered = ImageOps.expand(picture.resize((size[0] * 4, size[1] * 4)), 40, 255)
            for found in zbar.decode(bordered):
                if found.data.decode().startswith(begins):
                    return str(found.data.decode())
        await asyncio.sleep(0.05)
    raise AssertionError("no code on the glass")


def _fill(url: str) -> None:
    fields = {"wifi": b"Home".hex(), "name": "", "password": "kall1234", "language": "en", "country": "at",
              "pin": "2580"}  # fmt: skip
    with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=10) as answer:
        assert answer.status == 200


def test_with_everything_answered_nobody_is_asked(layout: Layout) -> None:
    key_in(layout.state).create()
    given = 'language = "es"\ncountry = "es"\nwifi = "Home"\nkey = true\npin = true\n'
    (layout.state / PROVISIONED).write_text(given)

    async def starts() -> list[str]:
        async with phone(layout) as held:
            assert await held.wait() == 0
            return list(held.screen.lines)

    assert asyncio.run(starts()) == []
    assert load_config(layout.config).language == "es"


def test_a_card_that_was_mended_counts_more_than_what_was_chosen_before(layout: Layout) -> None:
    key_in(layout.state).create()
    chosen = Progress("fr", "us", "https://old.test", Kept.NOT_ASKED, ("language", "country", "provider"))
    keep(layout.state, chosen)
    given = 'language = "es"\ncountry = "es"\nwifi = "Home"\nkey = true\nrestored = true\n'
    (layout.state / PROVISIONED).write_text(given)

    async def goes_on() -> None:
        async with phone(layout) as held:
            await goes(held, ("Poner un PIN", "1"), ("España", "#"))
            assert await held.wait() == 0

    asyncio.run(goes_on())
    config = load_config(layout.config)
    assert (config.language, config.country) == ("es", "es")
    assert config.provider_api == "https://kall.test:8443"


def test_answers_that_make_no_phone_are_told_on_the_glass(layout: Layout) -> None:
    key_in(layout.state).create()
    (layout.share / "deployment.json").write_text("{}")
    given = 'language = "es"\ncountry = "es"\nwifi = "Home"\nkey = true\npin = true\n'
    (layout.state / PROVISIONED).write_text(given)

    async def looks() -> None:
        async with phone(layout) as held:
            await shows(held, "left out")
            held.send(quit=True)
            assert await held.wait() == 3

    asyncio.run(looks())
    assert not layout.config.exists()


def test_a_phone_that_is_one_comes_back_by_the_way_back(layout: Layout) -> None:
    test_with_everything_answered_nobody_is_asked(layout)
    before = layout.config.read_bytes()

    async def looks() -> None:
        async with phone(layout) as held:
            await goes(held, ("Elegir un wifi", "*"))
            assert await held.wait() == 0

    asyncio.run(looks())
    assert layout.config.read_bytes() == before


def test_an_image_for_no_network_says_what_to_do_and_ends_when_told(layout: Layout) -> None:
    layout.preset.unlink()

    async def looks() -> int:
        async with phone(layout) as held:
            await shows(held, "kallphone.toml")
            held.terminate()
            return await held.wait()

    assert asyncio.run(looks()) == 3
    assert not layout.config.exists()


@pytest.mark.sip
def test_the_phone_follows_in_the_same_process(tmp_path: Path) -> None:
    """`kallphone device`, from the first page to a phone without a line: nobody restarts anything."""
    made = Layout.below(tmp_path)
    for folder in (made.data, made.boot, made.share, made.run):
        folder.mkdir(parents=True)
    nowhere = PRESET.replace("https://", "http://127.0.0.1:1/").replace('"ca.pem"', '""')
    made.preset.write_text(nowhere + '[audio]\ndevice = "null"\n')
    (made.share / "deployment.json").write_text(json.dumps(DEPLOYMENT))
    argv = [sys.executable, "-m", "kallphone", "device", "--root", str(tmp_path), "--panel"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "firmware"), str(ROOT / "services")])}

    async def goes_on() -> None:
        async with HeldPhone(argv, env, "device") as held:
            await goes(held, ("1 English", "1"), ("1 United Kingdom", "#"), ("Without, for now", "3"))
            await goes(held, ("no calls", "#"), ("Make a new key", "1"), ("Later", "2"), ("lost money", "#"))
            await goes(held, ("Without a PIN", "1"), ("All right?", "#"), ("no line", "#"), ("Menu", "*"))
            await shows(held, "KallPhone")
            held.send(quit=True)
            assert await held.wait() == 0

    asyncio.run(goes_on())
    assert load_config(made.config).country == "gb"
