from __future__ import annotations

import datetime

from kallphone.mail import MailWorker
from kallphone.phone.settings import Settings
from kallphone.phone.states import Lock, Logged, Phone, Wall
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.journal import CallJournal, LoggedCall
from kallphone.storage.receipts import Receipts
from kallphone.wall_clock import minute_of


def remembered_phone(
    database: Database,
    journal: CallJournal,
    mail: MailWorker,
    settings: Settings,
    owner: bytes,
    now: datetime.datetime,
) -> Phone:
    """The phone as it was when its power went: all but calls. `now` in local time, with its zone."""
    minute = minute_of(now)
    calls = journal.recent()
    return Phone(
        missed=journal.missed_calls(),
        redial=next((call.number for call in calls if call.outgoing and call.number), ""),
        settings=settings,
        book=ContactStore(database).load(),
        log=tuple(_line(call, now) for call in calls),
        messages=mail.messages(),
        recordings=mail.recordings(),
        next_message=mail.next_id(),
        wall=Wall(minute.clock, minute.date, minute.day),
        spent=Receipts(database).spent_today(now.timestamp(), now.tzinfo or datetime.UTC),
        lock=Lock(locked=settings.auto_lock and settings.has_pin),
        owner=owner,
    )


def _line(call: LoggedCall, now: datetime.datetime) -> Logged:
    minute = minute_of(datetime.datetime.fromtimestamp(call.started_at, now.tzinfo))
    at = f"{minute.date} {minute.clock}"
    return Logged(call.outgoing, call.number, call.peer, call.cause, at, call.seconds, call.paid)
