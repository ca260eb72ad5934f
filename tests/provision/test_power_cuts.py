from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from kallphone.config import load_config
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from tests.provision.card import COMPLETE, OTHER_WORDS, WORDS, Card
from tests.provision.conftest import make_layout
from tests.provision.power import cut_before

LATER = f"""
[phone]
country = "ch"
[wifi]
ssid = "Office"
password = "another horse"
[owner]
pin = "123456"
[key]
words = "{OTHER_WORDS}"
replace = true
[installer]
ssh_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtqpxVnxoXsLzDDLFxW"
device_file = true
[settings]
speak_digits = true
[display]
rotate = 2
"""


def kept(card: Card) -> dict[str, Any]:
    """All that counts after a start."""
    layout = card.layout
    with closing(Database(layout.state / "phone.sqlite")) as database:
        lock = PinLock(database)
        pins = [pin for pin in ("4711", "123456") if lock.holds(pin)]
        rows = [tuple(row) for row in database.rows("SELECT * FROM settings WHERE name = 'phone'")]
    files = [layout.config, layout.state / "provisioned.toml", layout.system / "wpa_supplicant.conf",
             layout.state / "pins.toml", layout.system / "ssh" / "authorized_keys", card.file]  # fmt: skip
    record = json.loads((layout.system / "provision.json").read_text())
    texts = [file.read_text() if file.exists() else None for file in files]
    devices = sorted(path.name for path in layout.boot.glob("device-*"))
    return {
        "pins": pins, "rows": rows, "texts": texts, "words": key_in(layout.state).words(), "record": record,
        "devices": devices, "errors": card.errors,
    }  # fmt: skip


def check_nothing_is_half(card: Card, text: str, words: set[str]) -> None:
    """In the moment after the cut, as the next start finds it."""
    layout = card.layout
    key = key_in(layout.state)
    if key.exists():
        assert " ".join(key.words()) in words
    if layout.config.exists():
        load_config(layout.config)
    for file in layout.data.rglob("*.toml"):
        tomllib.loads(file.read_text())
    if card.text != text:
        # The secrets are gone: then all of them are applied.
        assert "password was taken out" in card.text
        last = text.split('words = "')[1].split('"')[0]
        assert " ".join(key.words()) == last
        pin = text.split('pin = "')[1].split('"')[0]
        with closing(Database(layout.state / "phone.sqlite")) as database:
            assert PinLock(database).holds(pin)
        assert layout.config.exists()


def cuts(tmp_path: Path, prepare: Callable[[Card], None], text: str, words: set[str]) -> int:
    whole = Card(make_layout(tmp_path / "whole"))
    prepare(whole)
    assert whole.start(text) == ()
    expected = json.dumps(kept(whole), default=str).replace(str(whole.layout.data), "")
    for change in range(200):
        card = Card(make_layout(tmp_path / str(change)))
        prepare(card)
        card.file.write_text(text)
        if not cut_before(change, card.provisioning().run):
            return change
        check_nothing_is_half(card, text, words)
        assert card.start() == (), f"after a cut before change {change}"
        found = json.loads(json.dumps(kept(card), default=str).replace(str(card.layout.data), ""))
        assert found == json.loads(expected), f"after a cut before change {change}"
        assert card.start() == ()
    raise AssertionError("it never ended")


def test_no_moment_of_a_first_start_loses_anything(tmp_path: Path):
    assert cuts(tmp_path, lambda card: None, COMPLETE, {WORDS}) > 20


def test_no_moment_of_a_later_change_loses_anything(tmp_path: Path):
    def used(card: Card) -> None:
        card.start(COMPLETE)

    assert cuts(tmp_path, used, LATER, {WORDS, OTHER_WORDS}) > 20


def test_cut_after_cut_the_file_is_applied_in_the_end(tmp_path: Path):
    card = Card(make_layout(tmp_path))
    card.file.write_text(COMPLETE)
    with suppress(StopIteration):
        for change in (1, 3, 5, 8, 13, 21):
            cut_before(change, card.provisioning().run)
    assert card.start() == ()
    assert " ".join(key_in(card.layout.state).words()) == WORDS
    assert "correct horse" not in card.text


@pytest.mark.parametrize("change", [2, 6, 10])
def test_a_power_cut_and_an_edit_by_hand(tmp_path: Path, change: int):
    card = Card(make_layout(tmp_path))
    card.file.write_text(COMPLETE)
    assert cut_before(change, card.provisioning().run)
    assert card.start(COMPLETE.replace('"at"', '"ch"')) == ()
    assert load_config(card.layout.config).country == "ch"
