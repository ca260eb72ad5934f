"""From the plug to the internet: carrier, address, gateway, names, Wi-Fi."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from typing import Any

from kallphone.device.layout import Layout
from kallphone.doctor.findings import Finding, bad, good, skipped, warning
from kallphone.doctor.machine import Machine
from kallphone.phone.words import N_

WEAK_DBM, TOO_WEAK_DBM = -70, -80

Lookup = Callable[[str], list[str]]
"""Addresses of a host's name; OSError where there are none."""


def look_up(host: str) -> list[str]:
    return sorted({str(found[4][0]) for found in socket.getaddrinfo(host, None)})


def check_network(machine: Machine) -> Finding:
    """Carrier, then an address, then a way out."""
    devices = _devices(machine)
    if not devices:
        return bad("network", N_("No network part is found: no cable socket, no Wi-Fi."))
    carried = [name for name in devices if machine.number(f"/sys/class/net/{name}/carrier") == 1]
    if not carried:
        return bad(
            "network",
            N_("No cable is plugged in and no Wi-Fi is joined. Menu: 9, Device, Wi-Fi and network."),
        )
    told = machine.run(["ip", "-json", "addr"])
    if told is None:
        return skipped("network", N_("The tool `ip` is not installed: apt install iproute2"))
    addresses = _addresses(told, carried)
    if not addresses:
        return bad(
            "network",
            N_("The network gives no address. Switch the router off and on; see that its DHCP is on."),
        )
    if not _has_way_out(machine):
        return bad("network", N_("The network names no gateway. Switch the router off and on."))
    names, address = ", ".join(carried), addresses[0]
    return good("network", N_("{names}: address {address}"), names=names, address=address)


def check_wifi(machine: Machine, layout: Layout) -> Finding:
    radios = [path.parent.name for path in machine.find("sys/class/net/*/wireless")]
    radios += [path.parent.name for path in machine.find("sys/class/net/*/phy80211")]
    if not radios:
        return skipped("wifi", N_("There is no Wi-Fi here."))
    name = sorted(set(radios))[0]
    if machine.number(f"/sys/class/net/{name}/carrier") != 1:
        return skipped("wifi", N_("No Wi-Fi is joined."))
    # Its socket where wpa_supplicant sees it, too: /tmp is the phone's own (PrivateTmp).
    told = machine.run(["wpa_cli", "-s", str(layout.run), "-i", name, "signal_poll"]) or ""
    found = re.search(r"^RSSI=(-?\d+)$", told, re.MULTILINE)
    if found is None:
        return skipped("wifi", N_("The Wi-Fi does not tell its signal."))
    dbm = int(found[1])
    if dbm <= TOO_WEAK_DBM:
        return bad(
            "wifi", N_("Signal {dbm} dBm: too weak for calls. Move phone or router, or use a cable."), dbm=dbm
        )
    if dbm <= WEAK_DBM:
        return warning(
            "wifi", N_("Signal {dbm} dBm: weak. Calls may break up. Move phone or router."), dbm=dbm
        )
    return good("wifi", N_("Signal {dbm} dBm"), dbm=dbm)


def check_names(host: str, lookup: Lookup) -> Finding:
    """The provider's name is the one that has to be found."""
    if not host:
        return skipped("names", N_("No provider is set yet."))
    try:
        found = lookup(host)
    except OSError:
        found = []
    if not found:
        return bad(
            "names",
            N_("The name {host} is not found. See that the router has internet, and that its DNS works."),
            host=host,
        )
    return good("names", N_("{host} is found."), host=host)


def _devices(machine: Machine) -> list[str]:
    """Those with a plug or a radio: not loopback, no bridges, no tunnels."""
    every = machine.find("sys/class/net/*")
    return [path.name for path in every if path.name != "lo" and machine.find(str(path / "device"))]


def _addresses(told: str, devices: list[str]) -> list[str]:
    """Of those devices, addresses that reach beyond the wire, IPv4 first."""
    found = [
        (address.get("family") != "inet", str(address.get("local")))
        for device in _json_list(told)
        if device.get("ifname") in devices
        for address in device.get("addr_info", [])
        if address.get("scope") == "global"
    ]
    return [address for _, address in sorted(found, key=lambda each: each[0])]


def _has_way_out(machine: Machine) -> bool:
    return any(
        _json_list(machine.run(["ip", "-json", family, "route", "show", "default"]) or "")
        for family in ("-4", "-6")
    )


def _json_list(told: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(told)
    except ValueError:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
