from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kallphone.device.attendant import is_used, status_words
from kallphone.device.in_use import InUse
from kallphone.device.layout import Layout
from kallphone.device.status import Status, StatusFile, release_build
from kallphone.phone.events import CallId
from kallphone.phone.states import Caller, DialTone, Idle, Line, LineStep, Phone, Reminding, Ringing, Waiting


class Clock:
    now = 1000.9

    def __call__(self) -> float:
        return self.now


def told(layout: Layout) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(layout.status.read_text())
    return value


def test_everything_is_told(layout: Layout) -> None:
    status = StatusFile(layout.status, Status("phone", release=17), Clock())
    status.show(registered=True, busy=False, account="0x12")
    assert told(layout) == {
        "mode": "phone", "registered": True, "registered_since": 1000, "busy": False, "account": "0x12",
        "release": 17, "spoke": 1000,
    }  # fmt: skip


def test_since_stays_while_registered_and_starts_anew_after_a_loss(layout: Layout) -> None:
    clock = Clock()
    status = StatusFile(layout.status, Status("phone"), clock)
    status.show(registered=True, busy=False, account="")
    clock.now = 2000
    status.show(registered=True, busy=True, account="")
    assert (told(layout)["registered_since"], told(layout)["spoke"]) == (1000, 2000)
    status.show(registered=False, busy=True, account="")
    assert told(layout)["registered_since"] is None
    clock.now = 3000
    status.show(registered=True, busy=True, account="")
    assert told(layout)["registered_since"] == 3000


def test_nothing_new_is_not_written_but_a_beat_is(layout: Layout) -> None:
    clock = Clock()
    status = StatusFile(layout.status, Status("phone"), clock)
    status.show(registered=False, busy=True, account="")
    clock.now = 5000
    status.show(registered=False, busy=True, account="")
    assert told(layout)["spoke"] == 1000
    status.write()
    assert told(layout)["spoke"] == 5000


def test_a_reader_never_sees_half_a_file(layout: Layout) -> None:
    status = StatusFile(layout.status, Status("phone"))
    status.write()
    with layout.status.open() as reader:
        status.show(registered=True, busy=True, account="0x" + "ab" * 20)
        assert json.load(reader)["registered"] is False
    assert [path.name for path in layout.run.iterdir()] == ["status.json"]


def test_a_full_disk_is_told_and_harms_nobody(layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    StatusFile(layout.run / "gone" / "status.json", Status("phone")).write()
    assert "was not written" in caplog.text


def test_the_build_of_an_image(layout: Layout) -> None:
    assert release_build(layout) == 0
    layout.release.write_text('{"version": "1.2", "build": 1790000000}')
    assert release_build(layout) == 1790000000
    layout.release.write_text("[]")
    assert release_build(layout) == 0


def free(path: Path) -> bool:
    """As an updater asks: exclusively, and without waiting."""
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def test_a_phone_that_is_used_is_locked_until_it_is_not(layout: Layout) -> None:
    in_use = InUse(layout.in_use)
    assert free(layout.in_use)
    in_use.mark(True)
    in_use.mark(True)
    assert not free(layout.in_use)
    in_use.mark(False)
    assert free(layout.in_use)
    in_use.close()


HOLDER = """
import sys, pathlib
from kallphone.device.in_use import InUse
lock = InUse(pathlib.Path(sys.argv[1]))
lock.mark(True)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_phone_that_is_killed_lets_go(layout: Layout) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(layout.in_use)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as phone:
        assert phone.stdout is not None
        assert phone.stdout.readline() == b"held\n"
        assert not free(layout.in_use)
        phone.kill()
        phone.wait()
        assert free(layout.in_use)


def test_an_updater_that_has_it_is_not_waited_for(layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    in_use = InUse(layout.in_use)
    updater = os.open(layout.in_use, os.O_RDWR)
    fcntl.flock(updater, fcntl.LOCK_EX)
    in_use.mark(True)
    assert not in_use.held
    assert "update" in caplog.text
    os.close(updater)  # it gave up
    in_use.mark(True)
    assert in_use.held
    in_use.close()


CALLER = Caller(CallId(2), b"\x01" * 20)
UP = Line(step=LineStep.UP, number="7770000012")


def test_what_counts_as_used() -> None:
    idle = Phone(mode=Idle())
    assert not is_used(idle)
    for used in (
        replace(idle, mode=DialTone(0.0)),
        replace(idle, mode=Ringing(CALLER, 0.0)),
        replace(idle, mode=Reminding("7770000012", 0.0)),
        replace(idle, waiting=Waiting(CALLER, 0.0)),
        replace(idle, arriving=Waiting(CALLER, 0.0)),
    ):
        assert is_used(used)


def test_words_for_systemctl_status() -> None:
    assert status_words(Phone()) == "no line: Starting"
    assert status_words(Phone(line=UP)) == "line up, 7770000012"
    assert status_words(Phone(line=UP, mode=DialTone(0.0))) == "in use; line up, 7770000012"
