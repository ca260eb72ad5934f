"""What a phone's network can be asked; `wpa_network` asks a real one, `simulated_network` plays one."""

from __future__ import annotations

from typing import Protocol

from kallphone.setup.states import Credentials, Found, LinkFound, Trouble

HOTSPOT_ADDRESS = "10.44.0.1"
"""The phone's in its own Wi-Fi, given by systemd-networkd."""


class NetworkError(Exception):
    """The radio, or what drives it, does not do what it should; the log has the details."""


class JoinRefused(NetworkError):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.name.lower())
        self.trouble = trouble


class Network(Protocol):
    """Every call may take its seconds: not for the main thread. Raises NetworkError."""

    def link(self) -> LinkFound: ...

    def search(self) -> tuple[Found, ...]:
        """The strongest first, each name once."""

    def join(self, wifi: Credentials, country: str) -> None:
        """Until it is connected with an address, and kept for later starts. Raises JoinRefused; the networks
        that were known before stay known.
        """

    def open_hotspot(self, ssid: str, passphrase: str, country: str) -> None:
        """WPA2; nothing of it is kept."""

    def visitors(self) -> int:
        """Telephones in the hotspot."""

    def close_hotspot(self) -> None: ...
