"""Wi-Fi networks as wpa_supplicant.conf has them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

LONGEST_SSID = 32
"""Bytes (IEEE 802.11, 9.4.2.2)."""

BASIS = "ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev\nupdate_config=1\n"
_ITERATIONS = 4096
_BLOCK = re.compile(r"^[ \t]*network=\{[ \t]*\n.*?^[ \t]*\}[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_SSID = re.compile(r"^[ \t]*ssid=(.*?)[ \t]*$", re.MULTILINE)
_COUNTRY = re.compile(r"^[ \t]*country=.*\n?", re.MULTILINE)
_HEX_KEY = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True)
class Network:
    """`password`: a passphrase, or the key itself as 64 hexadecimal digits; empty for an open network.

    WPA3 alone needs the passphrase as it is.
    """

    ssid: str
    password: str = field(default="", repr=False)
    hidden: bool = False
    wpa3: bool = False


def password_fault(password: str) -> str:
    """What is wrong with it, in words; empty where nothing is."""
    if _HEX_KEY.fullmatch(password):
        return ""
    if not 8 <= len(password) <= 63:
        return f"has {len(password)} characters; a Wi-Fi password has 8 to 63"
    if not all(" " <= character <= "~" for character in password):
        return "has a letter that no Wi-Fi password can have: only ASCII letters, digits and signs"
    return ""


def pre_shared_key(ssid: bytes, passphrase: str) -> bytes:
    """What wpa_passphrase gives (IEEE 802.11-2020, J.4): the passphrase can't be read from it."""
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode("ascii"), ssid, _ITERATIONS, 32)


def with_network(text: str, network: Network) -> str:
    """The file with this network in place of the one with its name; all others stay."""
    kept = _BLOCK.sub(lambda block: "" if _name(block[0]) == network.ssid.encode() else block[0], text)
    return _ended(kept) + "\n".join(_lines(network)) + "\n"


def with_country(text: str, country: str) -> str:
    """Of the radio rules: two capital letters."""
    return _ended(f"country={country}\n" + _COUNTRY.sub("", text or BASIS))


def knows(text: str, ssid: str) -> bool:
    return any(_name(block[0]) == ssid.encode() for block in _BLOCK.finditer(text))


def _lines(network: Network) -> Iterator[str]:
    ssid = network.ssid.encode()
    yield "network={"
    # As hexadecimal digits any name can be written: with quotes, spaces, or none of ASCII.
    yield f"\tssid={ssid.hex()}"
    if network.hidden:
        yield "\tscan_ssid=1"
    if not network.password:
        yield "\tkey_mgmt=NONE"
    elif network.wpa3:
        yield "\tkey_mgmt=SAE"
        yield f'\tsae_password="{network.password}"'
        yield "\tieee80211w=2"
    else:
        yield "\tkey_mgmt=WPA-PSK"
        yield f"\tpsk={_key(ssid, network.password)}"
        yield "\tieee80211w=1"
    yield "}"


def _key(ssid: bytes, password: str) -> str:
    if _HEX_KEY.fullmatch(password):
        return password.lower()
    return pre_shared_key(ssid, password).hex()


def _name(block: str) -> bytes:
    found = _SSID.search(block)
    value = found[1] if found else ""
    if value.startswith('"'):
        return value[1:].rpartition('"')[0].encode()
    with suppress(ValueError):
        return bytes.fromhex(value)
    return b""


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
