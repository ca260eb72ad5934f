from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, Protocol, TypeVar

from aiohttp import web

from kallnet.account import Account
from kallnet.deployment import Deployment, load_deployment
from kallnet.entries import Cost
from kallnet.errors import DeploymentInvalid
from kallnet.rpc import JsonRpc
from kallnet.transfers import TRANSFERS
from kallnet.typed import registry_domain
from kallprovider import secret_files
from kallprovider.agreements import Agreements
from kallprovider.books import Books
from kallprovider.calls import Calls
from kallprovider.chain import ChainWorker
from kallprovider.chain_rpc import ChainRpc
from kallprovider.clock import LoopClock
from kallprovider.config import ProviderConfig
from kallprovider.errors import ConfigError
from kallprovider.evapi import KamailioLink
from kallprovider.http import Api, Health, tls_context
from kallprovider.mail_doors import MailDoors
from kallprovider.mailbox import Mailbox
from kallprovider.meter import Meter
from kallprovider.query import LedgerQueries
from kallprovider.rail import open_rail
from kallprovider.relay import Relay
from kallprovider.sessions import Challenges
from kallprovider.store import Store

log = logging.getLogger(__name__)

RPC_TIMEOUT = 5.0
SHUTDOWN_SECONDS = 5.0


class _Closing(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=_Closing)


def deployment_of(config: ProviderConfig) -> Deployment:
    try:
        return load_deployment(config.ledger.deployment)
    except DeploymentInvalid as error:
        raise ConfigError(str(error)) from None


def cost_of(config: ProviderConfig) -> Cost:
    return Cost(config.terms.price, config.terms.api_version, config.terms.inviter_share)


def open_chain(config: ProviderConfig, deployment: Deployment, account: Account) -> ChainWorker:
    rpc = JsonRpc(config.ledger.rpc, timeout=RPC_TIMEOUT)
    return ChainWorker(ChainRpc(rpc, deployment, account))


class Provider:
    """Builds the parts, starts them in order and stops them in reverse. Lives in one asyncio loop."""

    def __init__(self, config: ProviderConfig) -> None:
        self._config = config
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._stack.aclose()

    async def failure(self) -> None:
        """Returns never; raises what a background task fell over."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def _start(self) -> None:
        config = self._config
        account, deployment = secret_files.load_account(config.key), deployment_of(config)
        secret = secret_files.read_or_create(config.secret_path)
        token = secret_files.read_or_create(config.evapi_token_path)
        tls = tls_context(config.tls)
        clock = LoopClock(asyncio.get_running_loop())
        terms, registry = config.terms, registry_domain(deployment)

        store = self._closing(Store(config.database_path, account.address))
        chain = self._closing(open_chain(config, deployment, account))
        books = Books(store, Meter(terms.max_float), clock)
        agreements = Agreements(account, registry, store, chain, clock)
        rail = open_rail(config, deployment, account.address, store, chain, books, agreements, clock)
        relay = Relay(
            account.address,
            deployment,
            agreements,
            rail.channels,
            chain,
            terms.free_relays_per_hour,
            clock,
            takes_deposits=terms.rail != TRANSFERS,
        )

        calls = Calls(cost_of(config), terms.max_float, books, rail.channels, agreements.is_client, clock)
        link = KamailioLink("127.0.0.1", config.evapi_port, token, calls)
        calls.connect(link)
        calls.restore()
        self._stack.callback(calls.stop)
        mailbox = Mailbox(store.mail, registry, agreements.is_client, chain.client_entry, clock)
        api = Api(
            config,
            deployment,
            account.address,
            secret,
            Challenges(account.address, registry, clock),
            agreements,
            rail.channels,
            books,
            rail.desk,
            relay,
            LedgerQueries(chain, clock),
            MailDoors(mailbox, secret, clock),
            lambda: Health(link.connected, chain.is_up, calls.count),
            clock,
        )

        for name, work in rail.work.items():
            self._run(name, work())
        await self._serve(api.application(), tls)
        self._run("kamailio link", link.run())
        log.info("%s serves %s at %s", config.name, config.domain, config.api_url)

    def _closing(self, part: C) -> C:
        self._stack.callback(part.close)
        return part

    def _run(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        self._stack.push_async_callback(_cancel, task)

    async def _serve(self, app: web.Application, tls: ssl.SSLContext) -> None:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        http = self._config.http
        try:
            await web.TCPSite(runner, http.host, http.port, ssl_context=tls).start()
        except OSError as error:
            raise ConfigError(f"[http] can't listen on {http.host}:{http.port}: {error.strerror}") from None


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task


async def serve(config: ProviderConfig) -> None:
    """Runs until SIGTERM or SIGINT; raises when a part of it fails for good."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    provider = Provider(config)
    await provider.start()
    waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(provider.failure())]
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in waits:
            task.cancel()
        await provider.stop()
