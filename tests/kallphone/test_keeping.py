from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue

import pytest

from kallphone.keeping import Keeper
from kallphone.phone.book import Contact
from kallphone.phone.events import Event, PinChecked, RecordingLoaded, SpentLoaded, StorageFailed, WordsRead
from kallphone.phone.settings import Settings
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from kallphone.storage.preferences import Preferences
from kallphone.storage.receipts import Receipts
from kallphone.wall_clock import local_time, minute_of

ANNA = Contact("2345678901", "Anna", key="2")


class Kept:
    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "phone.sqlite")
        self.contacts, self.preferences = ContactStore(self.database), Preferences(self.database)
        self.key, self.posted = key_in(folder), SimpleQueue[Event]()
        pin = PinLock(self.database)
        recordings = folder / "recordings"
        receipts = Receipts(self.database)
        self.keeper = Keeper(
            self.contacts, self.preferences, pin, self.key, recordings, receipts, local_time, self.posted.put
        )

    def answer(self) -> Event:
        return self.posted.get(timeout=30)

    def settle(self) -> None:
        """All that was asked before is done."""
        self.keeper.check_pin("")
        assert isinstance(self.answer(), PinChecked)


@pytest.fixture
def kept(tmp_path: Path):
    kept = Kept(tmp_path)
    kept.key.create()
    kept.keeper.start()
    yield kept
    kept.keeper.stop()
    kept.database.close()


def test_what_the_phone_saves_is_there_after_a_restart(kept: Kept, tmp_path: Path):
    kept.keeper.save_settings(Settings(language="de", has_pin=True))
    kept.keeper.save_contact(ANNA, "")
    kept.settle()
    assert Preferences(kept.database).load().language == "de"
    assert ContactStore(kept.database).load().contacts == (ANNA,)
    kept.keeper.delete_contact(ANNA.number)
    kept.settle()
    assert ContactStore(kept.database).load().contacts == ()


def test_a_pin_is_set_checked_and_refused(kept: Kept):
    kept.keeper.set_pin("1234")
    kept.keeper.check_pin("1234")
    assert kept.answer() == PinChecked(ok=True)
    kept.keeper.check_pin("9999")
    assert kept.answer() == PinChecked(ok=False)


def test_the_words_are_read_and_shown_to_nobody_else(kept: Kept):
    kept.keeper.read_words()
    read = kept.answer()
    assert isinstance(read, WordsRead)
    assert read.words == kept.key.words()
    assert read.words[0] not in repr(read)


def test_a_recording_that_is_none_is_told(kept: Kept, tmp_path: Path):
    (tmp_path / "a.opus").write_bytes(b"noise" * 100)
    kept.keeper.load_recording(str(tmp_path / "a.opus"))
    assert kept.answer() == RecordingLoaded(str(tmp_path / "a.opus"), "", "It can't be played")
    kept.keeper.load_recording(str(tmp_path / "gone.opus"))
    assert kept.answer().trouble


def test_a_disk_that_fails_is_told(kept: Kept):
    kept.database.close()
    kept.database.path.unlink()
    kept.database.path.mkdir()
    kept.keeper.save_contact(ANNA, "")
    assert isinstance(kept.answer(), StorageFailed)


def test_sound_that_was_decoded_is_gone_at_the_next_start(tmp_path: Path):
    kept = Kept(tmp_path)
    sound = tmp_path / "recordings" / "old.wav"
    sound.parent.mkdir()
    sound.touch()
    kept.keeper.start()
    kept.settle()
    assert not sound.exists()
    kept.keeper.stop()
    kept.database.close()


def test_what_was_spent_is_that_of_the_day_that_it_is(kept: Kept):
    kept.keeper.load_spent()
    assert kept.answer() == SpentLoaded(minute_of(local_time()).day, 0)
