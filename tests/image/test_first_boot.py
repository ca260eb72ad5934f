"""First boot by the keypad: a card whose file names the network and nothing else, to a line that is ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kallphone.phone.words import LANGUAGES
from tests.image.desk import LINE_S, Desk, desk
from tests.image.ear import HANDSET
from tests.image.guest import BOOT_S
from tests.image.town import Town

pytestmark = [pytest.mark.image, pytest.mark.image_full]

PAGE_S = 60.0
YES = "#"

# What stands on a page, and the keys that answer it: a row's number, or yes to the row that is chosen.
# A full list crowds its title and its first line.
PAGES = (
    ("Language", str(1 + list(LANGUAGES).index("en"))),
    ("Australia", YES),
    ("Connected by cable", "1"),
    ("Make a new key", "1"),
    ("Your key is made", "2"),
    ("lost phone is lost", YES),
    ("Without a PIN", "1"),
    ("All right?", YES),
)


@pytest.fixture
def phone(image: Path, town: Town, tmp_path: Path) -> Iterator[Desk]:
    with desk(image, tmp_path, town.installers_files(HANDSET, answers=False)) as phone:
        phone.power_on()
        phone.guest.wait_for_agent()
        yield phone


def test_keys_alone_lead_to_a_line(phone: Desk, town: Town):
    phone.guest.wait_for(lambda: phone.status().get("mode") == "setup", BOOT_S, "setup")
    for words, keys in PAGES:
        phone.glass.wait_for(words, PAGE_S)
        phone.guest.press(keys)
    phone.guest.wait_for(lambda: phone.status().get("mode") == "phone", BOOT_S, "phone")
    phone.wait_for_line(LINE_S)
    phone.guest.lift()
    phone.glass.wait_for("Dial", PAGE_S)
    assert town.deposited(phone.account) == 0
    phone.guest.lower()
