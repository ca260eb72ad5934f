"""A USB stick in the phone: it brings an update, and carries diagnostics away."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kallphone.doctor.desk import EXPORTED
from kallphone.doctor.stick import NAME
from kallphone.update.sources import STICK_FOLDER
from tests.image.desk import Desk, desk
from tests.image.ear import HANDSET
from tests.image.releases import Maker
from tests.image.stick import Stick
from tests.image.town import Town

pytestmark = [pytest.mark.image, pytest.mark.image_full]

SAVED_S = 120.0
ANSWER = f"/run/kallphone/{EXPORTED}"


@pytest.fixture(scope="module")
def stick(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Stick:
    stick = Stick(tmp_path_factory.mktemp("stick") / "stick.img")
    stick.put(maker.release("carried", maker.build() + 40), STICK_FOLDER)
    return stick


@pytest.fixture(scope="module")
def phone(image: Path, town: Town, stick: Stick, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(image, tmp_path_factory.mktemp("sticks"), town.installers_files(HANDSET)) as phone:
        phone.guest.more = stick.plugged
        phone.power_on()
        phone.wait_for_phone()
        yield phone


def exported(phone: Desk) -> str:
    """What the phone is told of an export that it asks for."""
    phone.guest.says(f"rm -f {ANSWER} && touch /run/kallphone/requests/export")
    told = f"cat {ANSWER}"
    phone.guest.wait_for(lambda: phone.guest.run(told).code == 0, SAVED_S, "answer of the export")
    return phone.guest.says(told)


def is_whole(diagnostics: bytes) -> bool:
    names = zipfile.ZipFile(io.BytesIO(diagnostics)).namelist()
    return any(name.endswith("journal.txt") for name in names)


def test_an_update_is_found_on_it(phone: Desk):
    said = phone.guest.says("kallphone update check", within_s=SAVED_S)
    assert "version carried can be installed" in said
    assert phone.guest.run("findmnt /dev/sda").code != 0, "it is still mounted"


def test_diagnostics_are_saved_on_it(phone: Desk, stick: Stick):
    assert "Saved on the USB stick" in exported(phone)
    assert is_whole(stick.read(NAME))
    assert phone.card.read(NAME) is None


def test_without_it_they_are_saved_on_the_card(phone: Desk):
    phone.guest.says("echo 1 > /sys/block/sda/device/delete")
    assert "card's first part" in exported(phone)
    assert " ro," in phone.guest.says("grep /boot/firmware /proc/mounts")
    saved = phone.card.read(NAME)
    assert saved is not None
    assert is_whole(saved)
