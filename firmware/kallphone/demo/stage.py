from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kallnet.account import Address
from kallnet.transfers import ESCROW
from kallphone.bench.held import HeldPhone
from kallphone.demo.machines import DemoMachine
from kallphone.demo.network import HOST, Network

# Patience, not measurements: far beyond what a loaded machine needs.
LINE_S = 90.0
CALL_S = 30.0

NAMES = "ABCD"

DEPOSIT = 1_000_000
"""What a demo phone keeps on deposit, in base units: fifty periods of the demo's price."""

Say = Callable[[str], None]

_PHONE_FILE = """\
[phone]
state = "state"
country = "de"
voicemail = "{voicemail}"
echo_test = "{echo_test}"
[ledger]
rpc = ["{rpc}"]
agree = 0
ratings = true
deployment = "{deployment}"
[provider]
api = "{api}"
ca_file = "{ca_file}"
[money]
deposit = {deposit}
[audio]
device = "{device}"
speak = "{speak}"
record = "{record}"
"""


@dataclass(frozen=True)
class Voice:
    """WAV files in place of a phone's microphone and of what its ear hears; `device` is an ALSA name."""

    speak: Path | None = None
    record: Path | None = None
    device: str = "null"


@dataclass
class DemoPhone:
    """A phone of the demo: a process that is held by its panel, and what the demo knows of it."""

    name: str
    folder: Path
    held: HeldPhone
    options: tuple[str, ...] = ()
    account: Address = field(default_factory=lambda: Address(b""))
    number: str = ""

    async def come_up(self) -> None:
        """Starts the phone and waits for its line."""
        await self.held.start()
        await self.held.wait_for(lambda phone: phone.lamps["line"], LINE_S, "its line")
        opened = await self.held.wait_for_event("LineOpened", LINE_S)
        self.account = Address(bytes.fromhex(opened.fields["account"]))
        self.number = opened.fields["number"]

    async def restart(self) -> None:
        """A new process on the same state, with the options that hold now; the old one ends first."""
        await self.held.stop()
        on_change = self.held.on_change
        self.held = HeldPhone(_argv(self.folder, self.options), None, self.name)
        self.held.on_change = on_change
        await self.come_up()

    def last(self, event: str) -> dict[str, Any]:
        """Fields of the latest event of that name, empty where there was none."""
        found = [seen.fields for seen in self.held.events if seen.name == event]
        return found[-1] if found else {}


@dataclass(frozen=True)
class Stage:
    """`echo` and `voicemail` are there where machines were asked for; the phones' settings name them."""

    network: Network
    phones: tuple[DemoPhone, ...]
    echo: DemoMachine | None = None
    voicemail: DemoMachine | None = None

    @property
    def a(self) -> DemoPhone:
        return self.phones[0]

    @property
    def b(self) -> DemoPhone:
        return self.phones[1]

    async def fund(self, phone: DemoPhone, amount: int) -> None:
        """Gives the account coins and waits until the phone can spend them."""
        await self.network.give_coins(phone.account, amount)
        seen = len(phone.held.events)
        await phone.held.wait_for(
            lambda held: any(
                event.name == "CreditChanged" and event.fields["credit"]["deposited"] > 0
                for event in held.events[seen:]
            ),
            LINE_S,
            "its credit",
        )


@asynccontextmanager
async def stage(
    folder: Path,
    say: Say,
    voices: Sequence[Voice] = (Voice(), Voice()),
    options_of_a: tuple[str, ...] = (),
    rail: str = ESCROW,
    exit_delay_s: int = 3600,
    *,
    machines: bool = False,
    host: str = HOST,
) -> AsyncIterator[Stage]:
    """A network and a phone for each voice with its line up; everything is gone when the block ends."""
    async with AsyncExitStack() as stack:
        network = Network(folder, rail, exit_delay_s, host)
        stack.push_async_callback(network.stop)
        say("Starting chain, contracts and provider")
        await network.start()
        beside = _machines(network, folder) if machines else {}
        for machine in beside.values():
            stack.push_async_callback(machine.stop)
        await asyncio.gather(*(machine.come_up() for machine in beside.values()))
        numbers = {kind: machine.number for kind, machine in beside.items()}
        phones = [
            _phone(
                name,
                folder / name.lower(),
                _phone_file(network, voice, DEPOSIT, numbers),
                options_of_a if name == "A" else (),
            )
            for name, voice in zip(NAMES, voices, strict=False)
        ]
        for phone in phones:
            stack.push_async_callback(_put_away, phone)
        say(f"Starting {len(phones)} phones")
        await asyncio.gather(*(phone.come_up() for phone in phones))
        await network.until_final()
        for phone in phones:
            say(f"Phone {phone.name} has the number {phone.number}")
        for kind, machine in beside.items():
            say(f"The {kind} has the number {machine.number}")
        yield Stage(network, tuple(phones), beside.get("echo"), beside.get("voicemail"))


def _machines(network: Network, folder: Path) -> dict[str, DemoMachine]:
    file = _phone_file(network, Voice(), deposit=0, numbers={})
    return {kind: DemoMachine(kind, folder / kind, file) for kind in ("echo", "voicemail")}


def _phone(name: str, folder: Path, file: str, options: tuple[str, ...]) -> DemoPhone:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kallphone.toml").write_text(file)
    return DemoPhone(name, folder, HeldPhone(_argv(folder, options), None, name), options)


def _phone_file(network: Network, voice: Voice, deposit: int, numbers: dict[str, str]) -> str:
    """`numbers` are those of the machines, by kind."""
    return _PHONE_FILE.format(
        voicemail=numbers.get("voicemail", ""),
        echo_test=numbers.get("echo", ""),
        rpc=network.chain.url,
        deployment=network.deployment_file.resolve(),
        api=network.provider_api,
        ca_file=network.ca_file.resolve(),
        deposit=deposit,
        device=voice.device,
        speak=voice.speak or "",
        record=voice.record or "",
    )


async def _put_away(phone: DemoPhone) -> None:
    await phone.held.stop()


def _argv(folder: Path, options: tuple[str, ...]) -> list[str]:
    file = str(folder / "kallphone.toml")
    return [
        sys.executable,
        "-m",
        "kallphone",
        "run",
        "--panel",
        "--log",
        str(folder / "phone.log"),
        *options,
        file,
    ]
