"""The power goes out before and behind every write and every request, on the one phone or on the other."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from kallnet.mail_names import TEXT, VOICE
from kallnet.sealed import seal
from kallnet.voice import Voice
from kallphone.phone.messages import MessageState
from kallphone.storage import messages
from tests.mail.town import NOW, REGISTRY, Phone, PowerCut, Town

OGG = b"OggS and sound"


def round_(phone: Phone) -> None:
    """One turn of both threads' work."""
    phone.mail._outbox._again = 0.0  # whatever has no receipt goes out again each time
    phone.mail._outbox._step()
    phone.mail._fetcher._fetch()


def living(phone: Phone, work: Callable[[], None]) -> None:
    """Begins again from the disk where the power went out."""
    try:
        work()
    except PowerCut:
        phone.database.close()
        phone.open()


@pytest.mark.parametrize("whose", ["alice", "bob"])
def test_a_text_is_delivered_once_wherever_the_power_goes_out(tmp_path: Path, whose: str):
    cut_at = steps = 0
    while cut_at <= steps:
        cut_at += 1
        (directory := tmp_path / str(cut_at)).mkdir()
        steps = delivered_once(directory, whose, cut_at)
    assert cut_at > 10


def delivered_once(directory: Path, whose: str, cut_at: int) -> int:
    town = Town(directory)
    town.office.is_patient = False
    alice, bob = town.phone("alice"), town.phone("bob")
    for phone in (alice, bob):
        phone.open()
    mortal = alice if whose == "alice" else bob
    before = mortal.power.steps
    mortal.power.cut_at = before + cut_at
    living(alice, lambda: alice.mail.send(1, bob.number, "once"))
    written = len(alice.mail.messages())
    for _ in range(6):
        for phone in (alice, bob):
            living(phone, lambda phone=phone: round_(phone))
    assert [m.text for m in bob.mail.messages()] == ["once"] * written
    assert [m.state for m in alice.mail.messages()] == [MessageState.DELIVERED] * written
    assert written == 1 or (whose, cut_at) == ("alice", 1), "only a message that was not yet kept is lost"
    assert town.office.box(bob.account.address) == town.office.box(alice.account.address) == {}
    assert alice.mail._letters.pending() == bob.mail._letters.pending() == []
    for phone in (alice, bob):
        phone.stop()
    return mortal.power.steps - before


def test_a_recording_is_kept_once_wherever_the_power_goes_out(town: Town):
    town.office.is_patient = False
    machine = town.phone("machine")
    for cut_at in range(1, 12):
        bob = town.phone(f"bob {cut_at}")
        bob.open()
        voice = Voice(5, NOW, OGG).encode()
        town.office.put(
            bob.account.address, seal(machine.account, REGISTRY, bob.account.public_key, VOICE, voice, NOW)
        )
        bob.power.cut_at = bob.power.steps + cut_at
        for _ in range(3):
            living(bob, lambda bob=bob: round_(bob))
        (recording,) = bob.mail.recordings()
        assert Path(recording.file).read_bytes() == OGG
        assert len(list(bob.recordings.iterdir())) == 1
        assert town.office.box(bob.account.address) == {}
        bob.stop()


def test_files_that_nothing_tells_of_are_removed_at_the_start(town: Town):
    bob = town.phone("bob")
    bob.recordings.mkdir(parents=True)
    stray = bob.recordings / "00.opus"
    stray.write_bytes(OGG)
    bob.open()
    assert not stray.exists()
    bob.stop()


def test_a_full_disk_leaves_texts_at_the_provider(town: Town, caplog: pytest.LogCaptureFixture):
    town.office.is_patient = False
    bob, alice = town.phone("bob"), town.phone("alice")
    bob.open()
    for i in range(40):
        sealed = seal(alice.account, REGISTRY, bob.account.public_key, TEXT, b"x" * 1000, NOW + i)
        town.office.put(bob.account.address, sealed)
    (pages,) = bob.database.rows("PRAGMA page_count")[0]
    bob.database.rows(f"PRAGMA max_page_count = {pages + 2}")
    assert bob.mail._fetcher._fetch() is False
    assert "free some space" in caplog.text
    assert len(town.office.box(bob.account.address)) == 40 - len(bob.mail.messages()) > 0
    bob.database.rows("PRAGMA max_page_count = 100000")
    assert bob.mail._fetcher._fetch() is True
    assert (len(bob.mail.messages()), town.office.box(bob.account.address)) == (40, {})
    bob.stop()


def test_a_full_disk_leaves_recordings_at_the_provider(
    town: Town, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    town.office.is_patient = False
    bob, alice = town.phone("bob"), town.phone("alice")
    bob.open()
    voice = Voice(5, NOW, OGG).encode()
    sealed = seal(alice.account, REGISTRY, bob.account.public_key, VOICE, voice, NOW)
    town.office.put(bob.account.address, sealed)
    with monkeypatch.context() as patch:
        patch.setattr(messages, "write_private", full)
        assert bob.mail._fetcher._fetch() is False
    assert "free some space" in caplog.text
    assert (bob.mail.recordings(), len(town.office.box(bob.account.address))) == ((), 1)
    assert bob.mail._fetcher._fetch() is True
    assert (len(bob.mail.recordings()), town.office.box(bob.account.address)) == (1, {})
    bob.stop()


def test_a_full_disk_keeps_no_new_message_and_says_so(town: Town):
    alice = town.phone("alice")
    alice.open()
    (pages,) = alice.database.rows("PRAGMA page_count")[0]
    alice.database.rows(f"PRAGMA max_page_count = {pages}")
    for id_ in range(1, 40):
        alice.mail.send(id_, alice.number, "x" * 1000)
    failed = [event for event in alice.posted.events if event.state is MessageState.FAILED]  # type: ignore[union-attr]
    assert failed
    assert failed[-1].words == "This phone's memory card has a problem"  # type: ignore[union-attr]
    assert len(alice.mail.messages()) == 39 - len(failed)
    alice.stop()
