"""How much later the phone is ready than the same system without a phone has all of its services up."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from tests.image.desk import desk
from tests.image.ear import HANDSET
from tests.image.report import tell
from tests.image.town import Town

pytestmark = [pytest.mark.image, pytest.mark.image_full]

ROUNDS = 3
LATEST = 1.10
_ENTERED = "systemctl show {} -P ActiveEnterTimestampMonotonic"


def seconds_to(image: Path, folder: Path, town: Town, unit: str, words: str = "") -> float:
    """By the guest's own clock, on a card that was started before."""
    with desk(image, folder, town.installers_files(HANDSET)) as phone:
        phone.power_on()
        phone.wait_for_phone()
        phone.guest.says("systemctl poweroff --no-block")
        phone.guest.wait_for_end(120)
        phone.guest.words += f" {words}"
        phone.power_on()
        phone.guest.wait_for_agent()
        entered = _ENTERED.format(unit)
        phone.guest.wait_for(lambda: int(phone.guest.says(entered)) > 0, 240, unit)
        return int(phone.guest.says(entered)) / 1e6


def test_dial_tone_does_not_wait_for_the_rest(image: Path, town: Town, tmp_path: Path):
    ready, without = [], []
    for index in range(ROUNDS):
        ready.append(seconds_to(image, tmp_path / f"with{index}", town, "kallphone.service"))
        without.append(
            seconds_to(
                image,
                tmp_path / f"without{index}",
                town,
                "multi-user.target",
                "systemd.mask=kallphone.service",
            )
        )
    tell(boots_to_ready_s=ready, boots_without_phone_s=without, ratio=median(ready) / median(without))
    assert median(ready) < LATEST * median(without)
