"""Every check that needs no hand, in the order in which one rests on another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

from kallnet.account import Address, address_from_hex
from kallnet.deployment import load_deployment
from kallnet.endpoint import Endpoint
from kallnet.errors import AddressInvalid, KallnetError
from kallnet.ledger import TIMEOUT, Ledger, open_ledger
from kallphone.config import PhoneConfig, load_config
from kallphone.device.layout import Layout
from kallphone.doctor import chain, network, opus, provider, system
from kallphone.doctor.findings import Finding, bad, good, skipped, warning
from kallphone.doctor.machine import Machine
from kallphone.payments.answers import Terms
from kallphone.payments.errors import PaymentsError
from kallphone.payments.provider_api import ProviderApi
from kallphone.phone.words import N_
from kallphone.provision.handover import read_errors
from kallphone.storage.errors import StorageError
from kallphone.storage.key import key_in

Check = tuple[str, Callable[[], Finding]]
"""A check's name, and what does it."""

TITLES = {
    "keypad": N_("Keypad"),
    "hook": N_("Hook"),
    "lamps": N_("Lamps"),
    "bell": N_("Bell"),
    "display": N_("Display"),
    "handset": N_("Handset"),
    "settings": N_("Settings"),
    "power": N_("Power"),
    "heat": N_("Heat"),
    "memory": N_("Memory"),
    "disk": N_("Card"),
    "boot": N_("Boot part"),
    "services": N_("Services"),
    "release": N_("Release"),
    "neon": "NEON",
    "opus": "Opus",
    "network": N_("Network"),
    "wifi": "Wi-Fi",
    "names": N_("Names"),
    "provider": N_("Provider"),
    "certificate": N_("Certificate"),
    "sip": N_("SIP port"),
    "ledger": N_("Ledger"),
    "account": N_("Account"),
    "line": N_("Line"),
    "clock": N_("Clock"),
}


class Examination:
    """One look at a phone. `file` is its kallphone.toml, which may be missing or wrong."""

    def __init__(
        self, machine: Machine, layout: Layout, file: Path, clock: Callable[[], float] = time.time
    ) -> None:
        self._machine = machine
        self._layout = layout
        self._file = file
        self._clock = clock
        self._tip = chain.Tip()
        self.config: PhoneConfig | None = None
        self._settings = self._read()

    def checks(self) -> Iterator[Check]:
        machine, layout = self._machine, self._layout
        yield "settings", lambda: self._settings
        yield "power", lambda: system.check_power(machine)
        yield "heat", lambda: system.check_heat(machine)
        yield "memory", lambda: system.check_memory(machine)
        yield "disk", lambda: self._of_a_flashed_phone("disk", lambda: system.check_disk(machine, layout))
        yield "boot", lambda: self._of_a_flashed_phone("boot", lambda: system.check_boot(machine, layout))
        yield "services", lambda: system.check_services(machine, layout)
        yield "release", lambda: system.check_release(machine, layout)
        yield "neon", lambda: opus.check_neon(machine)
        yield "opus", lambda: opus.check_opus(opus.open_opus)
        yield "network", lambda: network.check_network(machine)
        yield "wifi", lambda: network.check_wifi(machine, layout)
        yield "names", lambda: network.check_names(self._api_door[0], network.look_up)
        yield "provider", lambda: self._with_config("provider", lambda _: provider.check_api(self._ask_terms))
        yield "certificate", lambda: self._check_door("certificate", self._api_door)
        yield "ledger", lambda: self._with_config("ledger", self._check_chain)
        yield "sip", lambda: self._check_door("sip", self._sip_door)
        yield "account", lambda: self._with_config("account", self._check_registered)
        yield "line", lambda: chain.check_line(system.read_json(machine, layout.status))
        yield "clock", lambda: chain.check_clock(machine, self._clock, self._tip)

    @cached_property
    def account(self) -> Address | None:
        """As the running phone tells it, else of its key where no PIN seals it."""
        told = (system.read_json(self._machine, self._layout.status) or {}).get("account")
        try:
            return address_from_hex(str(told)) if told else self._account_of_key()
        except (AddressInvalid, StorageError, OSError):
            return None

    def _read(self) -> Finding:
        if not self._file.exists():
            return bad("settings", N_("This phone is not set up yet. Menu: 9, Device, Wi-Fi and network."))
        try:
            self.config = load_config(self._file)
        except KallnetError as error:
            return bad("settings", N_("kallphone.toml can't be used: {why}"), why=str(error))
        if faults := read_errors(self._layout.state):
            return warning(
                "settings", N_("The installer's file was not applied: {why}"), why="; ".join(faults)
            )
        return good("settings", N_("kallphone.toml is good."))

    def _of_a_flashed_phone(self, check: str, look: Callable[[], Finding]) -> Finding:
        if self._machine.read(self._layout.release) is None:
            return skipped(check, N_("This is no flashed phone."))
        return look()

    def _with_config(self, check: str, look: Callable[[PhoneConfig], Finding]) -> Finding:
        if self.config is None:
            return skipped(check, N_("This phone is not set up yet."))
        return look(self.config)

    def _account_of_key(self) -> Address | None:
        key = None if self.config is None else key_in(self.config.state)
        return key.open().address if key is not None and key.exists() and not key.needs_pin() else None

    @property
    def _api_door(self) -> tuple[str, int]:
        return provider.door_of(self.config.provider_api) if self.config is not None else ("", 0)

    @cached_property
    def _terms(self) -> Terms:
        assert self.config is not None
        api = ProviderApi(self.config.provider_api, self.config.ca_file)
        try:
            return api.terms()
        finally:
            api.close()

    def _ask_terms(self) -> Terms:
        return self._terms

    @cached_property
    def _ledger(self) -> Ledger:
        """Raises KallnetError or ValueError for endpoints and deployments that can't be used."""
        assert self.config is not None
        deployment = load_deployment(self.config.deployment)
        return open_ledger(self.config.rpc, deployment, agree=self.config.agree, clock=self._clock)

    @property
    def _sip_door(self) -> tuple[str, int]:
        """As the ledger's entry of the provider names it."""
        try:
            entry = self._ledger.service_entry(self._terms.provider) if self.config is not None else None
        except (KallnetError, PaymentsError, ValueError):
            return "", 0
        uri = entry.details.get("sip", "") if entry is not None else ""
        return provider.sip_door(uri) if isinstance(uri, str) else ("", 0)

    def _check_door(self, check: str, door: tuple[str, int]) -> Finding:
        host, port = door
        if self.config is not None and not host:
            return skipped(check, N_("Provider or ledger do not tell where it is."))
        shake = provider.shake_hands(self.config.ca_file if self.config is not None else None)
        return provider.check_tls(check, host, port, shake, self._clock)

    def _check_chain(self, config: PhoneConfig) -> Finding:
        try:
            ledger = self._ledger
        except (KallnetError, ValueError) as error:
            return bad("ledger", N_("The ledger's settings can't be used: {why}"), why=str(error))
        endpoints = [Endpoint(url, TIMEOUT) for url in config.rpc]
        try:
            found, self._tip = chain.check_chain(
                lambda: chain.read_tip(ledger.state.headers.newest, endpoints, ledger.deployment.chain_id),
                self._clock,
            )
        finally:
            for endpoint in endpoints:
                endpoint.close()
        return found

    def _check_registered(self, _config: PhoneConfig) -> Finding:
        try:
            ledger = self._ledger
        except (KallnetError, ValueError):
            return skipped("account", N_("The ledger does not answer."))
        return chain.check_registered(ledger.client_entry, self.account)
