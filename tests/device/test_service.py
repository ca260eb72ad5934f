"""The whole command in a process of its own, under a service manager's socket, its hardware simulated."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from kallphone.device.layout import Layout
from kallphone.device.modes import AGAIN, Damage, wish_for
from kallphone.device.notify import Notifier
from kallphone.device.service import FAILED, DeviceService
from kallphone.storage.key import key_in
from tests.device.fakes import Manager

PATIENCE_S = 60.0


class Device:
    """`kallphone device --panel`, seen and touched as by a hand."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.seen: list[dict[str, Any]] = []

    def order(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def shows(self, words: str) -> str:
        """Reads on until the screen has these words."""
        while True:
            said = self.next()
            screen = " ".join(said.get("screen", ()))
            if words in screen:
                return screen

    def blinks(self) -> bool:
        while "lights" not in (said := self.next()):
            pass
        return bool(said["lights"]["line"] == "blinking")

    def ended(self) -> int:
        return self._process.wait(PATIENCE_S)

    def kill(self) -> None:
        self._process.kill()
        self.ended()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self.ended()

    def next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the device ended"
        said: dict[str, Any] = json.loads(line)
        self.seen.append(said)
        return said


@contextmanager
def device(root: Path, manager: Manager) -> Iterator[Device]:
    command = [sys.executable, "-m", "kallphone", "device", "--root", str(root), "--panel"]
    environment = {**os.environ, "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "60000000"}
    environment.pop("WATCHDOG_PID", None)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield Device(process)
        finally:
            process.kill()


def told(layout: Layout) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(layout.status.read_text())
    return status


def test_a_phone_without_its_partition_tells_so_until_it_is_stopped(
    layout: Layout, tmp_path: Path, manager: Manager
) -> None:
    layout.preset.write_text('[phone]\nlanguage = "de"\n')
    layout.state.rmdir()
    layout.system.rmdir()
    layout.data.rmdir()
    with device(tmp_path, manager) as held:
        assert manager.wait_for("READY=1") == f"READY=1\nSTATUS={Damage.MISSING.value}"
        assert "Ausschalten" in held.shows("Speicherkarte")
        assert held.blinks()
        assert told(layout)["mode"] == "damage"
        assert manager.wait_for("WATCHDOG=1")
        assert held.stop() == 0
    assert not layout.data.exists(), "nothing may be made where the partition belongs"


def test_a_reset_that_is_confirmed_asks_root(layout: Layout, tmp_path: Path, manager: Manager) -> None:
    (layout.state / "account.key").write_bytes(b"not readable at all")
    wish_for(layout, "reset")
    with device(tmp_path, manager) as held:
        assert "12 words" in held.shows("Erase this phone")
        held.order(press="5")
        held.shows("Erasing")
        assert (layout.requests / "reset").exists()
        assert held.stop() == 0
    assert (layout.state / "account.key").exists(), "that is root's to do"


def test_the_holder_of_a_doctor_may_quit(layout: Layout, tmp_path: Path, manager: Manager) -> None:
    wish_for(layout, "doctor")
    with device(tmp_path, manager) as held:
        held.shows("Keypad")
        assert told(layout)["mode"] == "doctor"
        held.order(quit=True)
        assert held.ended() == 0


def test_a_doctor_that_is_stopped_does_not_become_a_phone(
    layout: Layout, tmp_path: Path, manager: Manager
) -> None:
    wish_for(layout, "doctor")
    with device(tmp_path, manager) as held:
        held.shows("Keypad")
        assert held.stop() == 0
    assert told(layout)["mode"] == "doctor"


CONTRACTS = ("KallCoin", "KallRegistry", "KallEscrow", "KallRating", "KallSpec", "KallKrypton")
DEPLOYMENT = {
    "network_api_version": 1,
    "chain_id": 1,
    "block": 1,
    "contracts": {name: f"0x{number:040x}" for number, name in enumerate(CONTRACTS, 1)},
}


@pytest.fixture
def complete(layout: Layout) -> Layout:
    """A phone that could start."""
    example = resources.files("kallphone").joinpath("example.toml").read_text()
    layout.config.write_text(example.replace('"state"', '"."'))
    (layout.state / "deployment.json").write_text(json.dumps(DEPLOYMENT))
    key_in(layout.state).create()
    return layout


@pytest.mark.parametrize("name", ["kallphone.toml", "deployment.json", "account.key", "phone.sqlite"])
def test_what_cannot_be_read_is_told(complete: Layout, tmp_path: Path, manager: Manager, name: str) -> None:
    layout = complete
    content = b"\xffrubbish" * 1024
    (layout.state / name).write_bytes(content)
    (layout.state / name).chmod(0o600)
    with device(tmp_path, manager) as held:
        assert manager.wait_for("READY=1") == f"READY=1\nSTATUS={Damage.UNREADABLE.value}"
        assert "12 words" in held.shows("can't be read")
        assert told(layout)["mode"] == "damage"
        assert manager.wait_for("WATCHDOG=1")
        assert held.stop() == 0
    assert (layout.state / name).read_bytes() == content


def test_a_phone_without_its_key_makes_no_other(complete: Layout, tmp_path: Path, manager: Manager) -> None:
    (complete.state / "account.key").unlink()
    with device(tmp_path, manager) as held:
        assert "12 words" in held.shows("can't be read")
        assert held.stop() == 0
    assert not (complete.state / "account.key").exists()


def test_a_page_about_damage_ends_as_a_failure(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    layout.config.write_text("[phone]\n")
    shown: list[Exception] = []

    def show(_stage: object, error: Exception, _words: object) -> bool:
        shown.append(error)
        return True

    monkeypatch.setattr("kallphone.device.service.show_unreadable", show)
    assert service(layout).run() == FAILED
    assert "section [ledger] is missing" in str(shown[0])


class Programs:
    """In place of wizard and doctor: notes what was run, and leaves behind what is written down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run: list[str] = []
        self.leaves: dict[str, Any] = {}
        monkeypatch.setattr("kallphone.device.service._set_up", self._program("setup"))
        monkeypatch.setattr("kallphone.device.service._examine", self._program("doctor"))
        monkeypatch.setattr(DeviceService, "_be_a_phone", lambda _: self.run.append("phone") or 0)

    def _program(self, name: str) -> Any:
        def program(layout: Layout, *, panel: bool, pins: Path | None) -> bool:
            self.run.append(name)
            leave = self.leaves.get(name)
            return True if leave is None else bool(leave())

        return program


def service(layout: Layout) -> DeviceService:
    return DeviceService(layout, Notifier(), panel=True, is_mounted=os.path.isdir)


def test_a_wizard_that_is_done_is_followed_by_the_phone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs(monkeypatch)
    programs.leaves["setup"] = lambda: layout.config.write_text("[phone]\n")
    assert service(layout).run() == 0
    assert programs.run == ["setup", "phone"]


def test_a_wizard_that_left_nothing_gets_a_fresh_start(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs(monkeypatch)
    assert service(layout).run() == AGAIN
    assert programs.run == ["setup"]


def test_a_wizard_that_was_stopped_is_followed_by_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs(monkeypatch)
    programs.leaves["setup"] = lambda: False
    assert service(layout).run() == 0
    assert programs.run == ["setup"]


def test_a_doctor_is_followed_by_what_the_phone_was(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs(monkeypatch)
    layout.config.write_text("[phone]\n")
    wish_for(layout, "doctor")
    assert service(layout).run() == 0
    assert programs.run == ["doctor", "phone"]


def test_a_phones_own_pin_table_comes_first_and_a_broken_one_is_named(
    layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    assert service(layout)._pins_file() is None
    (layout.state / "pins.toml").write_text("[hook\n")
    assert service(layout)._pins_file() == layout.state / "pins.toml"
    assert service(layout)._load_pins().keypad.layout[3] == "*0#"
    assert "not valid TOML" in caplog.text
