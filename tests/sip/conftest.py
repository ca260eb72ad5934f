from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sip.certificates import Authority, make_authority, make_server
from tests.sip.driver import Agent, until
from tests.sip.proxy import SipProxy

from kallnet.account import Account

MakeAgent = Callable[..., Agent]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture
def proxy(authority: Authority, tmp_path: Path) -> Iterator[SipProxy]:
    server = SipProxy(make_server(authority, tmp_path, "127.0.0.1"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_agent(authority: Authority, tmp_path: Path) -> Iterator[MakeAgent]:
    made: list[Agent] = []

    def make(**settings: Any) -> Agent:
        settings.setdefault("ca_file", authority.file)
        made.append(Agent(Account.generate(), log=tmp_path / f"agent{len(made)}.log", **settings))
        return made[-1]

    yield make
    for agent in made:
        agent.stop()


@pytest.fixture
def make_phone(make_agent: MakeAgent, proxy: SipProxy) -> MakeAgent:
    """An agent that is registered at the proxy."""

    def make(**settings: Any) -> Agent:
        agent = make_agent(**settings).started()
        register(agent, proxy)
        agent.wait("SipRegistered")
        return agent

    return make


def register(
    agent: Agent, proxy: SipProxy, *, username: str = "", password: str = "pw", uri: str = ""
) -> None:
    username = username or f"9999999999:{agent.name}"
    proxy.passwords.setdefault(username, "pw")
    fields = {"account": agent.account.hex(), "domain": "test", "proxy": uri or proxy.uri}
    agent.tell("register", username=username, password=password, **fields)


def answered_call(caller: Agent, callee: Agent, number: int = 1, domain: str = "test") -> int:
    """The callee's number of a call that both sides hear; the caller's is `number`."""
    caller.tell("place", call=number, uri=f"sip:{callee.name}@{domain}")
    incoming: int = callee.wait("IncomingCall", caller=caller.account.hex())["call"]
    callee.tell("alert", call=incoming)
    caller.wait("FarEndRinging", call=number)
    callee.tell("answer", call=incoming)
    for side, call in ((caller, number), (callee, incoming)):
        side.wait("CallAnswered", call=call)
        side.wait("MediaStarted", call=call)
    return incoming


def settled(proxy: SipProxy) -> None:
    """Waits for the UPDATE with which the caller tells what ICE has found, and for all that is under way."""

    def answered(method: str) -> bool:
        asked = {message.get("CSeq") for message in proxy.requests(method)}
        done = {m.get("CSeq") for m in proxy.seen if m.is_response and m.method == method and m.status >= 200}
        return asked == done != set()

    until(lambda: answered("INVITE") and answered("UPDATE"))
