from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from kallmachine.outbox import KEPT_S, MOST_FOR_ONE, Deliveries, Outbox
from kallnet.account import Address
from kallphone.payments.errors import ProviderUnreachable

ONE, OTHER = Address(b"\x01" * 20), Address(b"\x02" * 20)


class Providers:
    """Take messages, except for recipients whose provider is away."""

    def __init__(self) -> None:
        self.away: set[Address] = set()
        self.asked: list[Address] = []
        self.taken: list[tuple[Address, bytes]] = []
        self.changed = threading.Condition()

    def post(self, recipient: Address, sealed: bytes) -> None:
        with self.changed:
            self.asked.append(recipient)
            self.changed.notify_all()
            if recipient in self.away:
                raise ProviderUnreachable("nobody there")
            self.taken.append((recipient, sealed))

    def wait(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 30)


def outbox(folder: Path, providers: Providers, now: float = 0.0) -> Outbox:
    return Outbox(folder, providers.post, lambda: now)


def test_what_is_kept_is_posted_oldest_first_and_then_gone(tmp_path: Path) -> None:
    providers = Providers()
    box = outbox(tmp_path, providers)
    box.keep("1700000000002-4", ONE, b"second")
    box.keep("1700000000001-2", ONE, b"first")
    assert box.deliver()
    assert providers.taken == [(ONE, b"first"), (ONE, b"second")]
    assert list(tmp_path.iterdir()) == []


def test_what_waits_is_for_its_owners_eyes_and_outlives_a_restart(tmp_path: Path) -> None:
    providers = Providers()
    providers.away = {ONE}
    box = outbox(tmp_path, providers)
    box.keep("1-2", ONE, b"sealed")
    assert not box.deliver()
    [file] = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    providers.away = set()
    assert outbox(tmp_path, providers).deliver()
    assert providers.taken == [(ONE, b"sealed")]


def test_a_provider_that_is_away_is_asked_once_a_round_and_holds_up_nobody(tmp_path: Path) -> None:
    providers = Providers()
    providers.away = {ONE}
    box = outbox(tmp_path, providers)
    for at, recipient in enumerate((ONE, ONE, ONE, OTHER)):
        box.keep(f"{at}-2", recipient, b"sealed")
    assert not box.deliver()
    assert providers.asked == [ONE, OTHER]
    assert providers.taken == [(OTHER, b"sealed")]


def test_the_same_recording_is_kept_once(tmp_path: Path) -> None:
    """A crash between sealing and removing the recording seals it a second time, to other bytes."""
    box = outbox(tmp_path, Providers())
    box.keep("1-2", ONE, b"sealed")
    box.keep("1-2", ONE, b"sealed again")
    [file] = tmp_path.iterdir()
    assert file.read_bytes() == b"sealed"


def test_one_callee_does_not_fill_the_machine(tmp_path: Path) -> None:
    box = outbox(tmp_path, Providers())
    for at in range(MOST_FOR_ONE):
        assert not box.full(ONE)
        box.keep(f"{at}-2", ONE, b"sealed")
    assert box.full(ONE)
    assert not box.full(OTHER)


def test_what_nobody_takes_for_a_month_is_dropped(tmp_path: Path) -> None:
    providers = Providers()
    providers.away = {ONE}
    box = outbox(tmp_path, providers, now=KEPT_S)
    box.keep("1-2", ONE, b"sealed")
    box.keep("2-2", OTHER, b"sealed")
    providers.away.add(OTHER)
    old, fresh = sorted(tmp_path.iterdir())
    os.utime(old, (0, -1))
    os.utime(fresh, (0, 1))
    assert not box.deliver()
    assert list(tmp_path.iterdir()) == [fresh]


def test_a_new_message_is_posted_at_once(tmp_path: Path) -> None:
    providers = Providers()
    box = outbox(tmp_path, providers)
    deliveries = Deliveries(box)
    deliveries.start()
    box.keep("1-2", ONE, b"sealed")
    deliveries.hurry()
    providers.wait(lambda: providers.taken == [(ONE, b"sealed")])
    deliveries.stop()


def test_deliveries_go_on_after_anything(tmp_path: Path) -> None:
    class Broken(Outbox):
        def deliver(self) -> bool:
            calls.append(threading.current_thread().name)
            if len(calls) == 1:
                deliveries.hurry()
                raise RuntimeError("a bug")
            done.set()
            return True

    calls: list[str] = []
    done = threading.Event()
    deliveries = Deliveries(Broken(tmp_path, Providers().post))
    deliveries.start()
    assert done.wait(30)
    deliveries.stop()
