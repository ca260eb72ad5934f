"""Diagnostics on their way out of the phone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from kallphone.device.layout import Layout
from kallphone.doctor import stick
from kallphone.doctor.desk import EXPORT_S, EXPORTED, DeviceDesk, device_facts
from kallphone.phone.device import DeviceAction, DeviceFacts
from kallphone.phone.events import DeviceAnswered, Event
from tests.device.usb import plug
from tests.doctor.fakes import FakeMachine

REMOUNT = "mount -o remount,{} /boot/firmware"


class Sockets(FakeMachine):
    """With USB disks below /sys; `mountable` can be mounted, and then a file is seen in `carried`."""

    def __init__(self, root: Path, *, mountable: Sequence[str] = (), remounts: bool = True) -> None:
        super().__init__(root)
        self.mountable = mountable
        self.remounts = remounts
        self.carried: dict[str, bytes] = {}
        self._at: dict[str, str] = {}

    def plug(self, *names: str, bus: str = "usb1/1-1") -> None:
        plug(self.root, *names, bus=bus)

    def attempt(self, command: Sequence[str]) -> tuple[int, str] | None:
        self.ran.append(" ".join(command))
        match list(command):
            case ["mount", "-o", ("remount,rw" | "remount,ro"), _]:
                return (0, "") if self.remounts else (1, "")
            case ["mount", "-o", _, device, folder]:
                self._at[folder] = device
                return (0, "") if device in self.mountable else (1, "")
            case ["umount", folder]:
                self.carried[self._at[folder]] = (Path(folder) / stick.NAME).read_bytes()
                return 0, ""
            case _:
                return None


def test_a_stick_takes_them_and_may_be_pulled_out(tmp_path: Path) -> None:
    machine = Sockets(tmp_path, mountable=["/dev/sda2"])
    machine.plug("sda", "sda1", "sda2")
    assert "USB stick" in stick.save(machine, Layout(), b"zip")
    assert machine.carried == {"/dev/sda2": b"zip"}
    assert machine.ran[-1].startswith("umount ")


def test_a_stick_without_partitions_is_one(tmp_path: Path) -> None:
    machine = Sockets(tmp_path, mountable=["/dev/sdb"])
    machine.plug("sdb")
    assert stick.save(machine, Layout(), b"zip")
    assert machine.carried == {"/dev/sdb": b"zip"}


def test_a_disk_within_is_no_stick(tmp_path: Path) -> None:
    machine = Sockets(tmp_path, mountable=["/dev/sda1"])
    machine.plug("sda", "sda1", bus="pci0/ata1")
    machine.path("/boot/firmware").mkdir(parents=True)
    stick.save(machine, Layout(), b"zip")
    assert machine.carried == {}


def test_without_a_stick_the_card_takes_them_and_is_read_only_again(tmp_path: Path) -> None:
    machine = Sockets(tmp_path)
    machine.path("/boot/firmware").mkdir(parents=True)
    assert "card" in stick.save(machine, Layout(), b"zip")
    assert machine.path(f"/boot/firmware/{stick.NAME}").read_bytes() == b"zip"
    assert machine.ran == [REMOUNT.format("rw"), REMOUNT.format("ro")]


def test_where_nothing_takes_them_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(stick.NothingToWriteOn, match="Plug in a USB stick"):
        stick.save(Sockets(tmp_path, remounts=False), Layout(), b"zip")
    full = Sockets(tmp_path)  # no folder to write into: as a disk that is full
    with pytest.raises(stick.NothingToWriteOn):
        stick.save(full, Layout(), b"zip")
    assert full.ran[-1] == REMOUNT.format("ro")


class Box:
    """A root that does what it is asked, at once; `says` is what it leaves."""

    def __init__(self, folder: Path, says: str = "", *, broken: bool = False) -> None:
        self.layout = Layout(run=folder)
        self.says, self.broken = says, broken
        self.asked: list[str] = []
        self.left: list[str] = []
        self.events: list[Event] = []
        self.time = 0.0

    def request(self, name: str) -> None:
        if self.broken:
            raise OSError(28, "No space left on device")
        self.asked.append(name)
        if self.says:
            (self.layout.run / EXPORTED).write_text(self.says)

    def clock(self) -> float:
        """One look, then the time is over."""
        self.time += 0.6 * EXPORT_S
        return self.time

    def ask(self, action: DeviceAction) -> list[Event]:
        desk = DeviceDesk(
            self.layout, DeviceFacts("1", "2"), self.events.append,
            leave=self.left.append, request=self.request, clock=self.clock,
        )  # fmt: skip
        desk._asked(action) if not action.ends_the_phone else desk.ask(action)
        return self.events


def test_root_says_what_came_of_an_export(tmp_path: Path) -> None:
    box = Box(tmp_path, json.dumps({"words": "Saved", "failed": False}))
    assert box.ask(DeviceAction.EXPORT) == [DeviceAnswered(DeviceAction.EXPORT, "Saved")]
    assert box.asked == ["export"]


def test_an_export_that_never_answers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kallphone.doctor.desk.LOOK_S", 0.0)
    (tmp_path / EXPORTED).write_text('{"words": "of an earlier one", "failed": false}')
    (event,) = Box(tmp_path).ask(DeviceAction.EXPORT)
    assert isinstance(event, DeviceAnswered)
    assert "No answer came" in event.words


def test_a_request_that_can_not_be_left_is_told(tmp_path: Path) -> None:
    (event,) = Box(tmp_path, broken=True).ask(DeviceAction.UPDATE)
    assert isinstance(event, DeviceAnswered)
    assert "could not be asked" in event.words


def test_an_update_is_asked_for_and_answers_by_itself(tmp_path: Path) -> None:
    box = Box(tmp_path)
    assert box.ask(DeviceAction.UPDATE) == []
    assert box.asked == ["update"]


@pytest.mark.parametrize(
    ("action", "mode"),
    [(DeviceAction.SELF_TEST, "doctor"), (DeviceAction.SETUP, "setup"), (DeviceAction.ERASE, "reset")],
)
def test_other_modes_end_the_phone(tmp_path: Path, action: DeviceAction, mode: str) -> None:
    box = Box(tmp_path)
    box.ask(action)
    assert (box.left, box.asked) == ([mode], [])


def test_what_the_box_is(tmp_path: Path) -> None:
    layout = Layout()
    files = {str(layout.release): '{"version": "1.4"}', "/proc/device-tree/serial-number": "10000000abcd\0"}
    assert device_facts(FakeMachine(tmp_path, files), layout) == DeviceFacts("1.4", "10000000abcd")
    assert device_facts(FakeMachine(tmp_path / "none"), layout) == DeviceFacts("?", "?")
