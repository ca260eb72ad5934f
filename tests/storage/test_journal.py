from pathlib import Path

import pytest

from kallphone.phone.causes import Cause
from kallphone.phone.commands import LogCall
from kallphone.phone.events import CallId
from kallphone.storage.database import Database
from kallphone.storage.journal import CallJournal, LoggedCall

PEER = b"p" * 20


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(tmp_path: Path):
    database = Database(tmp_path / "phone.sqlite")
    yield database
    database.close()


def ended(call: int, *, outgoing: bool = True, cause: Cause = Cause.HUNG_UP, seconds: int = 30) -> LogCall:
    return LogCall(CallId(call), outgoing, "2345678901", PEER, cause, seconds, 2000)


def test_a_call_is_one_line_from_start_to_end(database: Database, clock: Clock):
    journal = CallJournal(database, clock)
    journal.call_started(CallId(1), outgoing=True, number="2345678901")
    assert journal.recent() == []
    clock.now = 1042.0
    journal.log_call(ended(1))
    assert journal.recent() == [LoggedCall(True, "2345678901", PEER, 1000, 1042, Cause.HUNG_UP, 30, 2000)]


def test_a_call_in_progress_survives_a_power_cut_as_interrupted(database: Database, clock: Clock):
    CallJournal(database, clock).call_started(CallId(1), outgoing=True, number="2345678901")
    clock.now = 2000.0
    journal = CallJournal(database, clock)
    assert journal.recent() == [LoggedCall(True, "2345678901", b"", 1000, 2000, None, 0, 0)]


def test_call_ids_start_again_after_a_restart(database: Database, clock: Clock):
    before = CallJournal(database, clock)
    before.call_started(CallId(1), outgoing=True, number="2000000000")
    journal = CallJournal(database, clock)
    journal.call_started(CallId(1), outgoing=True, number="2345678901")
    journal.log_call(ended(1))
    causes = [call.cause for call in journal.recent()]
    assert causes == [Cause.HUNG_UP, None]


def test_a_call_whose_start_was_not_noted_is_logged_all_the_same(database: Database, clock: Clock):
    journal = CallJournal(database, clock)
    journal.log_call(ended(2, outgoing=False))
    assert [(call.started_at, call.ended_at) for call in journal.recent()] == [(970, 1000)]


def test_only_calls_that_rang_out_are_missed(database: Database, clock: Clock):
    journal = CallJournal(database, clock)
    journal.log_call(ended(2, outgoing=False, cause=Cause.NO_ANSWER, seconds=0))
    journal.log_call(ended(4, outgoing=False, cause=Cause.FAR_END_HUNG_UP, seconds=9))
    journal.log_call(ended(1, outgoing=True, cause=Cause.NO_ANSWER, seconds=0))
    assert journal.missed_calls() == 1
    assert CallJournal(database, clock).missed_calls() == 1
    journal.forget_missed()
    assert journal.missed_calls() == 0
    assert len(journal.recent()) == 3


def test_the_log_is_read_newest_first(database: Database, clock: Clock):
    journal = CallJournal(database, clock)
    for call in range(1, 9, 2):
        journal.log_call(ended(call, seconds=call))
    assert [call.seconds for call in journal.recent(2)] == [7, 5]


def test_a_disk_that_fails_keeps_nobody_from_calling(database: Database, clock: Clock):
    journal = CallJournal(database, clock)
    database.close()
    database.path.unlink()
    database.path.mkdir()
    journal.call_started(CallId(1), outgoing=True, number="2345678901")
    journal.log_call(ended(1))
    journal.forget_missed()
