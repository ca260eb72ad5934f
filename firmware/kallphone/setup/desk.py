"""Carries out what the setup asks for: keys and files on one thread, the radio on another."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from kallnet.configfile import ConfigError
from kallphone.device.layout import Layout
from kallphone.phone.commands import Command, ReadWords, SaveSettings, SetPin
from kallphone.phone.events import StorageFailed, WordsRead
from kallphone.phone.words import N_
from kallphone.setup import progress
from kallphone.setup.configuration import Offer, write_config
from kallphone.setup.hotspot import HotspotDesk
from kallphone.setup.network import JoinRefused, Network, NetworkError
from kallphone.setup.states import (
    CloseHotspot,
    ConfigWritten,
    JoinWifi,
    KeepProgress,
    KeyReady,
    KeyRefused,
    LinkFound,
    MakeKey,
    NetworksFound,
    OpenHotspot,
    RestoreKey,
    SearchNetworks,
    SetupCommand,
    SetupEvent,
    Trouble,
    WifiJoined,
    WifiRefused,
    WriteConfig,
)
from kallphone.storage.errors import KeyExists, StorageError, WordsWrong
from kallphone.storage.key import key_in
from kallphone.storage.pin import PinLock
from kallphone.task_thread import TaskThread

log = logging.getLogger(__name__)

_DISK = N_("Not saved: disk")


@dataclass
class SetupDesk:
    """`post` is the machine's one door and never blocks."""

    layout: Layout
    offer: Offer
    network: Network
    hotspot: HotspotDesk
    pin: PinLock
    post: Callable[[SetupEvent], None]
    _link: LinkFound = field(default_factory=LinkFound)
    _looking: bool = False

    def __post_init__(self) -> None:
        self._radio = TaskThread("network")
        self._keeping = TaskThread("keeping")

    def start(self) -> None:
        self._radio.start()
        self._keeping.start()

    def stop(self) -> None:
        self._radio.submit(self.hotspot.close)
        self._radio.submit(self._radio.stopping.set)
        self._radio.stop()
        self._keeping.stop()
        self.hotspot.close()

    def carry_out(self, command: Command | SetupCommand) -> None:
        match command:
            case SearchNetworks():
                self._radio.submit(self._search)
            case JoinWifi():
                self._radio.submit(lambda: self._join(command))
            case OpenHotspot():
                self._radio.submit(lambda: self.hotspot.open(command, cable=self._link.cable))
            case CloseHotspot():
                self._radio.submit(self.hotspot.close)
            case MakeKey():
                self._keeping.submit(self._make_key)
            case RestoreKey():
                self._keeping.submit(lambda: self._restore(command))
            case ReadWords():
                self._keeping.submit(self._read_words)
            case SetPin(pin=pin):
                self._keeping.submit(lambda: self._set_pin(pin))
            case KeepProgress():
                self._keeping.submit(lambda: self._keep(command))
            case WriteConfig():
                self._keeping.submit(lambda: self._write(command))
            case SaveSettings():
                pass  # language and country go into kallphone.toml, whether there is a PIN its own file knows
            case _:
                log.error("the setup has no way to do %s", type(command).__name__)

    def look_at_link(self) -> None:
        """Posts LinkFound where it changed; one look at a time."""
        if not self._looking:
            self._looking = True
            self._radio.submit(self._look)

    def _look(self) -> None:
        try:
            link = self.network.link()
        finally:
            self._looking = False
        if link != self._link:
            self._link = link
            self.post(link)

    def _search(self) -> None:
        try:
            self.post(NetworksFound(self.network.search()))
        except NetworkError as error:
            log.warning("no search: %s", error)
            self.post(NetworksFound((), N_("Wi-Fi does not answer")))

    def _join(self, command: JoinWifi) -> None:
        try:
            self.network.join(command.wifi, command.country)
        except NetworkError as error:
            log.warning("not joined: %s", error)
            trouble = error.trouble if isinstance(error, JoinRefused) else Trouble.RADIO
            self.post(WifiRefused(command.attempt, trouble))
        else:
            self.post(WifiJoined(command.attempt, command.wifi.ssid))

    def _make_key(self) -> None:
        try:
            key_in(self.layout.state).create()
        except KeyExists:
            log.warning("there is a key already, and it stays")
        except (StorageError, OSError) as error:
            log.warning("no key: %s", error)
            self.post(KeyRefused(_DISK))
            return
        self.post(KeyReady())

    def _restore(self, command: RestoreKey) -> None:
        try:
            key_in(self.layout.state).restore(command.words, replace=command.replace)
        except WordsWrong as error:
            self.post(KeyRefused("", error.guesses))
        except (StorageError, OSError) as error:
            log.warning("not restored: %s", error)
            self.post(KeyRefused(_DISK))
        else:
            self.post(KeyReady(restored=True))

    def _read_words(self) -> None:
        try:
            self.post(WordsRead(key_in(self.layout.state).words()))
        except (StorageError, OSError) as error:
            self.post(WordsRead((), str(error)))

    def _set_pin(self, pin: str) -> None:
        try:
            self.pin.set(pin)
        except StorageError as error:
            log.warning("no PIN: %s", error)
            self.post(StorageFailed(_DISK))

    def _keep(self, command: KeepProgress) -> None:
        try:
            progress.keep(self.layout.state, command.progress)
        except (StorageError, OSError) as error:
            log.warning("progress not kept: %s", error)

    def _write(self, command: WriteConfig) -> None:
        try:
            write_config(self.layout, self.offer, command)
            progress.forget(self.layout.state)
        except ConfigError as error:
            log.warning("no configuration: %s", error)
            self.post(ConfigWritten(str(error)))
        except (StorageError, OSError) as error:
            log.warning("no configuration: %s", error)
            self.post(ConfigWritten(_DISK))
        else:
            self.post(ConfigWritten())
