from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kallphone.bench.controls import Control
from kallphone.bench.happenings import Happenings
from kallphone.demo.money import EXIT_DELAY_S, take_all
from kallphone.demo.network import Network
from kallphone.demo.stage import DemoPhone, Stage

FUNDS = 5_000_000
"""kallCoin base units that a phone is given."""

RUNNING, KILLED, FROZEN = "Running", "Killed", "Frozen"
GIVE, TAKE = "Give 5", "Take all"
ON, CUT = "On", "Cut"
LOSSES = ("0 %", "5 %", "20 %")


def controls_of(on: Stage, happenings: Happenings) -> list[Control]:
    """All that can be broken on a stage, and mended again."""
    network = on.network
    around = [
        _switch(
            "signalling", "Provider: calls", "Kamailio", KILLED,
            network.kill_kamailio, network.start_kamailio, happenings,
        ),
        _switch(
            "service", "Provider: money", "kallprovider", KILLED,
            network.kill_service, network.start_service, happenings,
        ),
        _switch(
            "chain", "Ledger", "the chain's node", FROZEN,
            lambda: asyncio.to_thread(network.chain.freeze), lambda: asyncio.to_thread(network.chain.thaw),
            happenings,
        ),
    ]  # fmt: skip
    return around + [control for phone in on.phones for control in _of_phone(network, phone, happenings)]


def _switch(
    name: str,
    label: str,
    about: str,
    broken: str,
    break_it: Callable[[], Awaitable[None]],
    mend: Callable[[], Awaitable[None]],
    happenings: Happenings,
) -> Control:
    async def choose(choice: str) -> None:
        if choice == control.chosen:
            return
        await (break_it if choice == broken else mend)()
        control.chosen = choice
        happenings.tell("bench", f"{label}: {choice.lower()}")

    control = Control(name, label, about, (RUNNING, broken), choose, RUNNING)
    return control


def _of_phone(network: Network, phone: DemoPhone, happenings: Happenings) -> list[Control]:
    def tell(words: str) -> None:
        happenings.tell("bench", f"{phone.name}: {words}")

    async def move_money(choice: str) -> None:
        if choice == GIVE:
            await network.give_coins(phone.account, FUNDS)
            return
        tell(f"its owner takes all its money; the deposit is back after {EXIT_DELAY_S} s")
        await take_all(network, phone)
        tell("has no money any more")

    async def lose_packets(choice: str) -> None:
        phone.options = ("--lose-packets", choice.removesuffix(" %"))
        if power.chosen == ON:
            tell(f"restarts, and loses {choice} of its packets each way from now on")
            await phone.restart()
        loss.chosen = choice

    async def cut_power(choice: str) -> None:
        if choice == power.chosen:
            return
        power.chosen = choice
        if choice == CUT:
            phone.held.kill()
            await phone.held.wait()
            tell("its power is cut")
        else:
            await phone.restart()

    def control(kind: str, label: str, about: str, choices: tuple[str, ...],
                choose: Callable[[str], Awaitable[None]], chosen: str = "") -> Control:  # fmt: skip
        return Control(f"{kind}-{phone.name}", label, about, choices, choose, chosen, phone.name)

    money = control("money", "Money", "kallCoin of this phone", (GIVE, TAKE), move_money)
    loss = control("loss", "Packet loss", "each way; it restarts", LOSSES, lose_packets, LOSSES[0])
    power = control("power", "Power", "as by pulling the plug", (ON, CUT), cut_power, ON)
    return [money, loss, power]
