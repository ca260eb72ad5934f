"""One boot of the unmodified image as a phone: what its owner sees, hears and pays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.image.desk import Desk, desk
from tests.image.ear import HANDSET, heard, listening, tones
from tests.image.report import tell
from tests.image.town import FUNDS, Town
from tests.journeys.street import Neighbour

pytestmark = [pytest.mark.image]

LISTENED_S = 4.0
CALLED_S = 60.0

DIAL_TONE_HZ = 425
"""Germany's, ITU-T E.180."""

MOST_MEMORY_MB = 220


@pytest.fixture(scope="module")
def phone(image: Path, town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    files = town.installers_files(HANDSET)
    with desk(image, tmp_path_factory.mktemp("phone"), files) as phone:
        phone.power_on()
        phone.wait_for_phone()
        yield phone


def test_everything_that_is_to_run_runs(phone: Desk):
    state = phone.guest.run("systemctl is-system-running --wait", within_s=240).out.strip()
    failed = phone.guest.says("systemctl --failed --no-legend --plain")
    assert (state, failed) == ("running", ""), phone.guest.run("journalctl -b -p warning --no-pager").out
    ready = phone.guest.says("systemctl show kallphone -P ActiveEnterTimestampMonotonic")
    tell(ready_s=int(ready) / 1e6, system=phone.guest.says("systemd-analyze").splitlines()[0])


def test_a_lifted_handset_hears_dial_tone(phone: Desk):
    with listening(phone.guest, "dial-tone") as recording:
        phone.guest.lift()
        time.sleep(LISTENED_S)  # that long is listened; nothing is judged by when it came
        phone.guest.lower()
    found = tones(heard(recording))
    # The first and the last of them may be cut.
    assert len(found) > 4
    assert abs(median(found) - DIAL_TONE_HZ) < 5


def test_a_key_changes_what_the_glass_shows(phone: Desk):
    before = phone.glass.image
    phone.guest.lift()
    phone.guest.press("27")
    phone.glass.wait_for("27", CALLED_S)
    assert phone.glass.image != before
    phone.guest.lower()


def test_it_registers_with_its_provider(phone: Desk, town: Town):
    phone.wait_for_line()
    town.give_coins(phone.account)
    phone.guest.wait_for(lambda: town.deposited(phone.account), CALLED_S, "deposit")
    assert town.deposited(phone.account) < FUNDS


def test_a_call_outside_is_talked_and_paid(phone: Desk, town: Town):
    account = phone.account
    paid_before = town.claimed(account)
    with listening(phone.guest, "call"):
        town.run(lambda neighbour: _call(phone, neighbour))
    phone.guest.wait_for(lambda: town.claimed(account) > paid_before, CALLED_S, "paid voucher")
    tell(paid_for_one_call=town.claimed(account) - paid_before)


async def _call(phone: Desk, neighbour: Neighbour) -> None:
    phone.dial(neighbour.number)
    await neighbour.rings()
    await neighbour.reads("Incoming call", "Verified")
    await neighbour.lift()
    await neighbour.talks()
    phone.glass.wait_for("Verified", CALLED_S)
    in_use = phone.memory_in_use_mb()
    tell(memory_in_call_mb=round(in_use))
    phone.guest.lower()
    await neighbour.reads("Call ended")
    await neighbour.rest()
    assert in_use < MOST_MEMORY_MB


def test_no_unit_failed_in_all_this(phone: Desk):
    assert phone.guest.says("systemctl --failed --no-legend --plain") == ""
