from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.provider.kamailio import DOMAIN, FakeService, Kamailio, Server, running_kamailio
from tests.sip.conftest import MakeAgent, answered_call
from tests.sip.driver import Agent
from tests.sip.proxy import SipProxy

from kallprovider import render
from kallprovider.evapi import GO, Decision

pytestmark = [pytest.mark.sip, pytest.mark.provider]

T = TypeVar("T")


class Provider:
    """A real Kamailio with a service beside it that says what the test wants."""

    def __init__(self, kamailio: Kamailio) -> None:
        self.kamailio = kamailio
        self.service = FakeService()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> None:
        self._thread.start()
        self._context = self.kamailio.service(self.service)
        self.wait(self._context.__aenter__())

    def stop(self) -> None:
        self.wait(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def until(self, condition: Callable[[], object]) -> None:
        self.wait(self.service.until(condition))

    def cut(self, call_id: str) -> None:
        self._loop.call_soon_threadsafe(self.service.link.cut, call_id, 402, "Credit ended")

    def register(self, agent: Agent, **given: Any) -> None:
        credentials = self.kamailio.credentials(agent.name)
        fields = {
            "account": agent.account.hex(),
            "domain": DOMAIN,
            "proxy": f"sip:127.0.0.1:{self.kamailio.config.sip.port};transport=tls",
            "username": credentials.username,
            "password": credentials.password,
        }
        agent.tell("register", **{**fields, **given})

    def registered(self, agent: Agent) -> Agent:
        self.register(agent)
        agent.wait("SipRegistered")
        return agent


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_kamailio(tmp_path_factory.mktemp("kamailio")) as kamailio:
        provider = Provider(kamailio)
        provider.start()
        yield provider
        provider.stop()


@pytest.fixture
def make_phone(make_agent: MakeAgent, provider: Provider) -> MakeAgent:
    authority = provider.kamailio.config.tls.certificate.with_name("authority.crt")

    def make(**settings: Any) -> Agent:
        return make_agent(ca_file=authority, **settings).started()

    return make


def test_a_call_from_phone_to_phone(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee = (provider.registered(make_phone()) for _ in range(2))
    incoming = answered_call(caller, callee, domain=DOMAIN)
    caller.tell("send_digit", call=1, key="5")
    assert callee.wait("Digit", call=incoming)["key"] == "5"
    callee.tell("hang_up", call=incoming)
    assert caller.wait("CallEnded")["words"] == "The far end hung up"


def test_the_provider_says_who_is_reachable(make_phone: MakeAgent, provider: Provider) -> None:
    asker, other = (provider.registered(make_phone()) for _ in range(2))
    question = {"number": "2345678900", "uri": f"sip:{other.name}@{DOMAIN}"}
    asker.tell("probe", **question)
    assert asker.wait("Reachable", number="2345678900")["reachable"]
    other.stop()
    asker.tell("probe", **question)
    assert not asker.wait("Reachable", number="2345678900")["reachable"]
    assert "OPTIONS" not in other.log.read_text()


def test_identities_pass_the_provider(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee = (provider.registered(make_phone()) for _ in range(2))
    answered_call(caller, callee, domain=DOMAIN)
    assert callee.count("IncomingCall", verified=True) == caller.count("CallAnswered", verified=True) == 1


def test_a_refused_identity_is_told_through_the_provider(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee = provider.registered(make_phone(clock_off=-4000)), provider.registered(make_phone())
    caller.tell("place", call=1, uri=f"sip:{callee.name}@{DOMAIN}")
    callee.wait("CallRefused")
    assert caller.wait("CallEnded")["code"] == 438
    assert callee.count("IncomingCall") == 0


def test_notes_pass_the_provider(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee = (provider.registered(make_phone()) for _ in range(2))
    incoming = answered_call(caller, callee, domain=DOMAIN)
    note = {"note": "transfer", "number": "2345678900"}
    caller.tell("tell", call=1, note=note)
    assert callee.wait("CallTold", call=incoming)["note"] == note
    callee.tell("tell", call=incoming, note=note)
    assert caller.wait("CallTold", call=1)["note"] == note


def test_the_provider_leaves_a_forwarding_to_the_caller(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee, other = (provider.registered(make_phone()) for _ in range(3))
    caller.tell("place", call=1, uri=f"sip:{callee.name}@{DOMAIN}")
    callee.tell("reject", call=callee.wait("IncomingCall")["call"], code=302, forward_to="2345678900")
    assert caller.wait("CallForwarded", call=1)["number"] == "2345678900"
    caller.tell("place", call=3, uri=f"sip:{other.name}@{DOMAIN}", diverted_from="2000000003")
    assert other.wait("IncomingCall", verified=True)["diverted_from"] == "2000000003"


def test_the_provider_ends_a_call_for_want_of_credit(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee = (provider.registered(make_phone()) for _ in range(2))
    answered_call(caller, callee, domain=DOMAIN)
    provider.until(lambda: any(call.caller == caller.account for call in provider.service.calls.values()))
    provider.cut(next(reversed(provider.service.calls)))
    for side in (caller, callee):
        ended = side.wait("CallEnded")
        assert (ended["code"], ended["words"]) == (402, "Credit ended")


def test_the_provider_refuses_a_call(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee = (provider.registered(make_phone()) for _ in range(2))
    provider.service.decision = Decision(402, "No credit")
    caller.tell("place", call=1, uri=f"sip:{callee.name}@{DOMAIN}")
    assert caller.wait("CallEnded")["code"] == 402
    provider.service.decision = GO
    answered_call(caller, callee, 3, domain=DOMAIN)
    assert callee.count("IncomingCall") == 1


def test_another_s_credentials_are_refused(make_phone: MakeAgent, provider: Provider) -> None:
    phone, other = make_phone(), make_phone()
    stolen = provider.kamailio.credentials(other.name)
    provider.register(phone, username=stolen.username, password=stolen.password)
    assert phone.wait("SipUnregistered")["code"] == 403


def test_kamailio_dies_in_a_call_and_comes_back(make_phone: MakeAgent, provider: Provider) -> None:
    caller, callee = (provider.registered(make_phone(rtp_timeout_s=3.0)) for _ in range(2))
    incoming = answered_call(caller, callee, domain=DOMAIN)
    provider.kamailio.server.kill()
    for side in (caller, callee):
        assert side.wait("SipUnregistered")["code"] == 0
    provider.kamailio.start()
    for side in (caller, callee):
        provider.registered(side)
    callee.tell("hang_up", call=incoming)
    assert callee.wait("CallEnded")["code"] == 200
    assert caller.wait("CallEnded")["code"] in (200, 408)


@pytest.fixture
def coturn(provider: Provider, tmp_path: Path) -> Iterator[str]:
    config = provider.kamailio.config
    server = Server(render.render(config, provider.kamailio.limits).turnserver, tmp_path / "coturn.log")
    server.start()
    server.await_port(config.turn.port)
    yield f"turn:127.0.0.1:{config.turn.port}"
    server.stop()


def test_the_same_credentials_open_the_relay(
    make_agent: MakeAgent, provider: Provider, proxy: SipProxy, coturn: str
) -> None:
    caller, callee = make_agent().started(), make_agent().started()
    for phone in (caller, callee):
        credentials = provider.kamailio.credentials(phone.name)
        proxy.passwords[credentials.username] = credentials.password
        provider.register(phone, domain="test", proxy=proxy.uri, turn=[coturn])
        phone.wait("SipRegistered")
        phone.wait_log("answers")
    answered_call(caller, callee)
    assert "typ relay" in proxy.requests("INVITE")[0].body


def test_an_absent_relay_delays_nobody(make_agent: MakeAgent, provider: Provider, proxy: SipProxy) -> None:
    caller, callee = make_agent().started(), make_agent().started()
    for phone in (caller, callee):
        credentials = provider.kamailio.credentials(phone.name)
        proxy.passwords[credentials.username] = credentials.password
        provider.register(phone, domain="test", proxy=proxy.uri, turn=["turn:127.0.0.1:9"])
        phone.wait("SipRegistered")
    answered_call(caller, callee)
    assert "typ relay" not in proxy.requests("INVITE")[0].body
