"""What an installer's file says, checked as a whole before any of it counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kallnet.account import Account, Address, address_from_hex
from kallnet.configfile import ConfigError, Section
from kallnet.errors import AddressInvalid, NumberInvalid
from kallnet.number import parse_number
from kallphone.config import SECTIONS
from kallphone.phone.book import LONGEST_NAME, MOST_CONTACTS, Contact
from kallphone.phone.settings import Settings
from kallphone.provision.errors import FileInvalid
from kallphone.provision.wifi import LONGEST_SSID, Network, password_fault
from kallphone.storage.derivation import account_of_entropy
from kallphone.storage.errors import WordsWrong
from kallphone.storage.pin import is_pin
from kallphone.storage.preferences import with_chosen
from kallphone.storage.words import entropy_of

OTHERS = ("wifi", "owner", "key", "display", "installer", "update", "settings")
CONTACTS = "contacts"

_NOT_SETTINGS = {"language", "country", "voicemail", "echo_test", "has_pin"}
"""They have places of their own in the file."""
_SSH_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com)"
    r" [A-Za-z0-9+/]+={0,3}( [^\r\n]*)?"
)
_RADIO = re.compile(r"[A-Z]{2}", re.ASCII)
_LARGEST = 2**62


@dataclass(frozen=True)
class Answers:
    """Empty and None stand for what was not said. `config` has the sections of a phone's configuration."""

    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    network: Network | None = None
    radio_country: str = ""
    cable: bool = False
    pin: str = field(default="", repr=False)
    words: tuple[str, ...] = field(default=(), repr=False)
    new_key: bool = False
    replace: bool = False
    display: Mapping[str, Any] = field(default_factory=dict)
    ssh_key: str = ""
    installer: Address | None = None
    device_file: bool = False
    plan_url: str = ""
    update: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    contacts: tuple[Contact, ...] = ()

    @property
    def restored(self) -> Account | None:
        """The account of the twelve words."""
        return account_of_entropy(entropy_of(self.words)) if self.words else None


def answers_of(name: str, document: Mapping[str, Any], folder: Path) -> Answers:
    """Paths are relative to `folder`. Raises FileInvalid with all that is wrong, a line each."""
    return _Reading(name, document, folder).answers()


class _Reading:
    def __init__(self, name: str, document: Mapping[str, Any], folder: Path) -> None:
        self._name = name
        self._document = document
        self._folder = folder
        self._faults: list[str] = []
        self._said: dict[str, Any] = {}

    def answers(self) -> Answers:
        self._unknown()
        for section, read in (
            ("wifi", self._wifi),
            ("owner", self._owner),
            ("key", self._key),
            ("installer", self._installer),
            ("update", self._update),
        ):
            self._part(section, read)
        self._settings()
        self._contacts()
        self._said["display"] = self._table("display")
        self._said["config"] = self._config()
        if self._faults:
            raise FileInvalid("\n".join(self._faults))
        return Answers(**self._said)

    def _unknown(self) -> None:
        for name, value in self._document.items():
            known = (*SECTIONS, *OTHERS)
            if name == CONTACTS:
                continue
            if name not in known:
                self._faults.append(
                    f"{self._name}: [{name}] is not known; known sections: {', '.join(known)}"
                )
            elif not isinstance(value, Mapping):
                self._faults.append(f"{self._name}: {name} must be a section, [{name}]")

    def _table(self, name: str) -> Mapping[str, Any]:
        table = self._document.get(name, {})
        return table if isinstance(table, Mapping) else {}

    def _part(self, name: str, read: Callable[[Section], None]) -> None:
        section = Section(Path(self._name), name, self._table(name))
        try:
            read(section)
            section.finish()
        except ConfigError as fault:
            self._faults.append(str(fault))

    def _config(self) -> dict[str, dict[str, Any]]:
        """What is in them is checked together with the layers below."""
        return {name: with_whole_paths(name, self._table(name), self._folder) for name in SECTIONS
                if name in self._document}  # fmt: skip

    def _wifi(self, wifi: Section) -> None:
        ssid, password = wifi.exact_text("ssid"), wifi.exact_text("password")
        hidden, is_open = wifi.flag("hidden", default=False), wifi.flag("open", default=False)
        wpa3, self._said["cable"] = wifi.flag("wpa3", default=False), wifi.flag("cable", default=False)
        self._said["radio_country"] = country = wifi.exact_text("country").upper()
        if country and not _RADIO.fullmatch(country):
            raise wifi.error("country", 'must be two letters, such as "DE"')
        if len(ssid.encode()) > LONGEST_SSID:
            raise wifi.error("ssid", f"is longer than {LONGEST_SSID} bytes; letters beyond ASCII take 2 to 4")
        if "\n" in ssid or "\0" in ssid:
            raise wifi.error("ssid", "has a line break or a zero in it")
        if password and not ssid:
            raise wifi.error("ssid", "is missing: a password alone joins no network")
        if password and is_open:
            raise wifi.error("open", "is true, and there is a password: an open network has none")
        if password and (fault := password_fault(password)):
            raise wifi.error("password", fault)
        if ssid and (password or is_open):
            self._said["network"] = Network(ssid, password, hidden, wpa3)

    def _owner(self, owner: Section) -> None:
        pin = owner.exact_text("pin")
        if pin and not is_pin(pin):
            raise owner.error("pin", "must be 4 to 8 digits in quotation marks")
        self._said["pin"] = pin

    def _key(self, key: Section) -> None:
        self._said["new_key"] = new = key.flag("new", default=False)
        self._said["replace"] = replace = key.flag("replace", default=False)
        words = tuple(self._words(key))
        if words and new:
            raise key.error("new", "is true, and there are words: words are for a key that is restored")
        if replace and new:
            raise key.error(
                "replace", "needs the 12 words of the key that is to come; a new key replaces none"
            )
        try:
            self._said["words"] = words
            if words:
                entropy_of(words)
        except WordsWrong as wrong:
            places = ", ".join(str(place) for place, _ in wrong.guesses)
            raise key.error("words", f"{wrong}{f'; look at word {places}' if places else ''}") from None

    def _words(self, key: Section) -> list[str]:
        """Twelve in one text, or a list of twelve texts."""
        value = self._table("key").get("words", "")
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            key.has("words", take=True)
            return [word for one in value for word in one.split()]
        return key.exact_text("words").replace(",", " ").split()

    def _installer(self, installer: Section) -> None:
        ssh_key = installer.exact_text("ssh_key").strip()
        if ssh_key and not _SSH_KEY.fullmatch(ssh_key):
            raise installer.error("ssh_key", "is no public key: give one line such as that of id_ed25519.pub")
        self._said["ssh_key"] = ssh_key
        self._said["device_file"] = installer.flag("device_file", default=False)
        if account := installer.text_or("account", ""):
            try:
                self._said["installer"] = address_from_hex(account)
            except AddressInvalid as fault:
                raise installer.error("account", str(fault)) from None
        self._said["plan_url"] = self._https(installer, "plan_url")

    def _update(self, update: Section) -> None:
        said: dict[str, Any] = {}
        if url := self._https(update, "url"):
            said["url"] = url
        if "automatic" in self._table("update"):
            said["automatic"] = update.flag("automatic")
        self._said["update"] = said

    def _https(self, section: Section, key: str) -> str:
        if not section.has(key):
            return ""
        url = section.url(key)
        if not url.startswith("https://"):
            raise section.error(key, "must begin with https://")
        return url

    def _settings(self) -> None:
        chosen = self._table("settings")
        try:
            if elsewhere := sorted(_NOT_SETTINGS & chosen.keys()):
                raise ValueError(f"{elsewhere[0]} has its place in [phone], the PIN in [owner]")  # noqa: TRY301
            with_chosen(Settings(), chosen)
        except ValueError as fault:
            self._faults.append(f"{self._name}: [settings] {fault}")
        self._said["settings"] = chosen

    def _contacts(self) -> None:
        given = self._document.get(CONTACTS, [])
        if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
            self._faults.append(f"{self._name}: contacts are written [[contacts]], one for each")
            return
        if len(given) > MOST_CONTACTS:
            self._faults.append(f"{self._name}: {len(given)} contacts; the phonebook holds {MOST_CONTACTS}")
        contacts: list[Contact] = []
        for place, one in enumerate(given, start=1):
            self._contact(contacts, Section(Path(self._name), f"contacts {place}", one))
        self._said[CONTACTS] = tuple(contacts)

    def _contact(self, contacts: list[Contact], one: Section) -> None:
        try:
            contacts.append(_contact(one))
            one.finish()
        except ConfigError as fault:
            self._faults.append(str(fault))


def _contact(one: Section) -> Contact:
    return Contact(
        number=_number(one),
        name=one.text("name", LONGEST_NAME),
        favourite=one.flag("favourite", default=False),
        blocked=one.flag("blocked", default=False),
        key=one.choice("key", ("", *"123456789"), ""),
        limit=one.integer("limit", 0, _LARGEST, 0),
        ring=one.integer("ring", 0, 9, 0),
    )


def _number(one: Section) -> str:
    try:
        return f"{parse_number(one.text('number')):010d}"
    except NumberInvalid as fault:
        raise one.error("number", str(fault)) from None


_PATHS = {("ledger", "deployment"), ("provider", "ca_file"), ("audio", "speak"), ("audio", "record")}


def with_whole_paths(section: str, table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A layer of configuration whose paths mean the same in any other folder; what can be none stays."""
    return {
        key: str((folder / value).resolve()) if (section, key) in _PATHS and _is_path(value) else value
        for key, value in table.items()
    }


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value
