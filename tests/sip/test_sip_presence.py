from __future__ import annotations

import pytest
from tests.sip.conftest import MakeAgent
from tests.sip.driver import Agent, until
from tests.sip.proxy import SipProxy

pytestmark = pytest.mark.sip

NUMBER = "2345678900"
OTHER = "0x" + "07" * 20


def probe(phone: Agent, account: str = OTHER) -> None:
    phone.tell("probe", number=NUMBER, uri=f"sip:{account}@test")


@pytest.mark.parametrize(("status", "reachable"), [(200, True), (480, False), (404, False)])
def test_the_provider_is_asked_for_an_account(
    make_phone: MakeAgent, proxy: SipProxy, status: int, reachable: bool
) -> None:
    phone = make_phone()
    proxy.options = status
    probe(phone)
    assert phone.wait("Reachable")["reachable"] is reachable
    (asked,) = proxy.requests("OPTIONS")
    assert asked.start == f"OPTIONS sip:{OTHER}@test SIP/2.0"
    assert f"sip:{phone.name}@test" in asked.get("From")


def test_credentials_that_are_refused_are_shown_once(make_phone: MakeAgent, proxy: SipProxy) -> None:
    phone = make_phone()
    proxy.options = 407
    probe(phone)
    until(lambda: len(proxy.requests("OPTIONS")) == 2)
    proxy.options = 200
    probe(phone)
    phone.wait("Reachable", reachable=True)
    assert [bool(one.get("Proxy-Authorization")) for one in proxy.requests("OPTIONS")] == [False, True, False]


@pytest.mark.parametrize("status", [403, 503])
def test_what_the_provider_does_not_say_nobody_is_told(
    make_phone: MakeAgent, proxy: SipProxy, status: int
) -> None:
    phone = make_phone()
    proxy.options = status
    probe(phone)
    until(lambda: len(proxy.requests("OPTIONS")) == 1)
    proxy.options = 200
    probe(phone, "0x" + "08" * 20)
    phone.wait("Reachable")
    assert phone.count("Reachable") == 1


def test_a_phone_that_is_not_registered_asks_nobody(make_agent: MakeAgent, proxy: SipProxy) -> None:
    phone = make_agent().started()
    probe(phone)
    phone.tell("place", call=1, uri=f"sip:{OTHER}@test")
    phone.wait("CallEnded")
    assert (phone.count("Reachable"), proxy.seen) == (0, [])


def test_what_is_no_account_is_not_asked_for(make_phone: MakeAgent, proxy: SipProxy) -> None:
    phone = make_phone()
    probe(phone, "alice")
    probe(phone)
    phone.wait("Reachable")
    assert len(proxy.requests("OPTIONS")) == 1
