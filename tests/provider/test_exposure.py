from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kallprovider import exposure
from kallprovider.exposure import Stop, Tab

AMOUNTS = st.integers(0, 10_000)


def test_unpaid_is_owed_less_vouchers_and_write_offs() -> None:
    assert Tab(0, deposited=100, owed=30, written_off=10, voucher=5).unpaid == 15
    assert Tab(0, deposited=100, owed=10, voucher=15).unpaid == -5


def test_a_float_is_served_and_not_a_unit_more() -> None:
    tab = exposure.charge(Tab(0, deposited=100), 10)
    assert exposure.stop(tab, 10, max_float=20) is None
    assert exposure.stop(tab, 11, max_float=20) is Stop.FLOAT


def test_the_deposit_bounds_what_is_served() -> None:
    tab = Tab(0, deposited=20, owed=15, voucher=15)
    assert exposure.stop(tab, 5, max_float=100) is None
    assert exposure.stop(tab, 6, max_float=100) is Stop.DEPOSIT


def test_nothing_is_asked_for_nothing() -> None:
    assert exposure.stop(Tab(0, deposited=0), 0, max_float=0) is None


def test_a_late_last_voucher_takes_back_the_write_off_only_before_the_next_charge() -> None:
    ended = exposure.write_off(exposure.charge(Tab(0, deposited=100), 20))
    assert (ended.unpaid, ended.written_off) == (0, 20)
    assert exposure.pay(ended, 15).written_off == 5
    later = exposure.charge(ended, 10)
    assert exposure.pay(later, 15) == Tab(0, deposited=100, owed=30, written_off=20, voucher=15)


def test_a_bad_risk_has_cost_more_than_four_floats() -> None:
    assert not exposure.is_bad_risk(80, max_float=20)
    assert exposure.is_bad_risk(81, max_float=20)


@given(st.lists(st.tuples(st.sampled_from(["charge", "pay", "write_off"]), AMOUNTS)))
def test_totals_never_fall_below_what_they_promise(steps: list[tuple[str, int]]) -> None:
    tab = Tab(0, deposited=1_000_000)
    for step, amount in steps:
        before = tab
        if step == "charge":
            tab = exposure.charge(tab, amount)
        elif step == "pay":
            tab = exposure.pay(tab, amount)
        else:
            tab = exposure.write_off(tab)
        assert tab.voucher >= before.voucher
        assert tab.owed >= before.owed
        assert 0 <= tab.forgivable <= tab.written_off
        assert tab.written_off <= tab.owed
