"""The network of a Raspberry Pi: wpa_supplicant for Wi-Fi, the kernel's word for cable and addresses."""

from __future__ import annotations

import fcntl
import logging
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kallphone.setup.network import JoinRefused, NetworkError
from kallphone.setup.states import Credentials, Found, LinkFound, Security, Trouble
from kallphone.setup.wpa import Supplicant, parsed, unescaped

log = logging.getLogger(__name__)

WIRELESS = "wlan0"
CONTROL = Path("/run/wpa_supplicant") / WIRELESS
SYSFS = Path("/sys/class/net")

SEARCH_S = 12.0
JOIN_S = 30.0
ADDRESS_S = 20.0
OPEN_S = 15.0
SEARCHES = 3
"""In vain, before a network counts as not there: a hidden one may miss the first."""

CHANNEL_MHZ = 2437
"""Channel 6, allowed in every country."""

_SIOCGIFADDR = 0x8915
_MANAGEMENT = {
    Security.OPEN: (("key_mgmt", "NONE"),),
    Security.WPA2: (("key_mgmt", "WPA-PSK WPA-PSK-SHA256"), ("ieee80211w", "1")),
    Security.WPA3: (("key_mgmt", "SAE"), ("ieee80211w", "2")),
    Security.EITHER: (("key_mgmt", "WPA-PSK WPA-PSK-SHA256 SAE"), ("ieee80211w", "1")),
}
_WRONG = ("reason=WRONG_KEY", "reason=AUTH_FAILED", "pre-shared key may be incorrect")


@dataclass
class WpaNetwork:
    """`own` is a folder that wpa_supplicant sees as well, for answers of the control socket."""

    own: Path
    control: Path = CONTROL
    sysfs: Path = SYSFS
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    address: Callable[[str], str] = lambda interface: address_of(interface)
    _hotspot: str = ""

    def link(self) -> LinkFound:
        cable = any(_carries(folder) for folder in self.sysfs.glob("e*"))
        try:
            with self._talk() as wifi:
                status = _fields(wifi.ask("STATUS"))
        except NetworkError:
            return LinkFound(cable)
        joined = status.get("wpa_state") == "COMPLETED" and status.get("mode") == "station"
        name = unescaped(status.get("ssid", "")).decode("utf-8", "replace")
        return LinkFound(cable, name if joined and self.address(WIRELESS) else "")

    def search(self) -> tuple[Found, ...]:
        with self._talk() as wifi:
            wifi.watch()
            if wifi.ask("SCAN") not in ("OK", "FAIL-BUSY"):
                raise NetworkError("Wi-Fi does not search now")
            for happened in wifi.happenings(self.clock() + SEARCH_S, self.clock):
                if happened.startswith(("CTRL-EVENT-SCAN-RESULTS", "CTRL-EVENT-SCAN-FAILED")):
                    break
            return parsed(wifi.ask("SCAN_RESULTS"))

    def join(self, wifi: Credentials, country: str) -> None:
        with self._talk() as talk:
            talk.ask(f"SET country {country.upper()}")
            before = _known(talk)
            talk.watch()
            made = _added(talk, network_of(wifi))
            try:
                talk.do(f"SELECT_NETWORK {made}")
                self._wait_until_joined(talk)
            except NetworkError:
                talk.ask(f"REMOVE_NETWORK {made}")
                talk.ask("ENABLE_NETWORK all")
                raise
            for number, ssid in before:
                if ssid == wifi.ssid:
                    talk.do(f"REMOVE_NETWORK {number}")
            # Selecting one has switched off all others.
            talk.do("ENABLE_NETWORK all")
            talk.do("SAVE_CONFIG")

    def open_hotspot(self, ssid: str, passphrase: str, country: str) -> None:
        with self._talk() as talk:
            talk.ask(f"SET country {country.upper()}")
            talk.watch()
            made = _added(talk, access_point(ssid, passphrase))
            self._hotspot = made
            talk.do(f"SELECT_NETWORK {made}")
            for happened in talk.happenings(self.clock() + OPEN_S, self.clock):
                if happened.startswith("AP-ENABLED"):
                    return
        self.close_hotspot()
        raise NetworkError("the radio opens no hotspot")

    def visitors(self) -> int:
        with self._talk() as talk:
            stations = 0
            station = talk.ask("STA-FIRST")
            while station and not station.startswith(("FAIL", "UNKNOWN")):
                stations += 1
                station = talk.ask(f"STA-NEXT {station.splitlines()[0]}")
            return stations

    def close_hotspot(self) -> None:
        if not self._hotspot:
            return
        with self._talk() as talk:
            talk.ask(f"REMOVE_NETWORK {self._hotspot}")
            talk.ask("ENABLE_NETWORK all")
        self._hotspot = ""

    def _talk(self) -> Supplicant:
        return Supplicant(self.control, self.own)

    def _wait_until_joined(self, talk: Supplicant) -> None:
        trouble, looked = Trouble.ABSENT, 0
        for happened in talk.happenings(self.clock() + JOIN_S, self.clock):
            if happened.startswith("CTRL-EVENT-CONNECTED"):
                return self._wait_for_address()
            if any(words in happened for words in _WRONG):
                raise JoinRefused(Trouble.PASSWORD)
            if happened.startswith("CTRL-EVENT-NETWORK-NOT-FOUND"):
                looked += 1
                if looked == SEARCHES:
                    raise JoinRefused(Trouble.ABSENT)
            if happened.startswith(("Trying to associate", "Trying to authenticate", "SME: Trying")):
                trouble = Trouble.RADIO
        raise JoinRefused(trouble)

    def _wait_for_address(self) -> None:
        until = self.clock() + ADDRESS_S
        while not self.address(WIRELESS):
            if self.clock() >= until:
                raise JoinRefused(Trouble.ADDRESS)
            self.pause(0.25)


def network_of(wifi: Credentials) -> tuple[tuple[str, str], ...]:
    """A network block's values. Names go as hex, whatever is in them."""
    fields = [("ssid", wifi.ssid.hex()), *_MANAGEMENT[wifi.security]]
    if wifi.hidden:
        fields.append(("scan_ssid", "1"))
    if wifi.security is not Security.OPEN:
        fields.append(("psk", f'"{wifi.password}"'))
    return tuple(fields)


def access_point(ssid: str, passphrase: str) -> tuple[tuple[str, str], ...]:
    return (
        ("mode", "2"),
        ("ssid", ssid.encode().hex()),
        ("frequency", str(CHANNEL_MHZ)),
        ("key_mgmt", "WPA-PSK"),
        ("proto", "RSN"),
        ("pairwise", "CCMP"),
        ("psk", f'"{passphrase}"'),
    )


def address_of(interface: str) -> str:
    """Its IPv4 address, empty while it has none."""
    request = struct.pack("256s", interface[:15].encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket.fileno(), _SIOCGIFADDR, request)
        except OSError:
            return ""
    return socket.inet_ntoa(answer[20:24])


def _added(talk: Supplicant, fields: tuple[tuple[str, str], ...]) -> str:
    number = talk.ask("ADD_NETWORK")
    if not number.isdigit():
        raise NetworkError("Wi-Fi takes no more networks")
    try:
        for name, value in fields:
            talk.do(f"SET_NETWORK {number} {name} {value}")
    except NetworkError:
        talk.ask(f"REMOVE_NETWORK {number}")
        raise
    return number


def _known(talk: Supplicant) -> list[tuple[str, bytes]]:
    rows = [row.split("\t") for row in talk.ask("LIST_NETWORKS").splitlines()[1:]]
    return [(row[0], unescaped(row[1])) for row in rows if len(row) > 1]


def _fields(status: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in status.splitlines() if "=" in line)


def _carries(interface: Path) -> bool:
    """Whether a cable is in it; an interface that is down has no word on that."""
    try:
        return (interface / "carrier").read_text().strip() == "1"
    except OSError:
        return False
