from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kallnet.account import Account, Address
from kallnet.entries import Cost
from kallnet.messages import Voucher
from kallprovider.books import Books
from kallprovider.calls import Calls
from kallprovider.channels import Channels
from kallprovider.evapi import GO, AnsweredCall, Ask, Decision
from kallprovider.meter import Meter
from kallprovider.store import Store
from tests.provider.fakes import ALICE, BOB, PRICE, PROVIDER, FakeChain, FakeClock, FakeLink, funded

MAX_FLOAT = 2 * PRICE


@dataclass
class Desk:
    """All of the provider that a call touches, on a clock that stands still."""

    directory: Path
    inviter_share: int = 100
    clients: tuple[Address, ...] = (ALICE.address, BOB.address)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.chain = FakeChain()
        self.link = FakeLink()
        self.open()

    def open(self) -> None:
        self.store = Store(self.directory / "provider.sqlite", PROVIDER.address)
        self.books = Books(self.store, Meter(MAX_FLOAT), self.clock)
        self.channels = Channels(self.chain, self.books, confirmations=0)
        cost = Cost(PRICE, 1, self.inviter_share)
        self.calls = Calls(cost, MAX_FLOAT, self.books, self.channels, self.is_client, self.clock)
        self.calls.connect(self.link)
        self.calls.restore()

    def crash(self) -> None:
        self.calls.stop()
        self.store.close()
        self.open()

    async def is_client(self, account: Address) -> bool:
        return account in self.clients

    def ask(self, call_id: str = "c", caller: Account = ALICE, callee: Account = BOB) -> Decision:
        return asyncio.run(self.calls.ask(Ask(call_id, caller.address, callee.address)))

    def answer(self, call_id: str = "c", seconds_ago: int = 0) -> None:
        start = int(self.clock.unix()) - seconds_ago
        self.calls.started(AnsweredCall(call_id, start, ALICE.address, BOB.address))

    def pay(self, cumulative: int, client: Account = ALICE) -> None:
        self.books.accept(Voucher(client.address, PROVIDER.address, 0, cumulative), b"s" * 65)

    def fund(self, client: Account = ALICE, deposited: int = 1_000, exit_at: int = 0) -> None:
        self.chain.mine(client.address, funded(deposited, exit_at=exit_at))
        asyncio.run(self.channels.refresh(client.address))

    def owed(self, client: Account = ALICE) -> int:
        return self.store.tab(client.address).owed


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Desk]:
    """The caller pays 7, the callee 3."""
    desk = Desk(tmp_path, inviter_share=70)
    yield desk
    desk.store.close()


def test_a_client_with_a_deposit_may_call(desk: Desk) -> None:
    desk.fund()
    assert desk.ask() == GO


def test_a_stranger_is_told_what_to_do(desk: Desk) -> None:
    desk.clients = (BOB.address,)
    decision = desk.ask()
    assert decision.code == 403
    assert "agreement" in decision.reason


def test_without_a_deposit_the_words_are_top_up(desk: Desk) -> None:
    decision = desk.ask()
    assert decision.code == 402
    assert decision.reason.startswith("Top up")
    desk.fund(deposited=PRICE - 1)
    assert desk.ask().code == 402
    desk.fund(deposited=PRICE)
    assert desk.ask() == GO


def test_a_deposit_on_its_way_out_pays_for_no_new_call(desk: Desk) -> None:
    desk.fund(exit_at=1_800_003_600)
    assert desk.ask().code == 402


def test_a_free_call_needs_no_deposit(tmp_path: Path) -> None:
    desk = Desk(tmp_path, inviter_share=0, clients=(ALICE.address,))
    desk.fund(BOB)
    assert desk.ask() == GO
    desk.answer()
    desk.pay(PRICE, BOB)
    desk.clock.advance(20)
    assert (desk.owed(ALICE), desk.owed(BOB)) == (0, 2 * PRICE)
    desk.store.close()


def test_a_callee_without_credit_for_its_share_can_not_be_called(shared: Desk) -> None:
    shared.fund(ALICE)
    assert shared.ask().code == 480
    shared.fund(BOB)
    assert shared.ask() == GO


def test_when_the_ledger_is_away_only_the_known_can_call(desk: Desk) -> None:
    desk.chain.is_up = False
    assert desk.ask().code == 503
    desk.chain.is_up = True
    desk.fund()
    desk.chain.is_up = False
    assert desk.ask() == GO


def test_who_costs_too_much_waits_a_day(desk: Desk) -> None:
    desk.fund()
    desk.store.add_write_off(ALICE.address, 4 * MAX_FLOAT + 1, desk.clock.unix())
    assert desk.ask().code == 403
    desk.clock.advance(86_401)
    assert desk.ask() == GO


def test_a_paid_call_goes_on(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    for period in range(1, 9):
        desk.pay(PRICE * period)
        desk.clock.advance(15)
    assert desk.link.cuts == []
    desk.calls.ended("c", "caller")
    desk.clock.advance(100)
    assert desk.owed() == 9 * PRICE


def test_an_unpaid_call_is_cut_when_the_float_is_out_and_its_rest_written_off(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.clock.advance(29.9)
    assert desk.link.cuts == []
    desk.clock.advance(0.2)
    assert desk.link.cuts == [("c", 402, "Credit ended")]
    desk.calls.ended("c", "cut:402")
    assert desk.books.written_off_lately(ALICE.address) == MAX_FLOAT
    desk.pay(MAX_FLOAT)
    assert desk.books.written_off_lately(ALICE.address) == 0


def test_a_call_ends_with_the_deposit_and_goes_on_after_a_top_up(desk: Desk) -> None:
    desk.fund(deposited=3 * PRICE)
    desk.ask()
    desk.answer()
    desk.pay(PRICE)
    desk.clock.advance(15)
    desk.pay(2 * PRICE)
    desk.clock.advance(15)
    desk.pay(3 * PRICE)
    desk.fund(deposited=4 * PRICE)
    desk.clock.advance(15)
    assert desk.link.cuts == []
    desk.pay(4 * PRICE)
    desk.clock.advance(15)
    assert desk.link.cuts == [("c", 402, "Credit ended")]


def test_an_exit_that_is_done_ends_the_call(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.pay(PRICE)
    desk.chain.mine(ALICE.address, funded(0, epoch=1))
    asyncio.run(desk.channels.refresh(ALICE.address))
    desk.clock.advance(15)
    assert desk.link.cuts == [("c", 402, "Credit ended")]


def test_a_crash_in_a_call_loses_neither_sums_nor_the_clock(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.pay(PRICE)
    desk.clock.advance(15)
    desk.crash()
    assert desk.calls.count == 1
    desk.clock.advance(31)
    desk.calls.dialogs(["c"])
    assert desk.owed() == 4 * PRICE
    desk.pay(4 * PRICE)
    desk.clock.advance(15)
    assert desk.owed() == 5 * PRICE
    assert desk.link.cuts == []


def test_after_an_outage_nothing_more_is_served_unpaid(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.crash()
    desk.clock.advance(100)
    desk.calls.dialogs(["c"])
    desk.clock.advance(15)
    assert desk.link.cuts == [("c", 402, "Credit ended")]


def test_a_call_that_ended_while_nobody_listened_is_closed(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.crash()
    desk.clock.advance(40)
    desk.calls.dialogs([])
    assert desk.calls.count == 0
    assert desk.owed() == PRICE
    assert desk.books.written_off_lately(ALICE.address) == PRICE
    desk.crash()
    assert desk.calls.count == 0


def test_a_call_answered_while_nobody_listened_is_metered_from_its_discovery(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.crash()
    desk.calls.dialogs(["c"])
    assert desk.owed() == PRICE


def test_a_call_that_nobody_asked_for_is_cut(desk: Desk) -> None:
    desk.calls.dialogs(["strange"])
    assert desk.link.cuts == [("strange", 503, "Call not known to the provider")]


def test_a_fresh_call_survives_an_older_list(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.calls.dialogs([])
    assert desk.calls.count == 1


def test_a_late_start_counts_from_the_answer(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer(seconds_ago=17)
    assert desk.owed() == 2 * PRICE


def test_a_start_that_comes_twice_counts_once(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.answer()
    assert desk.owed() == PRICE


def test_what_can_not_be_written_is_not_served(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    desk.answer()
    desk.store.close()
    desk.clock.advance(15)
    assert desk.link.cuts == [("c", 503, "Call not known to the provider")]
    desk.open()


def test_a_call_that_is_never_answered_leaves_nothing(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    assert len(desk.store.calls()) == 1
    desk.calls.ended("c", "failed:486")
    assert desk.store.calls() == []
    assert desk.owed() == 0


def test_the_price_of_the_question_holds_for_the_call(desk: Desk) -> None:
    desk.fund()
    desk.ask()
    (asked,) = desk.store.calls()
    desk.store.put_call(replace(asked, caller_share=4))
    desk.crash()
    desk.answer()
    assert desk.owed() == 4
