"""Calls through the real Kamailio, paid over the real API, settled on the real contracts."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kallnet.account import Account, address_to_hex
from kallnet.deployment import Deployment
from kallnet.ledger import Ledger
from kallprovider.config import load_config
from tests.chain import LocalChain
from tests.provider.client import ApiClient
from tests.provider.kamailio import Server
from tests.provider.process import ProviderProcess, wait_until
from tests.provider.sip_client import Credentials, Phone

pytestmark = [pytest.mark.provider, pytest.mark.chain]

PRICE = 10


@dataclass
class Exchange:
    provider: ProviderProcess
    chain: LocalChain
    deployment: Deployment
    ledger: Ledger

    def __post_init__(self) -> None:
        self.sip_port = load_config(self.provider.file).sip.port
        self.context = ssl.create_default_context(cafile=str(self.provider.authority))

    def client(self, coins: int = 10_000) -> ApiClient:
        client = ApiClient(
            self.provider.url, self.provider.authority, Account.generate(), self.deployment, self.ledger
        )
        self.chain.give_coins(address_to_hex(client.address), coins)
        client.agree()
        return client

    def phone(self, client: ApiClient) -> Phone:
        session = client.session()
        credentials = Credentials(session["username"], session["password"])
        user = "0x" + client.address.hex()
        return Phone(user, session["domain"], credentials, self.sip_port, self.context)

    def calls(self, client: ApiClient) -> int:
        return int(client.get("health")["calls"])


@pytest.fixture
def exchange(
    provider: ProviderProcess, chain: LocalChain, deployment: Deployment, ledger: Ledger, tmp_path: Path
) -> Iterator[Exchange]:
    rendered = provider.run("render", "--json")
    server = Server(json.loads(rendered.stdout)["kamailio"], tmp_path / "kamailio.log")
    server.start()
    try:
        exchange = Exchange(provider, chain, deployment, ledger)
        server.await_port(exchange.sip_port)
        yield exchange
    finally:
        server.stop()


@pytest.fixture
def caller(exchange: Exchange) -> Iterator[ApiClient]:
    client = exchange.client()
    wait_until(lambda: client.get("health")["kamailio"], "the link to Kamailio")
    yield client
    client.close()


@pytest.fixture
def callee(exchange: Exchange) -> Iterator[ApiClient]:
    client = exchange.client()
    yield client
    client.close()


async def off_loop(function: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(function, *arguments)


def run(scenario: Coroutine[None, None, None]) -> None:
    """The time-out only ends a test that would otherwise hang."""
    asyncio.run(asyncio.wait_for(scenario, 180))


def test_without_a_deposit_the_caller_is_told_to_top_up(
    exchange: Exchange, caller: ApiClient, callee: ApiClient
) -> None:
    async def scenario() -> None:
        async with exchange.phone(caller) as phone, exchange.phone(callee) as other:
            await other.register()
            refused = await phone.invite(other.account)
            assert refused.code == 402
            assert refused.reason.startswith("Top up")
            await off_loop(caller.deposit, PRICE)
            assert (await phone.invite(other.account)).code == 200

    run(scenario())


def test_who_pays_talks_on_and_who_stops_is_cut_on_both_legs(
    exchange: Exchange, caller: ApiClient, callee: ApiClient, ledger: Ledger
) -> None:
    caller.deposit(5_000)

    async def scenario() -> None:
        async with exchange.phone(caller) as phone, exchange.phone(callee) as other:
            await other.register()
            call_id = (await phone.invite(other.account)).call_id
            await off_loop(wait_until, lambda: exchange.calls(caller) == 1, "the meter")
            assert await off_loop(caller.pay, PRICE) == PRICE
            await phone.until(lambda: call_id in phone.byes)
            await other.until(lambda: call_id in other.byes)
            for leg in (phone, other):
                assert 'cause=402;text="Credit ended"' in leg.byes[call_id].get("Reason")
            await off_loop(wait_until, lambda: exchange.calls(caller) == 0, "the end of the call")

    run(scenario())
    caller.start_exit()
    wait_until(lambda: ledger.channel(caller.address, caller.provider).claimed == PRICE, "the claim")


def test_a_call_outlives_a_killed_provider_and_stays_metered(
    exchange: Exchange, caller: ApiClient, callee: ApiClient, provider: ProviderProcess
) -> None:
    caller.deposit(5_000)

    async def scenario() -> None:
        async with exchange.phone(caller) as phone, exchange.phone(callee) as other:
            await other.register()
            call_id = (await phone.invite(other.account)).call_id
            await off_loop(wait_until, lambda: exchange.calls(caller) == 1, "the meter")
            await off_loop(caller.pay, PRICE)
            await off_loop(provider.kill)
            await off_loop(provider.start)
            await off_loop(wait_until, lambda: caller.get("health")["kamailio"], "the link")
            assert exchange.calls(caller) == 1
            assert call_id not in phone.byes
            assert (await off_loop(caller.session))["channel"]["voucher"] == PRICE
            assert (await phone.dialogs[call_id].request("BYE")).code == 200
            await off_loop(wait_until, lambda: exchange.calls(caller) == 0, "the end of the call")

    run(scenario())
