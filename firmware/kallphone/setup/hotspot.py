"""The phone's own Wi-Fi with its page: opened, watched for a telephone, closed."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kallphone.setup.network import HOTSPOT_ADDRESS, Network, NetworkError
from kallphone.setup.portal import PORT, Portal
from kallphone.setup.portal_form import Form
from kallphone.setup.states import Found, Hotspot, HotspotChanged, OpenHotspot, PortalAnswers, PortalFilled

log = logging.getLogger(__name__)

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that looks like something else: some telephones are told by hand."""

PASSPHRASE_LENGTH = 12
"""59 bits, for ten minutes."""

TOKEN_LENGTH = 16
LOOKS_EVERY_S = 1.0
ANSWER_LEAVES_S = 1.5
"""What the last page needs to reach the telephone before its Wi-Fi is gone."""

Chance = Callable[[int], str]


def random_word(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


@dataclass
class HotspotDesk:
    """`open` and `close` belong to the network's thread, since a radio does one thing at a time."""

    network: Network
    post: Callable[[HotspotChanged | PortalFilled], None]
    address: str = HOTSPOT_ADDRESS
    port: int = PORT
    chance: Chance = random_word
    _portal: Portal | None = None
    _gone: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def open(self, command: OpenHotspot, *, cable: bool) -> None:
        self.close()
        ssid, passphrase = f"KallPhone-{self.chance(4)}", self.chance(PASSPHRASE_LENGTH)
        first = Form(language=command.language, country=command.country)
        try:
            networks = command.networks or self._searched()
            token = self.chance(TOKEN_LENGTH)
            self._portal = Portal(
                self.address,
                token,
                first,
                networks,
                self._filled,
                cable=cable,
                only_wifi=command.only_wifi,
                port=self.port,
            )
            self.network.open_hotspot(ssid, passphrase, command.country)
        except (NetworkError, OSError) as error:
            log.warning("no hotspot: %s", error)
            self.close()
            self.post(HotspotChanged(None))
            return
        self._portal.start()
        hotspot = Hotspot(ssid, passphrase, self._portal.url)
        self.post(HotspotChanged(hotspot))
        self._gone = threading.Event()
        self._watcher = threading.Thread(
            target=self._watch, args=(hotspot, self._gone), name="hotspot", daemon=True
        )
        self._watcher.start()

    def close(self) -> None:
        self._gone.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        if self._portal is None:
            return
        self._portal.stop()
        self._portal = None
        try:
            self.network.close_hotspot()
        except NetworkError as error:
            log.warning("the hotspot does not close: %s", error)

    def _searched(self) -> tuple[Found, ...]:
        """A radio that is a hotspot searches no more."""
        try:
            return self.network.search()
        except NetworkError as error:
            log.info("nothing to choose from: %s", error)
            return ()

    def _filled(self, answers: PortalAnswers) -> None:
        self._gone.wait(ANSWER_LEAVES_S)
        self.post(PortalFilled(answers))

    def _watch(self, hotspot: Hotspot, gone: threading.Event) -> None:
        """Until a telephone has joined."""
        while not gone.wait(LOOKS_EVERY_S):
            try:
                if self.network.visitors():
                    self.post(HotspotChanged(replace(hotspot, visited=True)))
                    return
            except NetworkError as error:
                log.info("who is in the hotspot? %s", error)
