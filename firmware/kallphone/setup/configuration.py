"""kallphone.toml of a new phone: of its image, its installer's file, and what was chosen."""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kallnet.configfile import ConfigError
from kallphone.config import SECTIONS, load_config
from kallphone.device.layout import Layout
from kallphone.phone.menu.about import COUNTRIES
from kallphone.phone.words import LANGUAGES
from kallphone.setup.states import STEPS, Provider, WriteConfig
from kallphone.storage.files import write_private

log = logging.getLogger(__name__)

PROVISIONED = "provisioned.toml"
"""In layout.state: `language`, `country`, `provider`, `wifi` (a name), `cable`, `key`, `restored` and `pin`
as far as the installer's file answered them, and tables of kallphone.toml that it had more of."""

CARD_TROUBLE = "provision-errors.txt"
"""In layout.state: what is wrong with the installer's file, a line each."""

_PROVIDERS = "providers"
"""`[[providers]]` of a preset, each with `name` and `api`: the owner chooses one."""

_FILES = {("ledger", "deployment"): "deployment.json", ("provider", "ca_file"): "ca.pem"}
_GIVEN = (("phone", "language", "language"), ("phone", "country", "country"), ("provider", "api", "provider"))
_Sections = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Offer:
    """What is known before anybody is asked. `files` are what the sections name, where they lie now."""

    sections: _Sections = field(default_factory=dict)
    files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    providers: tuple[Provider, ...] = ()
    answered: frozenset[str] = frozenset()
    is_restored: bool = False

    @property
    def is_network(self) -> bool:
        """Whether there is a ledger to find anybody on."""
        return bool(self.sections.get("ledger", {}).get("rpc")) and ("ledger", "deployment") in self.files

    def text(self, section: str, key: str) -> str:
        return str(self.sections.get(section, {}).get(key, ""))

    def steps(self, *, has_key: bool, cable: bool) -> tuple[str, ...]:
        """What is left to be asked, in its order; nothing where only the summary would be shown."""
        answered = set(self.answered)
        if not has_key:
            answered.discard("key")
        left = [step for step in STEPS if step not in answered and step != "summary"]
        if left == ["network"] and cable:
            return ()
        return (*left, "summary") if left else ()


def read_offer(layout: Layout) -> Offer:
    """Raises ConfigError in words for a file that can't be read."""
    preset, given = _read(layout.preset), _read(layout.state / PROVISIONED)
    sections: _Sections = {name: {**preset.get(name, {}), **given.get(name, {})} for name in SECTIONS}
    for section, key, name in _GIVEN:
        if given.get(name):
            sections[section][key] = str(given[name])
    files: dict[tuple[str, str], Path] = {}
    for folder, document in ((layout.share, preset), (layout.state, given)):
        for section, key in _FILES:
            name = document.get(section, {}).get(key)
            if name:
                files[section, key] = folder / str(name)
    providers = tuple(Provider(str(one["name"]), str(one["api"])) for one in preset.get(_PROVIDERS, ()))
    return Offer(sections, files, providers, _answered(given, sections), bool(given.get("restored")))


def _answered(given: dict[str, Any], sections: _Sections) -> frozenset[str]:
    phone = sections["phone"]
    found = {
        "language": "language" in given and phone.get("language") in LANGUAGES,
        "country": "country" in given and phone.get("country") in COUNTRIES,
        "network": bool(given.get("wifi") or given.get("cable")),
        "key": bool(given.get("key")),
        "pin step": bool(given.get("pin")),
        "provider": bool(sections["provider"].get("api")),
    }
    return frozenset(step for step, is_answered in found.items() if is_answered)


def card_trouble(layout: Layout) -> tuple[str, ...]:
    try:
        return tuple((layout.state / CARD_TROUBLE).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return ()


def write_config(layout: Layout, offer: Offer, chosen: WriteConfig) -> None:
    """Whole and on disk, or not there at all. Raises ConfigError where no phone could run with it, and
    OSError or StorageError where the disk won't.
    """
    state = layout.state
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    sections = {name: dict(values) for name, values in offer.sections.items()}
    for (section, key), file in offer.files.items():
        sections[section][key] = _beside(file, state, _FILES[section, key])
    sections["phone"] |= {"state": ".", "language": chosen.language, "country": chosen.country}
    if chosen.provider:
        sections["provider"]["api"] = chosen.provider
    for section, values in _DEFAULTS.items():
        sections[section] = {**values, **sections[section]}
    content = dumped(sections).encode()
    trial = state / "kallphone.toml.new"
    try:
        write_private(trial, content, replace=True)
        load_config(trial)
    finally:
        trial.unlink(missing_ok=True)
    write_private(layout.config, content, replace=True)


_DEFAULTS: _Sections = {
    "ledger": {"agree": 0, "ratings": True},
    "provider": {"ca_file": ""},
    "money": {"deposit": 2_000_000},
    "audio": {"device": "default", "speak": "", "record": ""},
}


def dumped(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """TOML of texts, whole numbers, flags and lists of them, which JSON writes alike."""
    tables = []
    for name, values in sections.items():
        rows = [f"{key} = {_value(value)}" for key, value in values.items()]
        tables.append("\n".join([f"[{name}]", *rows]))
    return "\n\n".join(tables) + "\n"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _beside(file: Path, state: Path, name: str) -> str:
    if file.resolve().parent == state.resolve():
        return file.name
    try:
        write_private(state / name, file.read_bytes(), replace=True)
    except FileNotFoundError:
        raise ConfigError(f"{file} is missing: make the card anew") from None
    return name


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigError(f"{file} can't be read: {problem}") from problem
