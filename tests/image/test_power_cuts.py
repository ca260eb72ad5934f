"""One card, and a plug that is pulled twelve times at its worst moments: QEMU is killed, nothing flushed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kallnet.account import Address
from tests.image.desk import LINE_S, SEEN_S, Desk, desk
from tests.image.ear import HANDSET
from tests.image.guest import BOOT_S
from tests.image.releases import Maker, wait_for_writing
from tests.image.town import Town
from tests.journeys.street import Neighbour

pytestmark = [pytest.mark.image, pytest.mark.image_full]

UPDATE = "newer"

_SUM = "SELECT coalesce(sum(cumulative), 0) FROM vouchers"
_OPEN = "sqlite3.connect('file:/data/phone/phone.sqlite?mode=ro', uri=True)"
_READ = f'import sqlite3; print({_OPEN}.execute("{_SUM}").fetchone()[0])'
_WAIT = f"""import sqlite3
while {_OPEN}.execute("{_SUM}").fetchone()[0] <= $before: pass"""


@pytest.fixture(scope="module")
def phone(image: Path, town: Town, maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With an update at hand."""
    files = town.installers_files(HANDSET)
    with desk(image, tmp_path_factory.mktemp("cuts"), files) as phone:
        shutil.copytree(maker.release("newer", maker.build() + 10), phone.guest.share / UPDATE)
        yield phone


class Owner:
    """What must outlive every cut: whose phone it is, and what it signed."""

    account: Address | None = None
    signed = 0


@pytest.fixture(scope="module")
def owner() -> Owner:
    return Owner()


def signed(phone: Desk) -> int:
    """All vouchers that are on the phone's disk, in base units."""
    answer = phone.guest.run(f"python3 -c '{_READ}'")
    return int(answer.out) if answer.code == 0 else 0


def wait_for_next_voucher(phone: Desk, before: int) -> None:
    program = _WAIT.replace("$before", str(before))
    phone.guest.says(f"cat > /run/wait.py << 'END'\n{program}\nEND\npython3 /run/wait.py", within_s=LINE_S)


# Each leaves the phone at the moment of the cut. The first ones meet a card that was never started.


def the_system_comes_up(phone: Desk, _town: Town) -> None:
    phone.guest.wait_for_agent()


def data_is_there(phone: Desk, _town: Town) -> None:
    phone.guest.wait_for_agent()
    phone.guest.says("until mountpoint -q /data; do :; done", within_s=BOOT_S)


def the_key_is_made(phone: Desk, _town: Town) -> None:
    phone.guest.wait_for_agent()
    phone.guest.says("until ls /data/phone/*key* 2>/dev/null; do :; done", within_s=BOOT_S)


def the_line_opens(phone: Desk, _town: Town) -> None:
    phone.wait_for_phone()
    phone.wait_for_line()


def the_first_money_comes(phone: Desk, town: Town) -> None:
    phone.wait_for_phone()
    phone.wait_for_line()
    account = phone.account
    town.give_coins(account)
    phone.guest.wait_for(lambda: town.deposited(account), LINE_S, "deposit")


def the_other_side_rings(phone: Desk, town: Town) -> None:
    phone.wait_for_line()
    town.run(lambda neighbour: _dial(phone, neighbour))


def the_other_side_answers(phone: Desk, town: Town) -> None:
    phone.wait_for_line()
    town.run(lambda neighbour: _talk(phone, neighbour))


def a_voucher_is_written(phone: Desk, town: Town) -> None:
    phone.wait_for_line()
    before = signed(phone)
    town.run(lambda neighbour: _talk(phone, neighbour))
    wait_for_next_voucher(phone, before)


def a_second_voucher_is_written(phone: Desk, town: Town) -> None:
    a_voucher_is_written(phone, town)
    wait_for_next_voucher(phone, signed(phone))


def keys_change_a_setting(phone: Desk, _town: Town) -> None:
    phone.guest.lift()
    phone.guest.press("*78")


def a_setting_is_changed(phone: Desk, _town: Town) -> None:
    phone.guest.lift()
    phone.guest.press("*79")
    phone.glass.wait_for("Done", SEEN_S)


def an_update_is_written(phone: Desk, _town: Town) -> None:
    wait_for_writing(phone, UPDATE)


MOMENTS: tuple[Callable[[Desk, Town], None], ...] = (
    the_system_comes_up,
    data_is_there,
    the_key_is_made,
    the_line_opens,
    the_first_money_comes,
    the_other_side_rings,
    the_other_side_answers,
    a_voucher_is_written,
    a_second_voucher_is_written,
    keys_change_a_setting,
    a_setting_is_changed,
    an_update_is_written,
)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_a_cut_costs_nothing(moment: Callable[[Desk, Town], None], phone: Desk, town: Town, owner: Owner):
    phone.guest.power_off()
    phone.power_on()
    if owner.account is not None:
        phone.wait_for_phone()
        owner.signed = max(owner.signed, signed(phone))
    moment(phone, town)
    phone.guest.power_off()

    town.run(_put_down)
    phone.power_on()
    phone.wait_for_phone()
    phone.guest.lift()
    phone.glass.wait_for("Dial", SEEN_S)
    phone.guest.lower()
    owner.account = owner.account or phone.account
    assert phone.account == owner.account, "this is another phone now"
    assert signed(phone) >= max(owner.signed, town.claimed(owner.account)), "a voucher is gone"


def test_after_all_cuts_it_still_calls_and_pays(phone: Desk, town: Town, owner: Owner):
    assert owner.account is not None
    phone.wait_for_line()
    paid = town.claimed(owner.account)
    a_voucher_is_written(phone, town)
    phone.guest.lower()
    town.run(_put_down)
    account = owner.account
    phone.guest.wait_for(lambda: town.claimed(account) > paid, LINE_S, "paid voucher")


async def _dial(phone: Desk, neighbour: Neighbour) -> None:
    phone.dial(neighbour.number)
    await neighbour.rings()


async def _talk(phone: Desk, neighbour: Neighbour) -> None:
    await _dial(phone, neighbour)
    await neighbour.lift()
    await neighbour.talks()


async def _put_down(neighbour: Neighbour) -> None:
    await neighbour.rest()
