"""First boot as a process: the board or a panel, the machine, and what carries it out."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kallnet.configfile import ConfigError
from kallnet.errors import KallnetError
from kallphone import parts
from kallphone.config import load_config
from kallphone.device.layout import Layout
from kallphone.hardware.pins import load_pins
from kallphone.languages import translation
from kallphone.phone.events import Event, Woken
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen
from kallphone.phone.settings import Settings
from kallphone.provision.handover import read_errors
from kallphone.setup import progress
from kallphone.setup.configuration import Offer, read_offer, write_config
from kallphone.setup.desk import SetupDesk
from kallphone.setup.hotspot import HotspotDesk
from kallphone.setup.machine import screen_for, start, transition, wakeup_for, without_network
from kallphone.setup.network import Network, NetworkError
from kallphone.setup.simulated_network import SimulatedNetwork
from kallphone.setup.states import Kept, Newcomer, Progress, Setup, SetupEvent, WriteConfig
from kallphone.setup.steps import NETWORK_ONLY
from kallphone.setup.wpa_network import WpaNetwork
from kallphone.storage.database import Database
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from kallphone.storage.words import word_list

log = logging.getLogger(__name__)

LOOKS_EVERY_S = 2.0
SEEN_S = 1.5
"""How long the last page stands before the phone takes the glass."""


def run_setup(layout: Layout, *, panel: bool, pins: Path | None = None) -> bool:
    """Until the phone has its kallphone.toml. Where it has one, only the network is asked.

    False where the process was told to end. Raises HardwareError without a board, StorageError without
    a disk.
    """
    layout.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    network = _network(layout, panel=panel)
    return asyncio.run(_run(layout, network, panel=panel, pins=pins))


def _network(layout: Layout, *, panel: bool) -> Network:
    layout.run.mkdir(parents=True, exist_ok=True)
    return SimulatedNetwork(file=layout.run / "network.json") if panel else WpaNetwork(layout.run)


async def _run(layout: Layout, network: Network, *, panel: bool, pins: Path | None) -> bool:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    inbox: asyncio.Queue[SetupEvent] = asyncio.Queue()

    def post(event: Event | SetupEvent) -> None:
        if isinstance(event, SetupEvent) and not loop.is_closed():
            loop.call_soon_threadsafe(inbox.put_nowait, event)

    def end() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(ended.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        database = Database(layout.state / "phone.sqlite")
        stack.callback(database.close)
        pin = PinLock(database)
        offer, phone = await asyncio.to_thread(_begin, layout, network, database, pin, loop.time())
        if phone.setup.finished:
            return True
        face = parts.make_face(parts.surroundings(None, database), post, load_pins(pins), panel, end)
        hotspot = HotspotDesk(network, post)
        if panel:
            hotspot = HotspotDesk(network, post, address="127.0.0.1", port=0)
        desk = SetupDesk(layout, offer, network, hotspot, pin, post)
        for part in (face.part, desk):
            part.start()
            stack.callback(part.stop)
        face.lamps.light(line=Light.OFF, message=Light.OFF)
        watching = asyncio.create_task(_watch(desk))
        stack.callback(watching.cancel)
        walk = Walk(phone, inbox, loop.time, desk, face.display.show, face.report)
        return await _walked(walk, ended)


def _begin(
    layout: Layout, network: Network, database: Database, pin: PinLock, now: float
) -> tuple[Offer, Newcomer]:
    """Where to begin; with everything answered the configuration is written here."""
    with suppress(NetworkError):
        network.close_hotspot()  # one that a run before this left open
    if layout.config.exists():
        return Offer(), _network_only(layout, network, database, pin, now)
    try:
        offer = read_offer(layout)
    except ConfigError as error:
        log.warning("%s", error)
        return Offer(), without_network((str(error),))
    if not offer.is_network:
        return offer, without_network(read_errors(layout.state))
    key, link = key_in(layout.state), network.link()
    otherwise = Progress(
        offer.text("phone", "language") or "en",
        offer.text("phone", "country") or "de",
        offer.text("provider", "api"),
        Kept.WRITTEN if offer.is_restored else Kept.NOT_ASKED,
    )
    setup = Setup(
        steps=offer.steps(has_key=key.exists(), cable=link.cable),
        link=link,
        has_key=key.exists(),
        card=read_errors(layout.state),
        word_list=word_list(),
        providers=offer.providers,
    )
    if not setup.steps:
        chosen = WriteConfig(otherwise.language, otherwise.country, otherwise.provider)
        try:
            write_config(layout, offer, chosen)
        except KallnetError as error:
            log.warning("%s", error)
            return offer, without_network((str(error),))
        progress.forget(layout.state)
    phone = start(setup, progress.kept(layout.state, otherwise, offer.answered), now)
    return offer, dataclasses.replace(
        phone, settings=dataclasses.replace(phone.settings, has_pin=pin.is_set())
    )


def _network_only(layout: Layout, network: Network, database: Database, pin: PinLock, now: float) -> Newcomer:
    try:
        settings = parts.settings_of(parts.make_preferences(load_config(layout.config), database), pin)
    except ConfigError as error:
        log.warning("%s", error)
        settings = Settings()
    phone = start(
        Setup(steps=NETWORK_ONLY, link=network.link()), Progress(settings.language, settings.country), now
    )
    return dataclasses.replace(phone, settings=settings)


@dataclass
class Walk:
    """The machine between its inbox and what it moves, on the loop's thread."""

    phone: Newcomer
    inbox: asyncio.Queue[SetupEvent]
    clock: Callable[[], float]
    desk: SetupDesk
    show: Callable[[Screen], None]
    report: Callable[[str, dict[str, object]], None] | None = None
    _shown: Screen = field(default_factory=lambda: Screen(()))

    async def go(self) -> None:
        self._show()
        while not self.phone.setup.finished:
            self.step(await self._next())
        await asyncio.sleep(SEEN_S)

    def step(self, event: SetupEvent) -> None:
        self.phone, commands = transition(self.phone, event, self.clock())
        # Names alone: what happens here is full of secrets.
        for happening in (event, *commands):
            if self.report is not None:
                self.report(type(happening).__name__, {})
        for command in commands:
            self.desk.carry_out(command)
        self._show()

    async def _next(self) -> SetupEvent:
        try:
            async with asyncio.timeout_at(wakeup_for(self.phone)):
                return await self.inbox.get()
        except TimeoutError:
            return Woken()

    def _show(self) -> None:
        screen = screen_for(self.phone, translation(self.phone.settings.language))
        if screen != self._shown:
            self._shown = screen
            self.show(screen)


async def _walked(walk: Walk, ended: asyncio.Event) -> bool:
    going, ending = asyncio.create_task(walk.go()), asyncio.create_task(ended.wait())
    await asyncio.wait((going, ending), return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if going.done():
        going.result()
    going.cancel()
    return walk.phone.setup.finished and not ended.is_set()


async def _watch(desk: SetupDesk) -> None:
    while True:
        desk.look_at_link()
        await asyncio.sleep(LOOKS_EVERY_S)
