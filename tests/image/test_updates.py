"""Updates of a real card: taken, refused, left again, and with the plug pulled on the way.

One card goes through all of it: each test begins where the one before it left the phone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kallphone.update.slots import TRIAL_FILE, Trial, trial_sector
from kallphone.update.sources import STICK_FOLDER
from tests.image.desk import LINE_S, Desk, desk
from tests.image.ear import HANDSET
from tests.image.guest import Answer, GuestGone
from tests.image.releases import STAGED_S, SYSTEM, Maker, breaks_its_phone, flip_a_byte, wait_for_writing
from tests.image.report import tell
from tests.image.stick import Stick
from tests.image.town import Town

pytestmark = [pytest.mark.image, pytest.mark.image_full]

A, B = "slots/a/", "slots/b/"
TRIED_S, LEFT_S, STICK_READ_S = 600.0, 1500.0, 400.0
"""Patience: for a trial's two starts, for ten failures of a phone, for 90 MB from an emulated stick."""


@pytest.fixture(scope="module")
def phone(image: Path, town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(image, tmp_path_factory.mktemp("updates"), town.installers_files(HANDSET)) as phone:
        phone.power_on()
        phone.wait_for_phone()
        phone.wait_for_line()
        yield phone


@pytest.fixture(scope="module")
def newer(maker: Maker) -> Path:
    return maker.release("newer", maker.build() + 10)


@pytest.fixture(scope="module")
def stick(newer: Path, tmp_path_factory: pytest.TempPathFactory) -> Stick:
    stick = Stick(tmp_path_factory.mktemp("stick") / "stick.img")
    stick.put(newer, STICK_FOLDER)
    return stick


def take(phone: Desk, folder: Path) -> Answer:
    """As from a stick; where it is taken, the guest restarts and there is no answer."""
    place = phone.guest.share / folder.name
    if not place.exists():
        shutil.copytree(folder, place)
    return phone.guest.run(f"kallphone update run --from /run/tests/{folder.name}", within_s=STAGED_S)


def take_and_restart(phone: Desk, folder: Path) -> None:
    place = phone.guest.share / folder.name
    if not place.exists():
        shutil.copytree(folder, place)
    command = f"kallphone update run --from /run/tests/{folder.name}"
    phone.guest.says(f"systemd-run --quiet --collect --unit=taking {command}")
    phone.guest.wait_for_end(STAGED_S)


def status(phone: Desk) -> str:
    return phone.guest.says("kallphone update status")


def trial(phone: Desk) -> str:
    return (phone.card.read(TRIAL_FILE) or b"").decode().strip()


def has_proved_itself(phone: Desk, build: int) -> bool:
    said = status(phone)
    kept = f"build {build}," in said and "nothing is on trial" in said
    return kept and bool(phone.status().get("registered"))


def test_a_tampered_system_is_refused(phone: Desk, newer: Path, tmp_path: Path):
    tampered = tmp_path / "tampered"
    shutil.copytree(newer, tampered)
    flip_a_byte(tampered / SYSTEM)
    answer = take(phone, tampered)
    assert answer.code != 0
    assert "changed or damaged" in answer.out
    assert trial(phone) == "none"
    shutil.rmtree(phone.guest.share / tampered.name)


def test_a_tampered_manifest_is_refused(phone: Desk, newer: Path, tmp_path: Path):
    forged = tmp_path / "forged"
    shutil.copytree(newer, forged)
    manifest = forged / "manifest.json"
    manifest.write_text(manifest.read_text().replace("newer", "fresher"))
    answer = take(phone, forged)
    assert answer.code != 0, answer.out
    assert trial(phone) == "none"


def test_an_older_one_is_refused(phone: Desk, maker: Maker):
    answer = take(phone, maker.release("older", maker.build() - 10))
    assert answer.code != 0
    assert "older" in answer.out
    assert trial(phone) == "none"


def test_power_may_fail_while_a_system_is_written(phone: Desk, newer: Path):
    shutil.copytree(newer, phone.guest.share / newer.name)
    wait_for_writing(phone, newer.name)
    phone.guest.power_off()
    phone.power_on()
    phone.wait_for_phone()
    phone.wait_for_line()
    assert phone.guest.prefixes[-1] == A


@pytest.mark.parametrize("tries", [1, 0], ids=["before-the-switch", "after-the-way-back"])
def test_power_may_fail_between_the_two_sectors(phone: Desk, tries: int):
    """Of a switch, or of the way back: the trial that is noted is not that of the system that starts."""
    phone.guest.power_off()
    phone.card.write(TRIAL_FILE, trial_sector(Trial("b", tries, "a")))
    phone.power_on()
    phone.wait_for_phone()
    phone.guest.wait_for(lambda: trial(phone) == "none", LINE_S, "end of a trial that never was")
    assert phone.guest.prefixes[-1] == A


def test_an_update_is_taken_tried_and_kept(phone: Desk, maker: Maker, stick: Stick):
    """By the phone's own unit, with all that it is denied: from a stick, asked for as the menu does."""
    phone.guest.power_off()
    phone.guest.more = stick.plugged
    phone.power_on()
    phone.wait_for_phone()
    phone.wait_for_line()
    phone.guest.says("touch /run/kallphone/requests/update")
    try:
        phone.guest.wait_for_end(STAGED_S + STICK_READ_S)
    except GuestGone as gone:
        raise GuestGone(f"{gone}\n{phone.journal('kallphone-update')}") from None
    assert trial(phone) == "slot=b tries=1 back=a"
    phone.guest.follow(
        lambda: has_proved_itself(phone, maker.build() + 10), TRIED_S, "proof of the new system"
    )
    assert phone.guest.prefixes[-1] == B
    assert trial(phone) == "none"
    tell(system_after_update=status(phone).splitlines()[0])
    phone.guest.more = ()


def test_what_it_replaced_is_refused_from_now_on(phone: Desk, maker: Maker):
    answer = take(phone, maker.release("between", maker.build() + 5))
    assert answer.code != 0
    assert "older" in answer.out


def test_power_may_fail_in_a_trials_first_start(phone: Desk, maker: Maker):
    """The next start leaves the new system again, which costs a try and nothing else."""
    take_and_restart(phone, maker.release("cut", maker.build() + 20))
    phone.power_on()
    phone.guest.wait_for_agent()
    assert phone.guest.prefixes[-1] == A
    phone.guest.power_off()
    phone.guest.follow(lambda: has_proved_itself(phone, maker.build() + 10), TRIED_S, "the system before")
    assert phone.guest.prefixes[-1] == B
    assert "failed" in status(phone)


def test_a_broken_one_is_left_again_by_itself(phone: Desk, maker: Maker):
    broken = maker.release("broken", maker.build() + 30, breaks_its_phone)
    starts = len(phone.guest.boots)
    take_and_restart(phone, broken)
    phone.guest.follow(lambda: has_proved_itself(phone, maker.build() + 10), LEFT_S, "the system before")
    assert phone.guest.prefixes[starts] == A
    assert phone.guest.prefixes[-1] == B
    assert "broken" in status(phone)
    phone.guest.lift()
    phone.glass.wait_for("Dial", LINE_S)
    phone.guest.lower()
