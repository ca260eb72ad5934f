"""A real phone under a service manager's socket: real SIP, simulated hardware, no network."""

from __future__ import annotations

import fcntl
import json
import os
from importlib import resources
from pathlib import Path

import pytest

from kallphone.device.layout import Layout
from kallphone.device.modes import AGAIN
from kallphone.storage.key import key_in
from tests.device.fakes import Manager
from tests.device.test_service import DEPLOYMENT, Device, device, told

pytestmark = pytest.mark.sip

NOWHERE = "127.0.0.1:9"


@pytest.fixture
def configured(layout: Layout) -> Layout:
    example = resources.files("kallphone").joinpath("example.toml").read_text()
    for was, now in (("127.0.0.1:8545", NOWHERE), ("127.0.0.1:8443", NOWHERE), ('"state"', '"."')):
        assert was in example
        example = example.replace(was, now)
    layout.config.write_text(example)
    (layout.state / "deployment.json").write_text(json.dumps(DEPLOYMENT))
    key_in(layout.state).create()
    layout.release.write_text('{"version": "1", "build": 1790000000}')
    return layout


SELF_TEST = (("#", "Menu"), ("9", "My number"), ("8", "Check for update"), ("1", "go on"))


def used(layout: Layout) -> bool:
    handle = os.open(layout.in_use, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def lift(held: Device) -> None:
    held.order(hook="off")
    while held.next().get("event") != "OffHook":
        pass


def lower(held: Device) -> None:
    held.order(hook="on")
    while held.next().get("event") != "OnHook":
        pass


def test_it_is_ready_without_a_network_and_tells_whether_it_is_used(
    configured: Layout, tmp_path: Path, manager: Manager
) -> None:
    with device(tmp_path, manager) as held:
        assert manager.wait_for("READY=1").startswith("READY=1\nSTATUS=no line: ")
        assert manager.wait_for("WATCHDOG=1")
        status = told(configured)
        assert (status["mode"], status["registered"], status["busy"]) == ("phone", False, False)
        assert (status["release"], len(status["account"])) == (1790000000, 42)
        assert not used(configured)
        lift(held)
        manager.wait_for("STATUS=in use")
        assert used(configured)
        assert told(configured)["busy"]
        lower(held)
        manager.wait_for("STATUS=no line")
        assert not used(configured)
        assert not told(configured)["busy"]
        assert held.stop() == 0
        assert "STOPPING=1" in manager.heard()


def test_a_phone_that_is_killed_off_hook_holds_up_no_update(
    configured: Layout, tmp_path: Path, manager: Manager
) -> None:
    with device(tmp_path, manager) as held:
        manager.wait_for("READY=1")
        lift(held)
        manager.wait_for("STATUS=in use")
        held.kill()
        assert not used(configured)


def test_the_menus_self_test_asks_to_be_started_again_as_a_doctor(
    configured: Layout, tmp_path: Path, manager: Manager
) -> None:
    with device(tmp_path, manager) as held:
        manager.wait_for("READY=1")
        for key, title in SELF_TEST:
            held.order(press=key)
            held.shows(title)
        held.order(press="#")
        assert held.ended() == AGAIN
        assert configured.next_mode.read_text() == "doctor"
