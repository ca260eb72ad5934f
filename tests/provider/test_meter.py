from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kallnet.account import Address
from kallprovider.exposure import Stop, Tab
from kallprovider.meter import Call, Cut, Meter, started_periods

ALICE, BOB, CAROL = (Address(bytes([n]) * 20) for n in (1, 2, 3))
PRICE = 10


def call(call_id: str = "c", caller_share: int = PRICE, callee_share: int = 0) -> Call:
    return Call(call_id, ALICE, BOB, caller_share, callee_share, started=100.0)


def meter(*clients: Address, deposited: int = 1_000, floats: int = 2) -> Meter:
    meter = Meter(floats * PRICE)
    for client in clients:
        meter.put_tab(client, Tab(0, deposited))
    return meter


def owed(meter: Meter, client: Address) -> int:
    tab = meter.tab(client)
    assert tab is not None
    return tab.owed


@pytest.mark.parametrize(
    ("elapsed", "periods"), [(-0.1, 0), (0.0, 1), (14.999, 1), (15.0, 2), (29.9, 2), (30.0, 3)]
)
def test_a_period_counts_from_its_first_moment(elapsed: float, periods: int) -> None:
    assert started_periods(elapsed) == periods


def test_ringing_is_free_and_the_answer_starts_the_first_period() -> None:
    m = meter(ALICE)
    m.start(call())
    assert m.tick("c", 99.0) is None
    assert owed(m, ALICE) == 0
    assert m.tick("c", 100.0) is None
    assert owed(m, ALICE) == PRICE


def test_a_tick_charges_no_period_twice() -> None:
    m = meter(ALICE)
    m.start(call())
    for now in (100.0, 100.0, 107.0, 114.999):
        m.tick("c", now)
    assert owed(m, ALICE) == PRICE


def test_who_pays_in_time_is_never_cut() -> None:
    m = meter(ALICE)
    m.start(call())
    for period in range(100):
        assert m.tick("c", 100.0 + 15 * period) is None
        m.pay(ALICE, PRICE * (period + 1))
    assert m.tick("c", 100.0 + 15 * 100) == Cut(ALICE, Stop.DEPOSIT)


def test_who_stops_paying_is_cut_when_the_float_is_out() -> None:
    m = meter(ALICE)
    m.start(call())
    assert m.tick("c", 100.0) is None
    assert m.tick("c", 115.0) is None
    assert m.tick("c", 130.0) == Cut(ALICE, Stop.FLOAT)
    assert owed(m, ALICE) == 2 * PRICE


def test_both_sides_pay_their_share_and_either_can_stop_the_call() -> None:
    m = meter(ALICE, BOB)
    m.start(call(caller_share=7, callee_share=3))
    m.tick("c", 115.0)
    assert (owed(m, ALICE), owed(m, BOB)) == (14, 6)
    m.pay(ALICE, 14)
    for now in (130.0, 145.0, 160.0, 175.0):
        m.pay(ALICE, owed(m, ALICE))
        assert m.tick("c", now) is None
    m.pay(ALICE, owed(m, ALICE))
    assert m.tick("c", 190.0) == Cut(BOB, Stop.FLOAT)


def test_two_calls_of_one_channel_share_its_float() -> None:
    m = meter(ALICE)
    m.start(call("one"))
    m.start(Call("two", ALICE, CAROL, PRICE, 0, 101.0))
    assert m.tick("one", 100.0) is None
    assert m.tick("two", 101.0) is None
    assert m.tick("one", 115.0) == Cut(ALICE, Stop.FLOAT)
    m.pay(ALICE, 2 * PRICE)
    assert m.tick("one", 115.0) is None


def test_a_rest_is_written_off_when_the_last_call_ends() -> None:
    m = meter(ALICE)
    m.start(call("one"))
    m.start(Call("two", ALICE, CAROL, PRICE, 0, 100.0))
    m.tick("one", 100.0)
    m.tick("two", 100.0)
    assert m.end("one") == {}
    assert m.end("two") == {ALICE: 2 * PRICE}
    assert m.end("two") == {}
    m.pay(ALICE, PRICE)
    assert m.tab(ALICE) == Tab(0, 1_000, owed=2 * PRICE, written_off=PRICE, voucher=PRICE, forgivable=PRICE)


def test_after_an_outage_all_is_charged_and_nothing_more_served_unpaid() -> None:
    m = meter(ALICE)
    m.start(call())
    m.catch_up("c", 100.0 + 15 * 9)
    assert owed(m, ALICE) == 10 * PRICE
    assert m.tick("c", 100.0 + 15 * 10) == Cut(ALICE, Stop.FLOAT)
    m.pay(ALICE, 10 * PRICE)
    assert m.tick("c", 100.0 + 15 * 10) is None


def test_a_call_to_oneself_pays_both_shares() -> None:
    assert Call("c", ALICE, ALICE, 7, 3, 0.0).shares == {ALICE: 10}


def test_a_free_call_needs_no_tab_and_is_never_cut() -> None:
    m = meter()
    m.start(call(caller_share=0))
    assert m.tick("c", 10_000.0) is None
    assert m.end("c") == {}


class Money(RuleBasedStateMachine):
    """Three clients who call each other, pay what and when they like, and top up."""

    @initialize(share=st.integers(0, 100), price=st.integers(1, 50), floats=st.integers(2, 4))
    def set_up(self, share: int, price: int, floats: int) -> None:
        self.now = 0.0
        self.caller_share = -(-price * share // 100)
        self.callee_share = price - self.caller_share
        self.max_float = floats * price
        self.meter = Meter(self.max_float)
        self.highest: dict[Address, int] = {}
        self.serial = 0
        for client in (ALICE, BOB, CAROL):
            self.meter.put_tab(client, Tab(0, 500))
            self.highest[client] = 0

    @rule(caller=st.sampled_from([ALICE, BOB, CAROL]), callee=st.sampled_from([ALICE, BOB, CAROL]))
    def answer(self, caller: Address, callee: Address) -> None:
        self.serial += 1
        name = str(self.serial)
        self.meter.start(Call(name, caller, callee, self.caller_share, self.callee_share, self.now))
        self.tick(name)

    @rule(seconds=st.floats(0.01, 40))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for call in self.meter.calls:
            self.tick(call.call_id)

    def tick(self, name: str) -> None:
        if self.meter.tick(name, self.now):
            self.meter.end(name)

    @rule(client=st.sampled_from([ALICE, BOB, CAROL]), cumulative=st.integers(0, 2_000))
    def voucher(self, client: Address, cumulative: int) -> None:
        tab = self.meter.tab(client)
        assert tab is not None
        if cumulative <= tab.deposited:
            self.meter.pay(client, cumulative)

    @rule(client=st.sampled_from([ALICE, BOB, CAROL]), amount=st.integers(1, 500))
    def top_up(self, client: Address, amount: int) -> None:
        tab = self.meter.tab(client)
        assert tab is not None
        self.meter.put_tab(client, Tab(**{**tab_fields(tab), "deposited": tab.deposited + amount}))

    @precondition(lambda self: self.meter.calls)
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        self.meter.end(data.draw(st.sampled_from(self.meter.calls)).call_id)

    @invariant()
    def money_holds(self) -> None:
        for client in (ALICE, BOB, CAROL):
            tab = self.meter.tab(client)
            assert tab is not None
            assert tab.unpaid <= self.max_float
            assert tab.voucher <= tab.deposited
            assert tab.owed - tab.written_off <= tab.deposited
            assert tab.voucher >= self.highest[client]
            self.highest[client] = tab.voucher
            if not any(client in call.shares for call in self.meter.calls):
                assert tab.unpaid <= 0


def tab_fields(tab: Tab) -> dict[str, int]:
    return {name: getattr(tab, name) for name in Tab.__dataclass_fields__}


TestMoney = Money.TestCase
TestMoney.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
