import logging
import os
import traceback
from pathlib import Path

import pytest

from kallphone.storage import files
from kallphone.storage.errors import KeyDamaged, KeyExists, KeyMissing, PinNeeded, WrongPin
from kallphone.storage.key import KeyFile


@pytest.fixture
def key_file(tmp_path: Path):
    return KeyFile(tmp_path / "account.key", tmp_path / "device" / "secret")


def test_a_key_without_a_pin_opens_on_its_device(key_file: KeyFile):
    account = key_file.create()
    assert not key_file.needs_pin()
    assert key_file.open().address == account.address


def test_a_key_without_a_pin_does_not_open_on_another_device(key_file: KeyFile, tmp_path: Path):
    key_file.create()
    thief = KeyFile(key_file.path, tmp_path / "other" / "secret")
    with pytest.raises(KeyMissing, match="is gone"):
        thief.open()
    KeyFile(tmp_path / "another.key", tmp_path / "other" / "secret").create()
    with pytest.raises(KeyDamaged, match="does not open"):
        thief.open()


def test_a_pin_opens_and_a_wrong_one_does_not(key_file: KeyFile):
    account = key_file.create("4711")
    assert key_file.needs_pin()
    assert key_file.open("4711").address == account.address
    with pytest.raises(WrongPin, match="try again"):
        key_file.open("4712")
    with pytest.raises(PinNeeded):
        key_file.open()


def test_the_pin_can_be_changed_and_taken_off(key_file: KeyFile):
    account = key_file.create("4711")
    key_file.change_pin("4711", None)
    assert key_file.open().address == account.address
    key_file.change_pin(None, "0815")
    assert key_file.open("0815").address == account.address
    with pytest.raises(WrongPin):
        key_file.change_pin("4711", "1")
    assert key_file.open("0815").address == account.address


def test_a_key_is_never_replaced_by_a_new_one(key_file: KeyFile):
    account = key_file.create()
    with pytest.raises(KeyExists, match="lose the money"):
        key_file.create()
    assert key_file.open().address == account.address


def test_only_the_owner_reads_the_files(key_file: KeyFile):
    key_file.create()
    for path in (key_file.path, key_file.path.parent / "device" / "secret"):
        assert path.stat().st_mode & 0o777 == 0o600
    key_file.path.chmod(0o644)
    with pytest.raises(KeyDamaged, match="chmod 600"):
        key_file.open()


def test_the_disk_never_holds_the_bare_key(key_file: KeyFile):
    account = key_file.create()
    for file in key_file.path.parent.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert account.export_key() not in content
            assert account.export_key().hex().encode() not in content


def test_a_missing_and_a_damaged_key_are_told_apart(key_file: KeyFile):
    with pytest.raises(KeyMissing, match="no account yet"):
        key_file.open()
    account = key_file.create("4711")
    content = key_file.path.read_bytes()
    key_file.path.write_bytes(content[:-1])
    with pytest.raises(KeyDamaged):
        key_file.open("4711")
    key_file.path.write_bytes(content)
    assert key_file.open("4711").address == account.address


def test_a_power_cut_while_writing_leaves_the_old_key(key_file: KeyFile, monkeypatch: pytest.MonkeyPatch):
    account = key_file.create()

    def power_cut(handle: int) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(files.os, "fsync", power_cut)
    with pytest.raises(OSError, match="power cut"):
        key_file.change_pin(None, "4711")
    monkeypatch.undo()
    assert key_file.open().address == account.address
    assert sorted(p.name for p in key_file.path.parent.iterdir()) == ["account.key", "device"]


def test_no_words_hold_a_secret(key_file: KeyFile, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    account = key_file.create("sesame")
    secret = account.export_key()
    with pytest.raises(WrongPin) as caught:
        key_file.open("opensesam")
    words = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(account) + repr(key_file)
    assert secret.hex() not in words
    assert "sesame" not in words.replace("key_file.open", "")
    assert os.fsdecode(key_file.path) in str(caught.value)
