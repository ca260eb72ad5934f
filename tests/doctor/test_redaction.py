"""No secret of the phone is ever in what it hands to a helper, however it stands there."""

from __future__ import annotations

import base64
import hmac
import io
import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kallphone.device.layout import Layout
from kallphone.doctor.diagnostics import collect, plain_config, write_whole
from kallphone.doctor.findings import good
from kallphone.doctor.redaction import REDACTED, Redactor
from kallphone.doctor.secrets import secrets_of
from kallphone.phone.book import Contact
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.words import words_of
from tests.doctor.fakes import FakeMachine

OWN = "0x" + bytes(range(20)).hex()
JOURNAL = "journalctl --boot --no-pager --output=short-precise"

ORDINARY = """\
Nov 25 07:00:41.123456 kallphone systemd[1]: Started kallphone.service - KallPhone.
Nov 25 07:00:42 kallphone kallphone[312]: I line: registered with sip.kall.example:5061, 12 ms
Nov 25 07:00:43 kallphone kernel: mmc0: new ultra high speed SDR104 SDHC card at address aaaa
Nov 25 07:00:44 kallphone kernel: usb 1-1.2: New USB device found, idVendor=0d8c, idProduct=0014
Nov 25 07:00:45 kallphone kallphone[312]: W display: I2C bus 1 runs at 100 kHz; 2026-11-25 07:00:45
Nov 25 07:00:46 kallphone kallphone[312]: E line: HTTPSConnectionPool(host='api.kall.example', port=8443)
192.168.1.7/24 brd 192.168.1.255 scope global wlan0, build 1795590041, 5 pinned, 48000 Hz
"""


def test_what_a_helper_wants_to_see_stays() -> None:
    assert Redactor(["Anna Müller"], [OWN]).clean(ORDINARY + OWN) == ORDINARY + OWN


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("psk=hunter22", f"psk={REDACTED}"),
        ('password = "two words"', f"password = {REDACTED}"),
        ("PIN 4711 wrong", f"PIN {REDACTED} wrong"),
        ("CheckPin(pin='4711')", f"CheckPin(pin={REDACTED})"),
        ("the pin is 4711", f"the pin is {REDACTED}"),
        ("Authorization: Bearer abc def", f"Authorization: {REDACTED}"),
        ("https://rpc:key1@rpc.example/x", f"https://{REDACTED}@rpc.example/x"),
        ("call from 234 567 8901 refused", f"call from {REDACTED} refused"),
        ("tel +49 30 901820", f"tel {REDACTED}"),
        ("0x" + "5a" * 20, REDACTED),
        ("key " + "5a" * 32, f"key {REDACTED}"),
        ("/v3/" + "5a" * 16 + " x", f"/v3/{REDACTED} x"),
        ("wlan0: b8:27:eb:12:34:56", f"wlan0: b8:27:eb:{REDACTED}"),
        ("1 abandon 2 ability 3 able 4 about", f"1 {REDACTED}"),
    ],
)
def test_forms_of_secrets(text: str, cleaned: str) -> None:
    assert Redactor().clean(text) == cleaned


def test_known_names_go_whole_words_only() -> None:
    redactor = Redactor(["Al", "Anna Müller", "2345678901"])
    assert redactor.clean("Al called also ANNA  MÜLLER, Alarm") == f"{REDACTED} called also {REDACTED}, Alarm"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("system/wpa_supplicant.conf", f"network={{\n\tssid={'Café 5'.encode().hex()}\n}}\n"),
        ("system/wpa_supplicant.conf", 'network={\n\tssid="Café 5"\n}\n'),
        ("boot/kallphone.toml", '[wifi]\nssid = "Café 5" # downstairs\n'),
        ("boot/kallphone.toml", '[wifi]\nssid = "Caf\\u00e9 5"\n[key]\nwords = ["a"]\n'),
        ("boot/kallphone.toml", "wifi = { ssid = 'Café 5', password = 'x' }\n"),
        ("boot/kallphone.toml", "[wifi]\nssid = 'Café 5'\n[[broken\n"),
        ("state/provisioned.toml", 'wifi = "Café 5"\n'),
    ],
)
def test_names_of_networks_are_known_however_they_are_written(
    tmp_path: Path, path: str, content: str
) -> None:
    machine = FakeMachine(tmp_path, {path: content})
    tables, wifi = (Path("boot/kallphone.toml"),), Path("system/wpa_supplicant.conf")
    redactor = Redactor(secrets_of(machine, Path("state"), tables, wifi))
    told = "joined Café 5: good"
    assert redactor.clean(told) == f"joined {REDACTED}: good"
    if not path.startswith("boot"):
        told = "Trying to associate with SSID 'Caf\\xc3\\xa9 5'"
        assert redactor.clean(told) == f"Trying to associate with SSID '{REDACTED}'"


NAMES = st.text("abcdefghijklmnopqrstuvwxyzäöüßéñ", min_size=5, max_size=12).map(lambda name: "Q" + name)
NUMBERS = st.from_regex(r"\A[2-9][0-9]{9}\Z")
PINS = st.from_regex(r"\A[0-9]{4,8}\Z")
PASSWORDS = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!$%&/()=?+*", min_size=8, max_size=20)
FILLER = st.sampled_from(["registered", "W sip:", "<", "'", '"', "(", "=", ", ", "\t", "at 07:00:41", "->"])

SECRETS = st.fixed_dictionaries(
    {
        "key": st.binary(min_size=32, max_size=32),
        "entropy": st.binary(min_size=16, max_size=16),
        "signature": st.binary(min_size=65, max_size=65),
        "credential": st.binary(min_size=8, max_size=8),
        "pin": PINS,
        "wifi": PASSWORDS,
        "name": NAMES,
        "number": NUMBERS,
        "stranger": NUMBERS,
        "account": st.binary(min_size=20, max_size=20),
    }
)


def spelled(secrets: dict[str, Any]) -> list[str]:
    """Ways in which they might get into a text."""
    number, stranger = secrets["number"], secrets["stranger"]
    turn = base64.b64encode(hmac.digest(b"shared", secrets["credential"], "sha1")).decode()
    return [
        secrets["key"].hex(),
        "0x" + secrets["key"].hex().upper(),
        base64.b64encode(secrets["key"]).decode(),
        " ".join(words_of(secrets["entropy"])),
        "\n".join(f"{place} {word}" for place, word in enumerate(words_of(secrets["entropy"]), 1)),
        "0x" + secrets["signature"].hex(),
        f"pin={secrets['pin']}",
        f"PIN {secrets['pin']}",
        json.dumps({"pin": secrets["pin"], "password": turn, "psk": secrets["wifi"]}),
        turn,
        f"username 1795590041:0x{secrets['account'].hex()}",
        secrets["wifi"],
        secrets["name"],
        secrets["name"].upper(),
        number,
        f"{number[:3]} {number[3:6]} {number[6:]}",
        f"sip:{stranger}@kall.example",
        f"+49 {stranger[1:4]} {stranger[4:]}",
        f"0x{secrets['account'].hex()}",
    ]


def bare(secrets: dict[str, Any]) -> list[str]:
    """What must not be read anywhere, digits and letters alone."""
    turn = base64.b64encode(hmac.digest(b"shared", secrets["credential"], "sha1")).decode()
    number, stranger = secrets["number"], secrets["stranger"]
    return [
        secrets["key"].hex(), base64.b64encode(secrets["key"]).decode(), secrets["signature"].hex(), turn,
        " ".join(words_of(secrets["entropy"])[:4]), secrets["wifi"], secrets["name"], number,
        f"{number[:3]} {number[3:6]} {number[6:]}", stranger, secrets["account"].hex(),
        f"pin={secrets['pin']}", f"pin {secrets['pin']}", f'"pin": "{secrets["pin"]}"',
    ]  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secrets=SECRETS, filler=st.lists(FILLER, min_size=1, max_size=4), data=st.data())
def test_planted_secrets_are_in_no_file_of_the_export(
    tmp_path: Path, secrets: dict[str, Any], filler: list[str], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(spelled(secrets)))
    planted = "".join(f"Nov 25 x {filler[at % len(filler)]} {each} .\n" for at, each in enumerate(order))
    machine, layout = planted_phone(tmp_path, secrets, planted)
    archive = collect(
        machine, layout, layout.config, layout.state, lambda: [good("names", "{why}", why=planted)], OWN
    )
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        texts = {name: opened.read(name).decode() for name in opened.namelist()}
    for name, text in texts.items():
        for secret in bare(secrets):
            assert secret.casefold() not in text.casefold(), f"{secret!r} is in {name}"
    assert OWN in texts["status.json"]
    assert "Started kallphone.service" in texts["journal.txt"]
    assert json.loads(texts["doctor.json"])[0]["check"] == "names"


def planted_phone(folder: Path, secrets: dict[str, Any], planted: str) -> tuple[FakeMachine, Layout]:
    layout = Layout()
    config = (
        f'[phone]\ncountry = "de"\nvoicemail = "{secrets["number"]}"\n'
        f'[wifi]\nssid = "home"\npassword = {json.dumps(secrets["wifi"])}\n'
        f'[setup]\npin = "{secrets["pin"]}"\n'
        f'words = "{" ".join(words_of(secrets["entropy"]))}"\n'
    )
    files = {
        str(layout.config): config,
        str(
            layout.system / "wpa_supplicant.conf"
        ): f'network={{\n ssid="home"\n psk="{secrets["wifi"]}"\n}}\n',
        str(layout.status): json.dumps({"mode": "phone", "account": OWN, "token": secrets["key"].hex()}),
        str(layout.release): '{"version": "1.0", "build": 1}',
    }
    answers = {
        JOURNAL: ORDINARY + planted,
        "dmesg": planted,
        "ip addr": planted,
        "dpkg-query --show": "a\t1\n",
    }
    machine = FakeMachine(folder, files, answers)
    file = machine.path(layout.state / "phone.sqlite")
    for old in file.parent.glob("phone.sqlite*"):
        old.unlink()
    database = Database(file)
    ContactStore(database).save(Contact(secrets["number"], secrets["name"]))
    database.close()
    return machine, layout


def test_settings_are_shown_by_what_they_are_called() -> None:
    assert plain_config('[phone]\ncountry = "de"\nowner = "0x1"\n') == {
        "phone": {"country": "de", "owner": REDACTED}
    }
    shown = plain_config('[ledger]\nrpc = ["https://rpc.example:1/v3/abc?key=d"]\napi = "ftp://x"\n')
    assert shown == {"ledger": {"rpc": ["https://rpc.example:1"], "api": REDACTED}}
    assert "line 1" in str(plain_config("[phone]]")["unreadable"])


def test_a_damaged_database_and_a_missing_one_stop_nothing(tmp_path: Path) -> None:
    machine, layout = FakeMachine(tmp_path), Layout()
    assert collect(machine, layout, layout.config, layout.state, list)
    machine.write(str(layout.state / "phone.sqlite"), "no database")
    assert collect(machine, layout, layout.config, layout.state, list)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(machine.path(layout.state / "phone.sqlite")).execute("SELECT * FROM contacts")


def test_a_full_disk_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.zip"
    write_whole(file, b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kallphone.doctor.diagnostics.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_no_link_is_followed_to_what_it_names(tmp_path: Path) -> None:
    file, victim = tmp_path / "exported.json", tmp_path / "passwd"
    victim.write_bytes(b"root")
    for link in (file, tmp_path / ".exported.json.part"):
        link.symlink_to(victim)
        write_whole(file, b"{}")
        assert (victim.read_bytes(), file.read_bytes(), file.is_symlink()) == (b"root", b"{}", False)


def test_the_redactor_does_not_run_away() -> None:
    """A journal of a megabyte, and the worst that forms can be given."""
    redactor = Redactor([f"name{n}" for n in range(500)])
    assert len(redactor.clean(ORDINARY * 1500)) == 1500 * len(ORDINARY)
    for worst in ("a" * 20_000, "0x" * 10_000, "pin " * 5_000, "+49 " * 5_000, "zoo " * 5_000, "-" * 20_000):
        assert isinstance(redactor.clean(worst), str)
    assert re.fullmatch(r"\[redacted\]\s*", redactor.clean("zoo " * 50))
