"""What a phone writes to its card: figures for whoever asks how long a card lasts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.image.desk import Desk, desk
from tests.image.ear import HANDSET
from tests.image.report import tell
from tests.image.town import Town
from tests.journeys.street import Neighbour

pytestmark = [pytest.mark.image, pytest.mark.image_full]

IDLE_S, CALL_S = 600.0, 60.0
"""Watched for that long, on the guest's clock; nothing is judged by it."""

MOST_PER_DAY_MB = 200
"""Idle. A card of 2 GB that bears 100 rewrites of all its blocks lasts more than two years of that."""


def written_kb(phone: Desk) -> float:
    """To the whole card since the start: sectors of 512 bytes, the kernel's Documentation/block/stat.rst."""
    phone.guest.says("sync")
    return int(phone.guest.says("cat /sys/block/vda/stat").split()[6]) / 2


def test_a_phone_at_rest_hardly_writes(image: Path, town: Town, tmp_path: Path):
    with desk(image, tmp_path, town.installers_files(HANDSET)) as phone:
        phone.power_on()
        phone.wait_for_phone()
        phone.wait_for_line()
        town.give_coins(phone.account)
        phone.guest.wait_for(lambda: town.deposited(phone.account), CALL_S, "deposit")
        started = written_kb(phone)
        phone.guest.says(f"sleep {IDLE_S:.0f}", within_s=IDLE_S + 60)
        rested = written_kb(phone)
        town.run(lambda neighbour: _call(phone, neighbour))
        called = written_kb(phone)
        per_day_mb = (rested - started) / 1000 * 86_400 / IDLE_S
        tell(
            written_first_start_kb=started,
            written_idle_mb_a_day=round(per_day_mb, 2),
            written_in_a_call_of_a_minute_kb=called - rested,
        )
        assert per_day_mb < MOST_PER_DAY_MB


async def _call(phone: Desk, neighbour: Neighbour) -> None:
    phone.dial(neighbour.number)
    await neighbour.rings()
    await neighbour.lift()
    await neighbour.talks()
    await asyncio.sleep(CALL_S)
    phone.guest.lower()
    await neighbour.rest()
