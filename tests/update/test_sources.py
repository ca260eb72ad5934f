"""Folders and USB sticks as sources, which of them a phone looks at, and what names the server."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from kallphone.update.box import memory_folder, open_box, read_settings, sources
from kallphone.update.card import Card
from kallphone.update.disk import Disk
from kallphone.update.errors import CardTrouble, Refused, Unreachable
from kallphone.update.install import Box, Updater
from kallphone.update.signing import sign_release, trust_list
from kallphone.update.sources import STICK_FOLDER, Folder
from tests.device.usb import plug

KEY = SigningKey(bytes([7] * 32))


class Sticks:
    """Mounts a folder in place of each device of that name; others hold nothing that a kernel can read."""

    def __init__(self, sticks: dict[str, Path]) -> None:
        self._sticks = sticks
        self.mounted: list[Path] = []

    def mount(self, device: Path, folder: Path, kind: str | None) -> None:
        if device.name not in self._sticks:
            raise CardTrouble("wrong fs type")
        shutil.copytree(self._sticks[device.name], folder, dirs_exist_ok=True)
        self.mounted.append(folder)

    def unmount(self, folder: Path) -> None:
        for inside in folder.iterdir():
            shutil.rmtree(inside)
        self.mounted.remove(folder)

    def writable(self, folder: Path) -> None:
        raise AssertionError("looking for updates writes nothing")

    read_only = writable


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "stick" / STICK_FOLDER
    folder.mkdir(parents=True)
    (folder / "system.squashfs").write_bytes(bytes(range(256)) * 40)
    sign_release(folder, "2.0", 2000, KEY)
    return folder


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A phone that runs build 1000 from system a."""
    root = tmp_path / "root"
    for name, content in (
        ("usr/share/kallphone/release.json", b'{"version": "1.0", "build": 1000}'),
        ("usr/share/kallphone/update-keys.json", trust_list([bytes(KEY.verify_key)])),
        ("proc/cmdline", b"boot=kall kall.slot=a quiet\n"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return open_box(root)


def test_a_stick_is_taken_before_the_server_and_left_as_it_was(
    tmp_path: Path, box: Box, release: Path
) -> None:
    plug(tmp_path, "sda", "sda1", "sda2")
    plug(tmp_path, "sdb", "sdb1")
    (tmp_path / "photos/holiday").mkdir(parents=True)
    mounts = Sticks({"sda1": tmp_path / "photos", "sdb1": release.parent})
    phone = replace(box, card=Card(box.layout.boot, Disk(), mounts))
    memory_folder(box.layout).mkdir(parents=True)
    (memory_folder(box.layout) / "settings.toml").write_text('url = "https://updates.example/kallphone"\n')
    with sources(phone, read_settings(box.layout), None, tmp_path) as found:
        assert [source.name.endswith(STICK_FOLDER) for source in found] == [True, False]
        assert found[1].name == "https://updates.example/kallphone"
        offer = Updater(phone).check(found)
        assert offer.manifest.version == "2.0"
        content = b"".join(offer.source.stream(offer.manifest.file, offer.manifest.size))
        assert content == (release / "system.squashfs").read_bytes()
    assert mounts.mounted == []


def test_a_given_folder_is_the_only_source(box: Box, release: Path) -> None:
    with sources(box, read_settings(box.layout), release) as found:
        assert [source.name for source in found] == [str(release)]


def test_an_installers_address_goes_before_that_of_the_image(box: Box) -> None:
    box.layout.preset.write_text('[update]\nurl = "https://image.example"\nautomatic = false\n[phone]\n')
    assert read_settings(box.layout).url == "https://image.example"
    memory_folder(box.layout).mkdir(parents=True)
    (memory_folder(box.layout) / "settings.toml").write_text('url = "https://installer.example"\n')
    settings = read_settings(box.layout)
    assert (settings.url, settings.automatic) == ("https://installer.example", False)


def test_a_list_of_authorities_lies_beside_the_file_that_names_it(
    box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(box.layout).ca_file is None
    box.layout.preset.write_text('[update]\nca_file = "ca.pem"\n')
    assert read_settings(box.layout).ca_file == box.layout.share / "ca.pem"
    memory_folder(box.layout).mkdir(parents=True)
    own = memory_folder(box.layout) / "settings.toml"
    own.write_text('url = "https://installer.example"\n')
    assert read_settings(box.layout).ca_file == box.layout.share / "ca.pem"
    own.write_text('ca_file = "own.pem"\n')
    assert read_settings(box.layout).ca_file == own.with_name("own.pem")
    own.write_text('ca_file = "/etc/ssl/own.pem"\n')
    assert read_settings(box.layout).ca_file == Path("/etc/ssl/own.pem")


@pytest.mark.parametrize("text", ["url = 7", 'automatic = "no"', "ca_file = 1", "url = "])
def test_settings_that_make_no_sense_are_said(box: Box, text: str) -> None:
    memory_folder(box.layout).mkdir(parents=True)
    (memory_folder(box.layout) / "settings.toml").write_text(text)
    with pytest.raises(CardTrouble, match=r"settings of updates|can't be read"):
        read_settings(box.layout)


@pytest.mark.parametrize("length", [0, 10_239, 10_241])
def test_a_folder_whose_system_has_another_length_is_refused(release: Path, length: int) -> None:
    (release / "system.squashfs").write_bytes(bytes(length))
    with pytest.raises(Refused, match="has not the 10240 bytes"):
        list(Folder(release).stream("system.squashfs", 10_240))


def test_a_folder_says_what_is_missing_and_what_is_too_long(release: Path) -> None:
    folder = Folder(release)
    assert folder.read("no such file", 10) is None
    with pytest.raises(Refused, match="longer than 10 bytes"):
        folder.read("system.squashfs", 10)
    with pytest.raises(Unreachable, match="can't be read"):
        folder.read(".", 10)
    with pytest.raises(Unreachable, match="can't be read"):
        list(folder.stream("no such file", 10))
