import logging
import os
import traceback
from pathlib import Path

import pytest

from kallnet.account import address_from_hex
from kallphone.storage import files
from kallphone.storage.errors import (
    KeyDamaged,
    KeyExists,
    KeyMissing,
    NoWords,
    PinNeeded,
    StorageError,
    WordsWrong,
    WrongPin,
)
from kallphone.storage.key import KeyFile

DEVICE_SECRET = "dbc8816386ded800b17f35f409e6ee11ebcaf93afebe8da2979b1d0312e9e8c6"
KEY_OF_VERSION_1 = (
    "4b414c4c4b45593144db05d891ebb91ab4609558850b8d070220927240d33aca29f0d6775bb5884df78d927c7bdd6f4c"
    "0e25f8e73f8826de101b892ad39b19a13235d5f58d46ebdde1e35c814053fa9588402f2d17af40fe25c5608617e6ab1620"
)


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


def test_a_backup_restores_the_account_on_another_device(key_file: KeyFile, tmp_path: Path):
    account = key_file.create("4711")
    words = key_file.words("4711")
    other = KeyFile(tmp_path / "other" / "account.key", tmp_path / "other" / "secret")
    assert other.restore(words).address == account.address
    assert other.open().export_key() == account.export_key()
    assert other.words() == words


def test_the_words_are_kept_when_the_pin_changes(key_file: KeyFile):
    key_file.create()
    words = key_file.words()
    key_file.change_pin(None, "4711")
    assert key_file.words("4711") == words
    with pytest.raises(WrongPin):
        key_file.words("4712")


def test_a_key_from_before_words_opens_and_says_that_it_has_none(key_file: KeyFile):
    """Written by the version before backups."""
    key_file.path.parent.joinpath("device").mkdir()
    device = key_file.path.parent / "device" / "secret"
    for path, content in ((device, DEVICE_SECRET), (key_file.path, KEY_OF_VERSION_1)):
        path.write_bytes(bytes.fromhex(content))
        path.chmod(0o600)
    address = address_from_hex("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf")
    assert key_file.open().address == address
    with pytest.raises(NoWords, match="copy of its folder"):
        key_file.words()
    key_file.change_pin(None, "4711")
    assert key_file.open("4711").address == address
    with pytest.raises(NoWords):
        key_file.words("4711")


def test_a_key_is_replaced_only_when_that_is_said_and_kept_aside(key_file: KeyFile, tmp_path: Path):
    old = key_file.create()
    words = KeyFile(tmp_path / "b" / "account.key", tmp_path / "b" / "secret")
    new = words.create()
    with pytest.raises(KeyExists):
        key_file.restore(words.words())
    assert key_file.open().address == old.address
    key_file.restore(words.words(), replace=True)
    assert key_file.open().address == new.address
    key_file.restore(words.words(), replace=True)
    kept = key_file.path.with_name("account.key.old-1")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert KeyFile(kept, tmp_path / "device" / "secret").open().address == old.address
    second = KeyFile(key_file.path.with_name("account.key.old-2"), tmp_path / "device" / "secret")
    assert second.open().address == new.address


def test_wrong_words_and_a_power_cut_leave_the_key_as_it_was(
    key_file: KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    account = key_file.create()
    with pytest.raises(WordsWrong):
        key_file.restore(["zoo"] * 12, replace=True)
    words = ["test"] * 11 + ["junk"]

    def power_cut(*_: object, **__: object) -> None:
        raise StorageError("power cut")

    monkeypatch.setattr("kallphone.storage.key.write_private", power_cut)
    with pytest.raises(StorageError, match="power cut"):
        key_file.restore(words, replace=True)
    monkeypatch.undo()
    assert key_file.open().address == account.address


def test_no_repr_holds_the_entropy(key_file: KeyFile):
    key_file.create()
    secret = key_file._unsealed(None)
    assert secret.entropy.hex() not in repr(secret)
    assert repr(secret.entropy) not in repr(secret)
    content = key_file.path.read_bytes()
    assert secret.entropy not in content
