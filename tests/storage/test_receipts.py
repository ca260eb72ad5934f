from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kallnet.account import Account, Address, address_to_hex
from kallnet.messages import Voucher
from kallnet.transfers import EPOCH, transfer_of
from kallphone.phone.book import Contact
from kallphone.phone.causes import Cause
from kallphone.phone.commands import LogCall
from kallphone.phone.events import CallId
from kallphone.storage import database as files
from kallphone.storage.contacts import ContactStore
from kallphone.storage.database import Database
from kallphone.storage.journal import CallJournal
from kallphone.storage.receipts import Charge, Charges, Receipts, as_csv, as_json, by_contact, by_day
from kallphone.storage.transfers import SignedTransfer, TransferStore
from kallphone.storage.vouchers import SignedVoucher, VoucherStore
from tests.kallnet.samples import DEPLOYMENT

NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
PROVIDER = Address(b"p" * 20)
CLIENT = Account((7).to_bytes(32, "big")).address
ANNA, BEN = "6677335183", "2345678901"
FOREVER = 2**40


class Desk:
    """A phone's books; `now` is what its clock says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = NOON
        self.start()

    def start(self) -> None:
        """As after a power cut: what was open stays open until here."""
        self.database = Database(self.path)
        self.journal = CallJournal(self.database, lambda: self.now)
        self.vouchers = VoucherStore(self.database, DEPLOYMENT)
        self.transfers = TransferStore(self.database, DEPLOYMENT, CLIENT)
        self.charges = Charges(self.database)
        self.receipts = Receipts(self.database)

    def begin(self, call: int, number: str = ANNA) -> None:
        self.journal.call_started(CallId(call), outgoing=True, number=number)

    def pay(self, call: int, cumulative: int, amount: int) -> None:
        voucher = Voucher(CLIENT, PROVIDER, 3, cumulative)
        self.vouchers.commit(SignedVoucher(voucher, b"s" * 65), Charge(CallId(call), amount))

    def end(self, call: int, paid: int, periods: int = 0, number: str = ANNA) -> None:
        self.journal.log_call(LogCall(CallId(call), True, number, b"q" * 20, Cause.HUNG_UP, 31, paid))
        self.charges.close(CallId(call), periods)

    def all(self) -> list:
        return self.receipts.between(0, FOREVER)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "phone.sqlite")


def test_a_receipt_says_what_a_call_cost_and_to_whom_it_went(desk: Desk):
    ContactStore(desk.database).save(Contact(ANNA, "Anna"))
    desk.begin(1)
    desk.pay(1, 1010, 10)
    desk.pay(1, 1020, 10)
    desk.now += 31
    desk.end(1, 20, periods=2)
    (receipt,) = desk.all()
    assert (receipt.name, receipt.number, receipt.outgoing) == ("Anna", ANNA, True)
    assert (receipt.started_at, receipt.ended_at, receipt.seconds) == (NOON, NOON + 31, 31)
    assert (receipt.periods, receipt.price, receipt.paid) == (2, 10, 20)
    assert (receipt.provider, receipt.epoch, receipt.voucher) == (address_to_hex(PROVIDER), 3, 1020)


def test_a_call_that_the_power_cut_costs_what_was_signed(desk: Desk):
    desk.begin(1)
    desk.pay(1, 500, 10)
    desk.pay(1, 510, 10)
    desk.database.close()
    desk.now += 60
    desk.start()
    (receipt,) = desk.all()
    assert (receipt.paid, receipt.voucher, receipt.seconds) == (20, 510, 0)
    assert desk.journal.recent()[0].paid == 20
    assert desk.receipts.spent_since(0) == 20


def test_the_last_voucher_counts_once_whichever_thread_is_first(desk: Desk):
    """The log is written on the main thread, the voucher on the signer's."""
    desk.begin(1)
    desk.pay(1, 10, 10)
    desk.end(1, 20, periods=2)
    assert desk.receipts.spent_since(0) == 20
    desk.pay(1, 20, 10)
    assert desk.receipts.spent_since(0) == 20
    assert desk.all()[0].voucher == 20


def test_two_calls_at_once_on_one_channel_are_told_apart(desk: Desk):
    desk.begin(1, ANNA)
    desk.begin(3, BEN)
    desk.pay(1, 10, 10)
    desk.pay(3, 15, 5)
    desk.pay(1, 25, 10)
    desk.end(1, 20, 2, ANNA)
    desk.end(3, 5, 1, BEN)
    assert [(one.number, one.paid, one.voucher) for one in desk.all()] == [(ANNA, 20, 25), (BEN, 5, 15)]
    assert desk.receipts.spent_with(BEN, 0) == 5
    assert desk.receipts.spent_with("nobody", 0) == 0


def test_call_ids_that_begin_anew_with_each_start_don_t_mix(desk: Desk):
    desk.begin(1)
    desk.pay(1, 10, 10)
    desk.end(1, 10, 1)
    desk.database.close()
    desk.start()
    desk.pay(1, 20, 10)  # its line could not be written
    assert desk.all()[0].paid == 10
    desk.begin(1)
    desk.pay(1, 30, 10)
    assert [one.paid for one in desk.all()] == [10, 10]


def test_transfers_are_charged_as_vouchers_are(desk: Desk):
    desk.begin(1)
    message = transfer_of(CLIENT, PROVIDER, 0, 40, 99)
    desk.transfers.commit(SignedTransfer(message, 40, b"s" * 65), Charge(CallId(1), 40))
    (receipt,) = desk.all()
    assert (receipt.paid, receipt.voucher, receipt.epoch) == (40, 40, EPOCH)


def test_today_begins_at_midnight_where_the_phone_is(desk: Desk):
    berlin = timezone(timedelta(hours=1))
    midnight = int(datetime(2026, 3, 1, tzinfo=berlin).timestamp())
    for call, (at, amount) in enumerate([(midnight - 1, 1), (midnight, 10), (midnight + 50_000, 100)]):
        desk.now = at
        desk.begin(call)
        desk.pay(call, 1000 + 200 * call, amount)
        desk.end(call, amount)
    spent = desk.receipts.spent_today(midnight + 60_000, berlin)
    assert (spent.total, spent.on(ANNA), spent.on(BEN)) == (110, 110, 0)
    assert spent.day == (datetime(2026, 3, 1) - datetime(1970, 1, 1)).days  # noqa: DTZ001
    assert desk.receipts.spent_today(midnight - 1, berlin).total == 111, "what is later counts too"


def test_free_calls_have_no_receipt_and_time_bounds_hold(desk: Desk):
    desk.begin(1)
    desk.end(1, 0)
    assert desk.all() == []
    desk.begin(3)
    desk.pay(3, 10, 10)
    assert len(desk.receipts.between(NOON, NOON + 1)) == 1
    assert desk.receipts.between(NOON + 1, FOREVER) == desk.receipts.between(0, NOON) == []


def test_the_exports_read_back(desk: Desk):
    ContactStore(desk.database).save(Contact(ANNA, 'Zoë, "die" Chefin'))
    desk.begin(1)
    desk.pay(1, 10, 10)
    desk.end(1, 10, 1)
    (row,) = csv.DictReader(io.StringIO(as_csv(desk.all())))
    (entry,) = json.loads(as_json(desk.all()))
    assert row["name"] == entry["name"] == 'Zoë, "die" Chefin'
    assert (int(row["paid"]), entry["paid"]) == (10, 10)
    assert datetime.fromisoformat(row["started_at"]).timestamp() == NOON
    assert row.keys() == entry.keys()


def test_a_name_never_becomes_a_formula(desk: Desk):
    desk.begin(1)
    desk.pay(1, 10, 10)
    (receipt,) = desk.all()
    evil = replace(receipt, name='=HYPERLINK("http://x")')
    (row,) = csv.DictReader(io.StringIO(as_csv([evil])))
    assert row["name"].startswith("'=")


def test_sums_by_day_and_by_contact(desk: Desk):
    ContactStore(desk.database).save(Contact(ANNA, "Anna"))
    for call, (number, day) in enumerate([(ANNA, 0), (BEN, 0), (ANNA, 1)]):
        desk.now = NOON + 86_400 * day
        desk.begin(call, number)
        desk.pay(call, 10 * (call + 1), 10)
    receipts = desk.all()
    assert by_day(receipts, UTC) == {"2026-03-01": 20, "2026-03-02": 10}
    assert by_contact(receipts) == {"Anna": 20, BEN: 10}


def test_calls_from_before_receipts_keep_what_they_cost(tmp_path: Path):
    path = tmp_path / "phone.sqlite"
    old = Database(path, migrations=files.MIGRATIONS[:3])
    with old.transaction() as connection:
        connection.execute(
            "INSERT INTO calls (call, outgoing, number, started_at, ended_at, cause, seconds, paid)"
            " VALUES (1, 1, ?, ?, ?, 'HUNG_UP', 20, 33)",
            (ANNA, NOON, NOON + 20),
        )
    old.close()
    (receipt,) = Receipts(Database(path)).between(0, FOREVER)
    assert (receipt.paid, receipt.periods, receipt.price, receipt.provider) == (33, 0, 0, "")
