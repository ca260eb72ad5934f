from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kallnet.account import Address
from kallnet.mail_names import RECEIPT, message_id
from kallphone.phone.messages import Message, MessageState
from kallphone.storage.database import MIGRATIONS, Database
from kallphone.storage.messages import FIRST_INCOMING, MOST_SHOWN, MessageStore
from kallphone.storage.outbox import OutboxStore

PEER, OTHER = Address(b"p" * 20), Address(b"o" * 20)
NOW = 1_800_000_000
OGG = b"OggS"


class Disk:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = NOW
        self.open()

    def open(self) -> None:
        self.database = Database(self.directory / "phone.sqlite")
        self.messages = MessageStore(self.database, self.directory / "recordings", lambda: self.now)
        self.outbox = OutboxStore(self.database)

    def text(self, seal: int, text: str = "hello") -> Message | None:
        return self.messages.add_text(seal.to_bytes(32, "big"), PEER, "6677335183", text, NOW)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path)
    yield disk
    disk.database.close()


def test_a_file_of_an_earlier_version_gets_its_messages(tmp_path: Path):
    before = next(i for i, steps in enumerate(MIGRATIONS) if any("TABLE messages" in s for s in steps))
    Database(tmp_path / "phone.sqlite", migrations=MIGRATIONS[:before]).close()
    disk = Disk(tmp_path)
    assert disk.text(1) is not None
    disk.database.close()


def test_messages_are_shown_in_the_order_in_which_they_came_here(disk: Disk):
    disk.text(1, "first")
    disk.outbox.write(1, "6677335183", "second", NOW - 500)
    disk.text(2, "third")
    assert [m.text for m in disk.messages.messages()] == ["third", "second", "first"]


def test_the_newest_are_shown(disk: Disk):
    for seal in range(MOST_SHOWN + 2):
        disk.text(seal, str(seal))
    shown = [m.text for m in disk.messages.messages()]
    assert (len(shown), shown[0], shown[-1]) == (MOST_SHOWN, str(MOST_SHOWN + 1), "2")


def test_numbers_of_messages_from_here_and_from_afar_never_meet(disk: Disk):
    assert disk.messages.next_id() == 1
    incoming = disk.text(1)
    assert incoming is not None
    assert incoming.id > FIRST_INCOMING
    assert disk.messages.next_id() == 1
    assert disk.outbox.write(1, "6677335183", "hello", NOW)
    assert not disk.outbox.write(1, "6677335183", "another", NOW)
    assert disk.messages.next_id() == 2


def test_a_deleted_message_leaves_its_number_to_nobody(disk: Disk):
    first = disk.text(1)
    assert first is not None
    disk.messages.delete(first.id)
    second = disk.text(2)
    assert second is not None
    assert second.id > first.id


def test_the_receipt_is_written_with_the_message(disk: Disk):
    disk.text(7)
    disk.text(7)
    (pending,) = disk.outbox.pending()
    letter = disk.outbox.letter(pending.serial)
    assert letter is not None
    assert (letter.kind, letter.body, letter.peer, letter.message) == (RECEIPT, bytes(31) + b"\7", PEER, None)


def test_what_was_had_is_forgotten_after_a_season(disk: Disk):
    first = disk.text(1)
    assert first is not None
    disk.messages.delete(first.id)
    disk.now += 89 * 86_400
    assert disk.text(1) is None
    disk.now += 2 * 86_400
    disk.text(2)
    assert disk.text(1) is not None


def test_a_recording_outlives_a_restart_and_its_file_goes_with_it(disk: Disk):
    recording = disk.messages.add_recording(b"r" * 32, PEER, "6677335183", NOW, 9, OGG)
    assert recording is not None
    assert disk.messages.add_recording(b"r" * 32, PEER, "6677335183", NOW, 9, OGG) is None
    disk.messages.mark_read(recording.id)
    disk.database.close()
    disk.open()
    assert disk.messages.recordings() == (replace(recording, read=True),)
    assert Path(recording.file).read_bytes() == OGG
    Path(recording.file).unlink()
    disk.messages.delete(recording.id)
    assert disk.messages.recordings() == ()


def test_strangers_are_named_where_they_are_known(disk: Disk):
    disk.messages.add_text(b"1" * 32, PEER, "", "hello", NOW)
    disk.messages.add_recording(b"2" * 32, PEER, "", NOW, 9, OGG)
    disk.messages.add_recording(b"3" * 32, Address(b""), "", NOW, 9, OGG)
    disk.outbox.write(1, "", "never", NOW)
    assert disk.messages.unnamed() == [PEER]
    disk.messages.name(PEER, "6677335183")
    assert disk.messages.unnamed() == []
    assert [r.number for r in disk.messages.recordings()] == ["", "6677335183"]


def test_a_message_moves_on_and_never_back(disk: Disk):
    disk.outbox.write(1, "6677335183", "hello", NOW)
    (pending,) = disk.outbox.pending()
    letter = disk.outbox.letter(pending.serial)
    assert letter is not None
    assert disk.outbox.seal(letter, PEER, b"sealed")
    letter = disk.outbox.letter(pending.serial)
    assert letter is not None
    assert (letter.peer, letter.sealed, letter.taken) == (PEER, b"sealed", False)
    assert [disk.outbox.take(letter) for _ in range(2)] == [True, False]
    assert disk.outbox.pending()[0].taken
    assert disk.outbox.deliver(message_id(b"sealed"), OTHER) is None
    assert [disk.outbox.deliver(message_id(b"sealed"), PEER) for _ in range(2)] == [1, None]
    assert not disk.outbox.take(letter)
    assert not disk.outbox.fail(letter, "too late")
    assert not disk.outbox.seal(letter, PEER, b"sealed again")
    (message,) = disk.messages.messages()
    assert (message.state, disk.outbox.pending()) == (MessageState.DELIVERED, [])
