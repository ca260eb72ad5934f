from __future__ import annotations

import logging

import pytest

from kallphone.phone.commands import SignVoucher
from kallphone.phone.events import CallId, LineFailed, SessionRefused, VoucherAccepted
from tests.payments.conftest import TARGET, Desk
from tests.payments.fake_provider import PASSWORD, PRICE, Fault
from tests.payments.test_sessions import route_by


def test_no_log_and_no_event_holds_key_password_or_signature(desk: Desk, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    desk.ledger.balances[desk.account.address] = TARGET
    phone = desk.phone()
    desk.provider.fail("relay", Fault("status", 500, b'{"error": "out of gas"}'))
    phone.worker.open_line()
    phone.posted.wait_for(LineFailed)
    phone.opened()
    desk.provider.fail("vouchers", Fault("drop"))
    phone.worker.sign_voucher(SignVoucher(CallId(1), desk.provider.account.address, 0, PRICE))
    phone.posted.wait_for(VoucherAccepted)
    desk.provider.fail("session", Fault("status", 401))
    phone.worker.open_session(CallId(3), route_by(desk.provider, price=2 * TARGET))
    phone.posted.wait_for(SessionRefused)
    phone.stop()
    signed = desk.provider.signatures
    assert signed
    words = caplog.text + repr(phone.posted.events) + repr(phone.worker.credentials())
    for secret in (desk.account.export_key().hex(), PASSWORD, *signed):
        assert secret not in words


def test_an_error_nobody_expected_keeps_the_line_alive(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.ledger, "coin_balance", broken)
    phone = desk.phone()
    event = phone.open_line()
    assert event == LineFailed("Something went wrong. Trying again soon")
    monkeypatch.undo()
    phone.opened()
