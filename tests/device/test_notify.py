"""What systemd hears, and that it hears no more of a phone of which a part hangs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kallphone.device.notify import Notifier
from kallphone.device.watchdog import Watchdog, alive_by_thread
from tests.device.fakes import Manager

FED = "WATCHDOG=1"


def test_readiness_goes_with_words_in_one_message(manager: Manager) -> None:
    manager.notifier().ready("no line: Starting")
    assert manager.heard() == ["READY=1\nSTATUS=no line: Starting"]


def test_the_rest_of_the_protocol(manager: Manager) -> None:
    notifier = manager.notifier()
    notifier.status("in use")
    notifier.alive()
    notifier.stopping()
    assert manager.heard() == ["STATUS=in use", FED, "STOPPING=1"]


def test_an_abstract_address_is_understood() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")  # the kernel chooses an abstract address
        name = listener.getsockname().decode().replace("\0", "@", 1)
        Notifier(name).alive()
        assert listener.recv(100) == FED.encode()


def test_nobody_listens_and_nobody_minds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier().ready("here")
    assert not caplog.records
    Notifier(str(tmp_path / "gone")).ready("here")
    assert "READY=1" in caplog.text


def test_a_manager_that_does_not_read_holds_up_nothing(manager: Manager) -> None:
    notifier = manager.notifier()
    for _ in range(2000):
        notifier.alive()


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_how_long_systemd_waits(environment: dict[str, str], watchdog_s: float) -> None:
    assert Notifier.from_environment(environment, pid=7).watchdog_s == watchdog_s


class Thread:
    """One that comes round each time it is looked at, until it hangs."""

    def __init__(self) -> None:
        self.turns = 0
        self.hangs = False

    def pulse(self) -> int:
        self.turns += not self.hangs
        return self.turns


def test_the_watchdog_is_fed_while_the_sip_thread_turns(manager: Manager) -> None:
    sip = Thread()
    watchdog = Watchdog(manager.notifier(60), {"sip": sip.pulse})
    assert [watchdog.beat() for _ in range(3)] == [True, True, True]
    assert manager.heard() == [FED] * 3


def test_a_sip_thread_that_hangs_is_named_and_fed_no_more(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    sip = Thread()
    watchdog = Watchdog(manager.notifier(60), {"sip": sip.pulse})
    watchdog.beat()
    manager.heard()
    sip.hangs = True
    assert not any(watchdog.beat() for _ in range(5))
    assert manager.heard() == []
    assert [record.getMessage() for record in caplog.records] == ["the sip thread stands still"]
    sip.hangs = False
    assert watchdog.beat()
    assert manager.heard() == [FED]


def test_a_thread_that_never_began_counts_once(manager: Manager) -> None:
    watchdog = Watchdog(manager.notifier(60), {"sip": lambda: 0})
    assert watchdog.beat()
    assert not watchdog.beat()


def test_every_pulse_has_to_move(manager: Manager) -> None:
    one, other = Thread(), Thread()
    watchdog = Watchdog(manager.notifier(60), {"one": one.pulse, "other": other.pulse})
    watchdog.beat()
    other.hangs = True
    assert not watchdog.beat()


def test_four_beats_in_the_time_that_systemd_waits(manager: Manager) -> None:
    assert Watchdog(manager.notifier(60), {}).beat_s == 15.0
    assert Watchdog(Notifier(), {}).beat_s == 5.0


def on_a_loop(watchdog: Watchdog, meanwhile: Callable[[], None], until: Callable[[], bool]) -> None:
    """Runs the watchdog on a loop of its own, `meanwhile` once on that loop, and ends as soon as it may."""

    async def loop() -> None:
        beating = asyncio.create_task(watchdog.run())
        await asyncio.sleep(0)
        meanwhile()
        while not until():
            await asyncio.sleep(0.001)
        beating.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beating

    asyncio.run(loop())


def test_a_loop_that_turns_feeds_again_and_again(manager: Manager) -> None:
    fed: list[str] = []
    watchdog = Watchdog(manager.notifier(0.02), {"sip": Thread().pulse})
    on_a_loop(watchdog, lambda: None, lambda: fed.extend(manager.heard()) or len(fed) > 3)
    assert set(fed) == {FED}


def test_a_loop_that_hangs_does_not_feed(manager: Manager) -> None:
    """Held by a step that takes many times what systemd waits: nothing is said meanwhile."""
    heard_while_hanging: list[str] = []

    def hang() -> None:
        manager.heard()
        threading.Event().wait(0.2)
        heard_while_hanging.extend(manager.heard())

    on_a_loop(Watchdog(manager.notifier(0.02), {"sip": Thread().pulse}), hang, lambda: True)
    assert heard_while_hanging == []


def test_what_a_person_looks_at_is_alive_by_a_thread_and_no_longer(manager: Manager) -> None:
    with alive_by_thread(manager.notifier(0.02)):
        manager.wait_for(FED)
        manager.wait_for(FED)
    manager.heard()
    assert "watchdog" not in {thread.name for thread in threading.enumerate()}
