"""Outside the guest: chain, contracts, provider with Kamailio and coturn, and a second phone, all real.

QEMU's user network lets the guest reach every address that this machine reaches; 10.0.2.2 is its loopback.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kallnet.account import Address
from kallphone.demo.network import Network
from kallphone.demo.stage import Stage, Voice, stage
from tests.journeys.street import FUNDS, Neighbour

LOOPBACK_IN_GUEST = "10.0.2.2"

DEPOSIT = 1_000_000
"""kallCoin base units that the guest's phone keeps on deposit: fifty periods of the town's price."""

_ANSWERS = """\
[phone]
country = "de"
language = "en"
[wifi]
cable = true
[key]
new = true
"""
_NETWORK = """\
[ledger]
rpc = ["{rpc}"]
agree = 0
ratings = true
deployment = "deployment.json"
[provider]
api = "{api}"
ca_file = "authority.crt"
[money]
deposit = {deposit}
[audio]
device = "{device}"
"""


class NoOutside(AssertionError):
    pass


@dataclass
class Town:
    """`runner` is the loop of all that is asynchronous here: the tests themselves are not."""

    runner: asyncio.Runner
    on: Stage

    @property
    def network(self) -> Network:
        return self.on.network

    @property
    def rpc(self) -> str:
        return f"http://{LOOPBACK_IN_GUEST}:{urlsplit(self.network.chain.url).port}"

    def neighbour(self) -> Neighbour:
        return Neighbour(self.on.phones[0])

    def run(self, doing: Callable[[Neighbour], Any]) -> Any:
        return self.runner.run(doing(self.neighbour()))

    def installers_files(self, device: str, *, answers: bool = True) -> dict[str, bytes]:
        """What an installer copies onto the FAT partition: the network, and `answers` that make a whole phone
        of it; `device` is the ALSA name of the handset.
        """
        file = (_ANSWERS if answers else "") + _NETWORK.format(
            rpc=self.rpc, api=self.network.provider_api, deposit=DEPOSIT, device=device
        )
        return {
            "kallphone.toml": file.encode(),
            "deployment.json": self.network.deployment_file.read_bytes(),
            "authority.crt": self.network.ca_file.read_bytes(),
        }

    def give_coins(self, account: Address, amount: int = FUNDS) -> None:
        self.runner.run(self.network.give_coins(account, amount))

    def deposited(self, account: Address) -> int:
        return self.runner.run(self.network.channel(account)).deposited

    def claimed(self, account: Address) -> int:
        """What the provider has been paid by this account's vouchers, on the chain."""
        return self.runner.run(self.network.channel(account)).claimed


def this_machine() -> str:
    """The address of this machine that a guest reaches as itself; it need not lead anywhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # nothing is sent
            found: str = asking.getsockname()[0]
        except OSError:
            found = "127.0.0.1"
    if found.startswith("127."):
        raise NoOutside("this machine has no address but its loopback: the guest could not reach it")
    return found


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    with asyncio.Runner() as runner:
        scene = stage(folder, print, [Voice()], host=this_machine())
        on = runner.run(scene.__aenter__())
        try:
            runner.run(on.fund(on.phones[0], FUNDS))
            yield Town(runner, on)
        finally:
            runner.run(scene.__aexit__(None, None, None))
