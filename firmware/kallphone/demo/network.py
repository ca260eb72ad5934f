from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path

from kallnet.account import Address, address_from_hex, address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.ledger import Channel, Ledger, open_ledger
from kallnet.transfers import ESCROW
from kallphone.demo.chain import LocalChain
from kallphone.demo.process import Process, accepts, free_ports, run

HOST = "127.0.0.1"
DOMAIN = "kall.test"

PRICE = 20_000
"""kallCoin base units per period in the demo: 0.08 kallCoin a minute."""

FLOAT_PERIODS = 2
"""Periods that the demo's provider serves on trust."""

_PROVIDER_FILE = """\
[provider]
name = "Demo provider"
domain = "{domain}"
state = "state"
key = "provider.key"
[sip]
host = "{host}"
port = {sip}
[turn]
host = "{host}"
port = {turn}
relay_min = {relay}
relay_max = {relay_max}
allow_loopback = true
[http]
host = "{host}"
port = {http}
[tls]
certificate = "tls/server.crt"
private_key = "tls/server.key"
[evapi]
port = {evapi}
[terms]
price = {price}
inviter_share = 100
api_version = 1
max_float_periods = {float_periods}
session_seconds = 3600
free_relays_per_hour = 100
rail = "{rail}"
[ledger]
rpc = ["{rpc}"]
deployment = "{deployment}"
confirmations = 0
[claims]
minimum = 1
after_seconds = 2
"""


@dataclass(frozen=True)
class _Ports:
    sip: int
    turn: int
    http: int
    evapi: int


class Network:
    """A whole network on this machine: chain, contracts, and one provider with Kamailio and coturn.

    `rail` is how that provider is paid, one of kallnet.transfers.RAILS. `exit_delay_s` is how long a client
    waits for its deposit. `host` is the address of this machine that the provider's servers listen on.
    """

    def __init__(
        self, folder: Path, rail: str = ESCROW, exit_delay_s: int = 3600, host: str = HOST
    ) -> None:
        self.folder = folder
        self.chain = LocalChain(block_time=1)
        self._rail = rail
        self._exit_delay_s = exit_delay_s
        self._host = host
        self.provider = Address(b"")
        self._provider_folder = folder / "provider"
        self._provider_file = self._provider_folder / "provider.toml"
        self._logs = folder / "logs"
        self._ports = _Ports(*free_ports(4))
        self._commands: dict[str, list[str]] = {}
        self._processes: dict[str, Process] = {}
        self._ledger: Ledger | None = None

    @property
    def provider_api(self) -> str:
        return f"https://{self._host}:{self._ports.http}"

    @property
    def ca_file(self) -> Path:
        return self._provider_folder / "tls" / "authority.crt"

    @property
    def deployment_file(self) -> Path:
        return self.chain.deployment_path(self.folder)

    @property
    def deployment(self) -> Deployment:
        return load_deployment(self.deployment_file)

    @property
    def ledger(self) -> Ledger:
        """Read at the newest block; any thread may ask."""
        assert self._ledger is not None
        return self._ledger

    async def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self.chain.start)
        await asyncio.gather(
            asyncio.to_thread(self.chain.deploy, self.folder, exit_delay=self._exit_delay_s),
            self._render_and_start_servers(),
        )
        self._ledger = open_ledger([self.chain.url], self.deployment, finality="latest")
        await asyncio.gather(self._cli("register", str(self._provider_file)), self.start_service())

    async def stop(self) -> None:
        """In reverse: the service first, so that it can still claim from a living chain."""
        await asyncio.to_thread(self.chain.thaw)
        for name in ("kallprovider", "kamailio", "coturn"):
            if name in self._processes:
                await self._processes[name].stop()
        await asyncio.to_thread(self.chain.stop)

    async def start_kamailio(self) -> None:
        await self._start("kamailio", self._commands["kamailio"])
        await self._processes["kamailio"].ready(lambda: accepts(self._host, self._ports.sip))

    async def kill_kamailio(self) -> None:
        await self._processes["kamailio"].kill()

    async def kill_service(self) -> None:
        await self._processes["kallprovider"].kill()

    async def give_coins(self, account: Address, amount: int) -> None:
        await asyncio.to_thread(self.chain.give_coins, address_to_hex(account), amount)

    async def until_final(self) -> None:
        """Waits until all that is on the chain now is final, since phones look nobody up before."""
        newest = await asyncio.to_thread(self.chain.height, "latest")
        while await asyncio.to_thread(self.chain.height, "finalized") < newest:
            await asyncio.sleep(0.1)

    async def channel(self, client: Address) -> Channel:
        return await asyncio.to_thread(self.ledger.channel, client, self.provider)

    async def coin_balance(self, account: Address) -> int:
        return await asyncio.to_thread(self.ledger.coin_balance, account)

    async def gas_used_by(self, accounts: list[Address]) -> int:
        """Gas of every transaction that one of the accounts sent, counted over the whole chain."""
        return await asyncio.to_thread(self._gas_used_by, {address_to_hex(one).lower() for one in accounts})

    def _gas_used_by(self, senders: set[str]) -> int:
        used = 0
        for number in range(int(self.chain.rpc("eth_blockNumber"), 16) + 1):
            block = self.chain.rpc("eth_getBlockByNumber", hex(number), True)
            for transaction in block["transactions"]:
                if transaction["from"].lower() in senders:
                    receipt = self.chain.rpc("eth_getTransactionReceipt", transaction["hash"])
                    used += int(receipt["gasUsed"], 16)
        return used

    async def _render_and_start_servers(self) -> None:
        self._provider_folder.mkdir(parents=True, exist_ok=True)
        self._make_provider_account()
        self._write_provider_file()
        await self._cli("authority", str(self._provider_file))
        self._commands = json.loads(await self._cli("render", "--json", str(self._provider_file)))
        await asyncio.gather(self.start_kamailio(), self._start_coturn())

    def _write_provider_file(self) -> None:
        relay = 20_000 + secrets.randbelow(10_000)
        self._provider_file.write_text(
            _PROVIDER_FILE.format(
                host=self._host,
                domain=DOMAIN,
                price=PRICE,
                float_periods=FLOAT_PERIODS,
                rail=self._rail,
                relay=relay,
                relay_max=relay + 200,
                rpc=self.chain.url,
                deployment=self.deployment_file.resolve(),
                **vars(self._ports),
            )
        )

    def _make_provider_account(self) -> None:
        """One of the chain's own accounts: it has the gas that a provider needs."""
        paid = self.chain.accounts[1]
        key_file = self._provider_folder / "provider.key"
        key_file.touch(mode=0o600)
        key_file.write_text(paid.key.removeprefix("0x") + "\n")
        self.provider = address_from_hex(paid.address)

    async def _cli(self, *arguments: str) -> str:
        return await run([sys.executable, "-m", "kallprovider", *arguments], f"kallprovider {arguments[0]}")

    async def start_service(self) -> None:
        command = [sys.executable, "-m", "kallprovider", "serve", str(self._provider_file)]
        await self._start("kallprovider", command)
        await self._processes["kallprovider"].ready(self._kamailio_is_linked)

    async def _start_coturn(self) -> None:
        await self._start("coturn", self._commands["turnserver"])
        await self._processes["coturn"].ready(lambda: accepts(self._host, self._ports.turn))

    async def _start(self, name: str, command: list[str]) -> None:
        process = Process(name, command, self._logs)
        await process.start()
        self._processes[name] = process

    async def _kamailio_is_linked(self) -> bool:
        """The service says on its health page whether Kamailio asks it."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        try:
            reader, writer = await asyncio.open_connection(self._host, self._ports.http, ssl=context)
            writer.write(f"GET /v1/health HTTP/1.0\r\nHost: {self._host}\r\n\r\n".encode())
            await writer.drain()
            answer = await reader.read()
            writer.close()
        except OSError:
            return False
        return b'"kamailio": true' in answer or b'"kamailio":true' in answer
