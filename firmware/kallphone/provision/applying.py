"""One file's answers, put where the phone, its Wi-Fi and its updates find them.

All is checked before anything is written. Each step can be done again: after a power cut the file, which has
its secrets until the last step is done, is applied from its beginning, before the phone starts.
"""

from __future__ import annotations

import dataclasses
import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from kallnet.account import Account, address_to_hex
from kallphone.config import PhoneConfig
from kallphone.device.layout import Layout
from kallphone.phone.settings import Settings
from kallphone.provision.answers import Answers
from kallphone.provision.config_file import (
    Layer,
    beside,
    checked,
    copies_of,
    layers_below,
    merged,
    names_a_network,
    write_config,
    write_copies,
)
from kallphone.provision.errors import FileInvalid
from kallphone.provision.handover import Provisioned, read_provisioned, write_provisioned
from kallphone.provision.owner_files import DATABASE, apply_choices, apply_key, as_owner, check_secrets
from kallphone.provision.pin_table import NAME as PINS
from kallphone.provision.record import Record
from kallphone.provision.said import Said, said_in
from kallphone.provision.toml_text import written
from kallphone.provision.wifi import BASIS, knows, with_country, with_network
from kallphone.storage.files import write_private

log = logging.getLogger(__name__)

WPA = "wpa_supplicant.conf"
SSH = Path("ssh") / "authorized_keys"
UPDATES = Path("update") / "settings.toml"


@dataclass(frozen=True)
class Applied:
    """`record` still lacks which file it was. `account` is the phone's, None while it has no key."""

    record: Record
    account: Account | None = field(repr=False)
    ready: bool


class Application:
    """Of one file; `name` is what it is called in words, `source` what it is called in the record."""

    def __init__(
        self,
        layout: Layout,
        name: str,
        source: str,
        answers: Answers,
        record: Record,
        pins: bytes | None = None,
    ) -> None:
        self._layout = layout
        self._name = name
        self._source = source
        self._answers = answers
        self._record = record
        self._pins = pins
        self._config: dict[str, dict[str, Any]] = {}
        self._copies: dict[str, bytes] = {}
        self._own_copies: set[str] = set()

    def apply(self) -> Applied:
        """Raises FileInvalid before anything is written; StorageError and OSError of a disk."""
        config = self._check()
        state = self._layout.state
        with as_owner(state):
            account = apply_key(self._answers, state, make=self._makes_key)
            apply_choices(self._answers.pin, self._newly_said(), state, _defaults(config))
            if self._pins is not None:
                write_private(state / PINS, self._pins, replace=True)
        self._apply_to_system()
        with as_owner(state):
            self._hand_over(account)
            ready = self._apply_config(account)
        return Applied(self._new_record(), account, ready)

    @property
    def _makes_key(self) -> bool:
        return self._answers.new_key or self._answers.device_file

    def _check(self) -> PhoneConfig:
        state = self._layout.state
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        layers: list[Layer] = [*layers_below(self._layout), self._answers.config]
        self._config = merged(layers)
        config = checked(self._name, self._config, state)
        self._copies = copies_of(self._config, state)
        self._own_copies = set(copies_of(self._answers.config, state))
        with as_owner(state):
            check_secrets(self._name, self._answers, state)
        return config

    @cached_property
    def _said(self) -> Said:
        """Of what was checked."""
        return said_in(self._answers)

    def _newly_said(self) -> Said:
        """An older answer doesn't undo what the owner chose in the menu since."""
        chose = (self._layout.state / DATABASE).exists()
        return self._said.newer_than(self._record) if chose else self._said

    def _apply_to_system(self) -> None:
        system, answers = self._layout.system, self._answers
        before = _text(system / WPA)
        after = self._networks(before)
        if after != before:
            write_private(system / WPA, after.encode(), replace=True)
        if answers.ssh_key:
            write_private(system / SSH, f"{answers.ssh_key}\n".encode(), replace=True)
        elif self._record.ssh_from == self._source:
            (system / SSH).unlink(missing_ok=True)
        if answers.update:
            known = tomllib.loads(_text(system / UPDATES))
            write_private(system / UPDATES, written({**known, **answers.update}).encode(), replace=True)

    def _networks(self, text: str) -> str:
        answers = self._answers
        if answers.network is not None:
            text = with_network(text or BASIS, answers.network)
        country = (
            answers.radio_country or str(self._answers.config.get("phone", {}).get("country", "")).upper()
        )
        return with_country(text, country) if country else text

    def _hand_over(self, account: Account | None) -> None:
        """For the wizard, which is not asked again for what any file said."""
        answers, before = self._answers, read_provisioned(self._layout.state)
        said, network = beside(answers.config), answers.network
        write_copies(self._layout.state, {name: self._copies[name] for name in self._own_copies})
        more = {**before.more, **{name: {**before.more.get(name, {}), **said[name]} for name in said}}
        now = Provisioned(
            language=said.get("phone", {}).get("language", before.language),
            country=said.get("phone", {}).get("country", before.country),
            provider=said.get("provider", {}).get("api", before.provider),
            wifi=network.ssid if network else before.wifi,
            cable=answers.cable or before.cable,
            key=account is not None,
            restored=bool(answers.words) or before.restored,
            pin=bool(answers.pin) or before.pin,
            more=more,
        )
        if now != before:
            write_provisioned(self._layout.state, now)

    def _apply_config(self, account: Account | None) -> bool:
        """Whether there is a phone now. A first one is made only when nothing is left to be asked."""
        is_there, known = self._layout.config.exists(), read_provisioned(self._layout.state)
        complete = (
            account is not None
            and (self._answers.new_key or known.restored)
            and bool(known.country)
            and (known.cable or bool(known.wifi))
            and names_a_network(self._config)
        )
        if (is_there and self._answers.config) or (complete and not is_there):
            write_copies(self._layout.state, self._copies)
            write_config(self._layout.state, self._config)
        return is_there or complete

    def _new_record(self) -> Record:
        answers, record = self._answers, self._record
        installer = address_to_hex(answers.installer) if answers.installer else record.installer
        if installer != record.installer:
            # Each installer counts from 1.
            record = dataclasses.replace(record, plan_serial=0, plan_digest="", older=[])
        ssh_from = self._source if answers.ssh_key else record.ssh_from
        return dataclasses.replace(
            self._said.kept_in(record),
            installer=installer,
            plan_url=answers.plan_url or record.plan_url,
            ssh_from="" if ssh_from == self._source and not answers.ssh_key else ssh_from,
        )


def check_wifi(name: str, document: Mapping[str, Any], known: str) -> None:
    """Of a network that is named without its password: `known` is the wpa_supplicant.conf there is."""
    wifi = document.get("wifi", {})
    if not wifi.get("ssid") or wifi.get("password") or wifi.get("open"):
        return
    if not knows(known, wifi["ssid"]):
        raise FileInvalid(
            f"{name}: [wifi] password: is empty; give that of {wifi['ssid']!r}, or open = true if it has none"
        )


def networks_of(layout: Layout) -> str:
    """The wpa_supplicant.conf there is."""
    return _text(layout.system / WPA)


def _defaults(config: PhoneConfig) -> Settings:
    return Settings(
        country=config.country,
        language=config.language,
        voicemail=config.voicemail,
        echo_test=config.echo_test,
    )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
