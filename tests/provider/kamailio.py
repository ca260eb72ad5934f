"""Real Kamailio and coturn on free loopback ports, rendered from a provider file as in production."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kallnet.account import Address, address_from_hex
from kallprovider import config as provider_config
from kallprovider import render, secret_files, tls
from kallprovider.config import ProviderConfig
from kallprovider.evapi import GO, AnsweredCall, Ask, Decision, KamailioLink
from tests.provider.sip_client import Credentials, Phone

DOMAIN = "phone.example"
EXAMPLE = Path(provider_config.__file__).with_name("provider.example.toml")


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def write_provider_file(directory: Path, **changes: object) -> Path:
    """The example file with free ports and a certificate of its own; `changes` replace further keys."""
    files = tls.issue(directory / "ca", [DOMAIN, "localhost"], ["127.0.0.1"])
    text = EXAMPLE.read_text(encoding="utf-8")
    ports = {section: free_port() for section in ("sip", "http", "evapi")}
    for section, port in (ports | {"turn": free_port(socket.SOCK_DGRAM)}).items():
        text = re.sub(rf"(\[{section}\][^\[]*?\nport = )\d+", rf"\g<1>{port}", text)
    keys: dict[str, object] = {
        "certificate": f'"{files.certificate}"',
        "private_key": f'"{files.private_key}"',
        "allow_loopback": "true",
    }
    for key, value in (keys | changes).items():
        text = re.sub(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
    path = directory / "provider.toml"
    path.write_text(text, encoding="utf-8")
    return path


@dataclass
class Server:
    """One server process in the foreground; its log is a file, for when a test fails."""

    argv: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9 of every process of it, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        group = self.process.pid
        with contextlib.suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(group, number)
            else:
                self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(group, signal.SIGKILL)
            self.process.wait()
        self.process = None
        _await_group_end(group)

    def await_port(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.argv[0]} does not listen on {port}:\n{self.log.read_text()[-4000:]}")


def _await_group_end(group: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


@dataclass
class Kamailio:
    config: ProviderConfig
    limits: render.Limits
    server: Server
    context: ssl.SSLContext

    @property
    def secret(self) -> str:
        return secret_files.read(self.config.secret_path)

    def start(self) -> None:
        self.server.start()
        self.server.await_port(self.config.evapi_port)
        self.server.await_port(self.config.sip.port)

    def log(self) -> str:
        return self.server.log.read_text(errors="replace")

    def credentials(self, account: str, seconds: int = 3600) -> Credentials:
        return Credentials.of(account, self.secret, int(time.time()) + seconds)

    @contextlib.asynccontextmanager
    async def phones(self, *numbers: int, register: bool = True) -> AsyncIterator[list[Phone]]:
        async with contextlib.AsyncExitStack() as stack:
            phones = [self._phone(account(number)) for number in numbers]
            for phone in phones:
                await stack.enter_async_context(phone)
                if register:
                    assert (await phone.register()).code == 200
            yield phones

    def _phone(self, account: str) -> Phone:
        return Phone(account, DOMAIN, self.credentials(account), self.config.sip.port, self.context)

    def stranger(
        self, number: int, credentials: Credentials | None = None, source: str = "127.0.0.1"
    ) -> Phone:
        """Not registered; says it is account `number`."""
        return Phone(account(number), DOMAIN, credentials, self.config.sip.port, self.context, source)

    @contextlib.asynccontextmanager
    async def service(self, handler: FakeService | None = None) -> AsyncIterator[FakeService]:
        handler = handler or FakeService()
        token = secret_files.read(self.config.evapi_token_path)
        handler.link = KamailioLink("127.0.0.1", self.config.evapi_port, token, handler)
        task = asyncio.create_task(handler.link.run())
        try:
            await handler.until(lambda: handler.listings)
            yield handler
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass
class FakeService:
    """Says GO unless `decision` says otherwise, and notes all it hears."""

    decision: Decision = GO
    asks: list[Ask] = field(default_factory=list)
    calls: dict[str, AnsweredCall] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    listings: list[Sequence[str]] = field(default_factory=list)
    hung: bool = False
    link: KamailioLink = None  # type: ignore[assignment]
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, ask: Ask) -> Decision:
        self.asks.append(ask)
        self.changed.set()
        if self.hung:
            await asyncio.Event().wait()
        return self.decision

    def started(self, call: AnsweredCall) -> None:
        self.calls[call.call_id] = call
        self.changed.set()

    def ended(self, call_id: str, reason: str) -> None:
        self.ends.setdefault(call_id, reason)
        self.changed.set()

    def dialogs(self, call_ids: Sequence[str]) -> None:
        self.listings.append(call_ids)
        self.changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    async def call(self, call_id: str) -> AnsweredCall:
        await self.until(lambda: call_id in self.calls)
        return self.calls[call_id]

    async def end(self, call_id: str) -> str:
        """Why it ended. Events of earlier tests may arrive too: always ask for one call."""
        await self.until(lambda: call_id in self.ends)
        return self.ends[call_id]


def account(number: int) -> str:
    return f"0x{number:040x}"


def address(number: int) -> Address:
    return address_from_hex(account(number))


def run(scenario: Coroutine[None, None, None]) -> None:
    """The time-out only ends a test that would otherwise hang."""
    asyncio.run(asyncio.wait_for(scenario, 30))


@contextlib.contextmanager
def running_kamailio(
    directory: Path, limits: render.Limits | None = None, sip_host: str = "127.0.0.1"
) -> Iterator[Kamailio]:
    config = provider_config.load_config(write_provider_file(directory))
    config = replace(config, sip=replace(config.sip, host=sip_host))
    limits = limits or render.Limits(flood=100_000)
    commands = render.render(config, limits)
    context = ssl.create_default_context(cafile=str(directory / "ca" / "authority.crt"))
    kamailio = Kamailio(config, limits, Server(commands.kamailio, directory / "kamailio.log"), context)
    try:
        kamailio.start()
        yield kamailio
    finally:
        kamailio.server.stop()


@contextlib.contextmanager
def running_coturn(directory: Path, *, allow_loopback: bool = True) -> Iterator[ProviderConfig]:
    flag = "true" if allow_loopback else "false"
    config = provider_config.load_config(write_provider_file(directory, allow_loopback=flag))
    server = Server(render.render(config).turnserver, directory / "turnserver.log")
    try:
        server.start()
        server.await_port(config.turn.port)
        yield config
    finally:
        server.stop()
