from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kallnet.account import Account, address_to_hex
from kallphone.cli import main
from kallphone.config import load_config
from kallphone.phone.book import Contact
from kallphone.provision.desk import collect, new_key, seal_plan
from kallphone.provision.errors import FileInvalid, PlanRefused
from kallphone.provision.fetching import fetch_plan, plan_of_sticks
from kallphone.provision.handover import read_provisioned
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from kallphone.storage.preferences import Preferences, with_chosen
from tests.provision.card import COMPLETE, Card
from tests.provision.conftest import deployment, make_layout
from tests.provision.power import cut_before

NOW = 1_790_000_000

PLAN = """
serial = {serial}
deployment = "deployment.json"

[common.phone]
country = "ch"
[common.key]
new = true

[private.wifi]
ssid = "Hotel"
password = "room service"

[phones.aa01]
label = "Room 1"
vcards = "hotel.vcf"
[phones.aa01.owner]
pin = "1111"
[phones.aa01.settings.limits]
per_day = 7
[[phones.aa01.contacts]]
name = "Bar"
number = "NUMBER"
key = "2"

[phones.aa02.owner]
pin = "2222"
[phones.aa02.provider]
api = "https://other.example:8443"
"""


def _numbers() -> list[str]:
    from kallnet.number import is_number

    return [str(number) for number in range(2345678900, 2345678930) if is_number(str(number))]


FRONT, BAR, *_ = _numbers()
VCARD = f"BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Front desk\r\nTEL:{FRONT}\r\nX-KALL-KEY:1\r\nEND:VCARD\r\n"


class Desk:
    """The installer's folder, and two phones that started once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "deployment.json").write_text(deployment())
        (folder / "hotel.vcf").write_text(VCARD)
        line = new_key(folder / "installer.key")[0]
        self.first = f"{line}\ndevice_file = true\n".replace("[installer] ", "[installer]\n")
        self.phones = {serial: Card(make_layout(folder / serial), serial) for serial in ("aa01", "aa02")}
        for phone in self.phones.values():
            assert phone.start(self.first) == ()
        self.devices = folder / "devices"
        collect([phone.layout.boot for phone in self.phones.values()], self.devices)

    def seal(self, serial: int = 1, text: str = PLAN, key: str = "installer.key", **how: bool) -> bytes:
        plan = self.folder / "plan.toml"
        plan.write_text(text.replace("{serial}", str(serial)).replace("NUMBER", BAR))
        self.lines = seal_plan(
            plan,
            self.devices,
            self.folder / "phones.kall",
            self.folder / key,
            NOW,
            partial=how.get("partial", False),
        )
        return (self.folder / "phones.kall").read_bytes()

    def give(self, content: bytes, serial: str = "aa01") -> tuple[str, ...]:
        phone = self.phones[serial]
        (phone.layout.boot / "phones.kall").write_bytes(content)
        return phone.start()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def has_pin(card: Card, pin: str) -> bool:
    with closing(Database(card.layout.state / "phone.sqlite")) as database:
        return PinLock(database).holds(pin)


def test_one_file_makes_each_phone_its_own(desk: Desk):
    content = desk.seal()
    for serial, pin, api in (("aa01", "1111", "home"), ("aa02", "2222", "other")):
        account = key_in(desk.phones[serial].layout.state).open().address
        assert desk.give(content, serial) == ()
        phone = desk.phones[serial]
        config = load_config(phone.layout.config)
        assert config.country == "ch"
        assert config.provider_api == f"https://{api}.example:8443"
        assert has_pin(phone, pin)
        assert f"ssid={b'Hotel'.hex()}" in phone.wpa
        assert key_in(phone.layout.state).open().address == account
    with closing(Database(desk.phones["aa01"].layout.state / "phone.sqlite")) as database:
        book = ContactStore(database).load()
        assert [(one.name, one.number, one.key) for one in book.contacts] == [
            ("Bar", BAR, "2"), ("Front desk", FRONT, "1"),
        ]  # fmt: skip
        assert Preferences(database).load().limits.per_day == 7


def test_nobody_reads_the_secrets_of_the_file(desk: Desk):
    content = desk.seal()
    blobs = b"".join(base64.b64decode(part) for part in json.loads(content)["parts"].values())
    # In quotation marks, since keys and seals in hexadecimal may hold any four digits.
    for secret in (rb'"1111\\?"', b"room service", b"Hotel", b"Front desk", rb"other\.example"):
        assert not re.search(secret, content.replace(b"000", b""))
        assert not re.search(secret, blobs)


def test_the_same_file_is_applied_once(desk: Desk):
    content = desk.seal()
    desk.give(content)
    phone = desk.phones["aa01"]
    with closing(Database(phone.layout.state / "phone.sqlite")) as database:
        PinLock(database).set("9999")
    assert phone.start() == ()
    assert has_pin(phone, "9999")


def test_the_next_plan_leaves_what_the_owner_chose_since(desk: Desk):
    desk.give(desk.seal(1))
    phone = desk.phones["aa01"]
    with closing(Database(phone.layout.state / "phone.sqlite")) as database:
        Preferences(database).save(with_chosen(Preferences(database).load(), {"limits": {"per_day": 9}}))
        ContactStore(database).save_all([Contact(FRONT, "Reception"), Contact(BAR, "Pub")])
    assert desk.give(desk.seal(2, PLAN.replace('"Bar"', '"Lobby bar"'))) == ()
    with closing(Database(phone.layout.state / "phone.sqlite")) as database:
        assert Preferences(database).load().limits.per_day == 9
        assert {one.name for one in ContactStore(database).load().contacts} == {"Reception", "Lobby bar"}


def test_the_next_plan_leaves_the_pin_that_the_owner_chose_since(desk: Desk):
    desk.give(desk.seal(1))
    phone = desk.phones["aa01"]
    with closing(Database(phone.layout.state / "phone.sqlite")) as database:
        PinLock(database).set("9999")
    assert desk.give(desk.seal(2, PLAN.replace('"ch"', '"at"'))) == ()
    assert load_config(phone.layout.config).country == "at"
    assert has_pin(phone, "9999")
    assert "another PIN" in desk.give(desk.seal(3, PLAN.replace("1111", "3333")))[0]
    (phone.layout.state / "phone.sqlite").unlink()
    assert desk.give(desk.seal(4)) == ()
    assert has_pin(phone, "1111")


def test_an_older_file_is_left_aside_and_one_that_kept_its_serial_refused(
    desk: Desk, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    old, new = desk.seal(4), desk.seal(5)
    assert desk.give(new) == ()
    assert desk.give(old) == ()
    assert "has serial 4, and this phone took 5: it is older" in caplog.text
    changed = desk.seal(5, PLAN.replace("1111", "3333"))
    assert "raise it in the plan" in desk.give(changed)[0]
    assert has_pin(desk.phones["aa01"], "1111")


def test_an_old_plan_that_stays_on_the_card_is_no_fault_and_read_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    phone = desk.phones["aa01"]
    assert desk.give(desk.seal(1)) == ()
    phone.sticks.append(("phones.kall on the USB stick", desk.seal(2, PLAN.replace('"ch"', '"at"'))))
    assert phone.start() == ()
    phone.sticks.clear()
    for _ in range(3):
        assert phone.start() == ()
    assert phone.errors == ""
    assert caplog.text.count("it is older") == 1
    assert load_config(phone.layout.config).country == "at"


def test_another_installer_counts_from_one(desk: Desk):
    desk.give(desk.seal(5))
    line = new_key(desk.folder / "next.key")[0]
    phone = desk.phones["aa01"]
    phone.start(line.replace("[installer] ", "[installer]\n"))
    assert desk.give(desk.seal(1, PLAN.replace('"ch"', '"at"'), key="next.key")) == ()
    assert load_config(phone.layout.config).country == "at"


def _tampered(content: bytes, change: Callable[[dict[str, object]], None]) -> bytes:
    body = json.loads(content)
    change(body)
    return json.dumps(body).encode()


def _swap(body: dict[str, object]) -> None:
    parts = body["parts"]
    assert isinstance(parts, dict)
    parts["aa01"], parts["aa02"] = parts["aa02"], parts["aa01"]


def _common(body: dict[str, object]) -> None:
    body["common"] = '[installer]\nssh_key = "x"\n'


def _serial(body: dict[str, object]) -> None:
    body["serial"] = 99


def _no_parts(body: dict[str, object]) -> None:
    body["parts"] = {}


def _signature(body: dict[str, object]) -> None:
    body["signature"] = "0x" + "11" * 65


@pytest.mark.parametrize("change", [_swap, _common, _serial, _no_parts, _signature])
def test_a_file_that_was_changed_is_refused(desk: Desk, change: Callable[[dict[str, object]], None]):
    assert "was changed after it was signed" in desk.give(_tampered(desk.seal(), change))[0]
    assert not desk.phones["aa01"].layout.config.exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"format": 1}', b"[" * 100_000])
def test_what_is_no_plan_is_refused(desk: Desk, content: bytes):
    assert "is no plan of phones" in desk.give(content)[0]


def test_half_a_file_is_refused(desk: Desk):
    content = desk.seal()
    assert "only a piece of one" in desk.give(content[: len(content) // 2])[0]


def test_another_installer_is_refused(desk: Desk):
    new_key(desk.folder / "thief.key")
    words = desk.give(desk.seal(9, key="thief.key"))[0]
    assert "this phone's installer is" in words


def test_a_phone_in_use_without_an_installer_takes_no_plan(desk: Desk, tmp_path: Path):
    owned = Card(make_layout(tmp_path / "owned"), "aa01")
    owned.start(COMPLETE)
    owned.sticks.append(("phones.kall on the USB stick", desk.seal()))
    words = owned.start()[0]
    assert "has no installer" in words
    account = json.loads(desk.seal())["installer"]
    assert account in words


def test_a_part_taken_into_a_plan_of_the_same_installer_is_refused(desk: Desk):
    """The installer's own key signs, but the part is from an older plan."""
    from kallnet.secret_file import load_account
    from kallphone.provision import plan_file

    old = json.loads(desk.seal(1))
    new = json.loads(desk.seal(2))
    new["parts"]["aa01"] = old["parts"]["aa01"]
    new["signature"] = "0x" + load_account(desk.folder / "installer.key").sign(plan_file._digest(new)).hex()
    assert "taken from another plan or phone" in desk.give(json.dumps(new).encode())[0]


def test_a_card_that_was_replaced_has_another_key(desk: Desk, tmp_path: Path):
    content = desk.seal()
    fresh = Card(make_layout(tmp_path / "fresh"), "aa01")
    fresh.start(desk.first)
    desk.phones["aa01"] = fresh
    assert "not for its key: collect its device file anew" in desk.give(content)[0]


def test_another_network_is_refused(desk: Desk):
    content = desk.seal()
    (desk.phones["aa01"].layout.share / "deployment.json").write_text(deployment(chain_id=5))
    assert "another network" in desk.give(content)[0]


def test_a_stick_serves_as_the_card_does(desk: Desk):
    phone = desk.phones["aa02"]
    phone.sticks.append(("phones.kall on the USB stick", desk.seal()))
    assert phone.start() == ()
    assert phone.layout.config.exists()


def test_a_stick_that_comes_late_serves_at_the_next_start(desk: Desk):
    phone, content = desk.phones["aa02"], desk.seal()
    assert phone.start() == ()
    assert plan_of_sticks(phone.layout, [("another stick", content)])
    assert not plan_of_sticks(phone.layout, [("another stick", content)])
    assert not phone.layout.config.exists()
    assert phone.start() == ()
    assert phone.layout.config.exists()
    assert not plan_of_sticks(phone.layout, [("another stick", content)])


def test_a_late_stick_leaves_a_newer_plan_that_waits(desk: Desk):
    phone, old = desk.phones["aa01"], desk.seal(2, PLAN.replace('"ch"', '"at"'))
    phone.start(desk.first + 'plan_url = "https://desk.example/phones.kall"\n')
    content = desk.seal(3)
    assert fetch_plan(phone.layout, lambda _url: content)
    assert plan_of_sticks(phone.layout, [("a stick", old)])
    assert phone.start() == ()
    assert load_config(phone.layout.config).country == "ch"
    assert not plan_of_sticks(phone.layout, [("a stick", old)])


def test_a_late_stick_of_somebody_else_is_refused(desk: Desk):
    new_key(desk.folder / "thief.key")
    phone, content = desk.phones["aa01"], desk.seal(9, key="thief.key")
    with pytest.raises(PlanRefused, match="this phone's installer is"):
        plan_of_sticks(phone.layout, [("a stick", content)])
    assert phone.start() == ()
    assert not phone.layout.config.exists()


def test_the_common_part_alone_is_for_any_blank_phone(desk: Desk, tmp_path: Path):
    text = PLAN[: PLAN.index("[phones.aa01]")].replace("private", "common")
    content = desk.seal(1, text)
    assert "readable by anybody: [common.wifi] password" in "\n".join(desk.lines)
    assert "surplus, not in the plan: aa01" in desk.lines
    blank = Card(make_layout(tmp_path / "blank"), "ff99")
    (blank.layout.boot / "phones.kall").write_bytes(content)
    assert blank.start() == ()
    assert blank.layout.config.exists()
    assert read_provisioned(blank.layout.state).wifi == "Hotel"


def test_what_can_be_sealed_to_nobody_is_refused(desk: Desk):
    with pytest.raises(FileInvalid, match=r"\[private\] is sealed to each of \[phones\], and there are none"):
        desk.seal(1, PLAN[: PLAN.index("[phones.aa01]")])
    assert not (desk.folder / "phones.kall").exists()


def test_missing_phones_are_reported(desk: Desk):
    text = PLAN + "\n[phones.aa03]\nlabel = 'Attic'\n"
    with pytest.raises(FileInvalid, match=r"without a device file: aa03\. Collect them"):
        desk.seal(1, text)
    desk.seal(1, text, partial=True)
    assert "missing, left out: aa03 (Attic)" in desk.lines


def test_faults_of_all_phones_are_told_before_anything_is_sealed(desk: Desk):
    with pytest.raises(FileInvalid) as caught:
        desk.seal(1, PLAN.replace('"1111"', '"1"').replace('"ch"', '"xx"'))
    assert "plan.toml, phone aa01: [owner] pin" in str(caught.value)
    assert "plan.toml, phone aa02: [phone] country" in str(caught.value)
    assert not (desk.folder / "phones.kall").exists()


def test_device_files_are_checked(desk: Desk, tmp_path: Path):
    file = desk.devices / "device-aa01.toml"
    other = Account.generate().public_key.hex()
    own = key_in(desk.phones["aa01"].layout.state).open()
    file.write_text(file.read_text().replace(own.public_key.hex(), other))
    with pytest.raises(FileInvalid, match="was damaged"):
        desk.seal()
    assert address_to_hex(own.address) in collect([desk.phones["aa01"].layout.boot], tmp_path / "d")[0]


def test_a_plan_is_fetched_verified_and_applied_at_the_next_start(desk: Desk):
    phone = desk.phones["aa01"]
    content = desk.seal(3)
    phone.start(desk.first + 'plan_url = "https://desk.example/phones.kall"\n')
    assert fetch_plan(phone.layout, lambda _url: content)
    assert phone.start() == ()
    assert has_pin(phone, "1111")
    assert not fetch_plan(phone.layout, lambda _url: content)
    with pytest.raises(PlanRefused, match="older"):
        fetch_plan(phone.layout, lambda _url: desk.seal(2))


def test_the_command_line(desk: Desk, capsys: pytest.CaptureFixture[str]):
    folder = desk.folder
    plan = folder / "plan.toml"
    plan.write_text(PLAN.replace("{serial}", "1").replace("NUMBER", BAR))
    key = str(folder / "installer.key")
    assert main(["batch", "new-key", key]) == 1
    assert "exists" in capsys.readouterr().err
    boots = [str(phone.layout.boot) for phone in desk.phones.values()]
    assert main(["batch", "collect", *boots, str(folder), "-o", str(folder / "d2")]) == 0
    assert "devices in" in capsys.readouterr().out
    out = str(folder / "out.kall")
    assert main(["batch", "seal", str(plan), str(folder / "d2"), "-o", out, "--key", key]) == 0
    assert "serial 1, phones 2" in capsys.readouterr().out
    card = folder / "kallphone.toml"
    card.write_text("[phone]\ncountry = 'de'\n")
    assert main(["provision", "check", str(card)]) == 0
    card.write_text("[phone]\ncountry = de\n")
    assert main(["provision", "check", str(card)]) == 1
    assert "line 2 (country) lacks quotation marks" in capsys.readouterr().err


def test_apply_below_a_root(tmp_path: Path):
    boot = tmp_path / "boot/firmware"
    boot.mkdir(parents=True)
    (boot / "kallphone.toml").write_text('[installer]\ndevice_file = true\n[wifi]\nssid = "a"\nopen = true\n')
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/serial-number").write_text("10000000abcdef01\0")
    assert main(["provision", "apply", "--root", str(tmp_path)]) == 0
    assert (boot / "device-10000000abcdef01.toml").exists()
    (boot / "kallphone.toml").write_text("[wifi]\nssid = 7\n")
    assert main(["provision", "apply", "--root", str(tmp_path)]) == 0
    assert "[wifi] ssid" in (boot / "kallphone-errors.txt").read_text()


def test_no_moment_of_taking_a_plan_loses_anything(desk: Desk):
    content = desk.seal()
    for change in range(100):
        phone = Card(make_layout(desk.folder / f"cut-{change}"), "aa01")
        shutil.rmtree(phone.layout.data)
        shutil.copytree(desk.phones["aa01"].layout.data, phone.layout.data)
        (phone.layout.boot / "phones.kall").write_bytes(content)
        if not cut_before(change, phone.provisioning().run):
            break
        if phone.layout.config.exists():
            load_config(phone.layout.config)
            assert has_pin(phone, "1111")
        assert phone.start() == ()
        assert has_pin(phone, "1111")
        assert load_config(phone.layout.config).country == "ch"
    assert change > 15


def test_a_plan_without_the_password_of_its_wifi_is_refused(desk: Desk):
    content = desk.seal(1, PLAN.replace('password = "room service"', ""))
    assert "[wifi] password: is empty" in desk.give(content)[0]
