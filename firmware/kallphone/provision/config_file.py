"""The phone's kallphone.toml, of layers: the image's network, what there was, what is said now."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from kallnet.configfile import ConfigError, Section
from kallphone.config import SECTIONS, PhoneConfig, phone_config
from kallphone.device.layout import Layout
from kallphone.provision.answers import with_whole_paths
from kallphone.provision.errors import FileInvalid
from kallphone.provision.handover import PROVISIONED
from kallphone.provision.toml_text import written
from kallphone.storage.files import write_private

log = logging.getLogger(__name__)

Layer = Mapping[str, Mapping[str, Any]]
DEFAULTS: Layer = {
    "ledger": {"agree": 0, "ratings": True},
    "provider": {"ca_file": ""},
    "money": {"deposit": 2_000_000},
    "audio": {"device": "default", "speak": "", "record": ""},
}
"""Of a phone, where no layer says otherwise: nobody has to."""
_NETWORK = (("ledger", "rpc"), ("ledger", "deployment"), ("provider", "api"))
_COPIES = (("ledger", "deployment", "deployment.json"), ("provider", "ca_file", "ca.pem"))
"""Section and key of a file, and what it is called beside the phone's configuration."""


def layers_below(layout: Layout) -> list[Layer]:
    """What holds where a file says nothing: the preset, what files said before, what the phone has."""
    files = (layout.preset, layout.state / PROVISIONED, layout.config)
    return [layer for file in files if (layer := _read(file)) is not None]


def merged(layers: Sequence[Layer]) -> dict[str, dict[str, Any]]:
    """Later ones win, key by key."""
    whole: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    for layer in layers:
        for name, table in layer.items():
            whole.setdefault(name, {}).update(table)
    return whole


def names_a_network(document: Layer) -> bool:
    """Whether a phone could reach ledger and provider by it."""
    return all(document.get(section, {}).get(key) for section, key in _NETWORK)


def checked(name: str, document: Layer, state: Path) -> PhoneConfig:
    """Gaps are filled from the package's example, for the check alone. Raises FileInvalid."""
    whole = merged([_example(), document, {"phone": {"state": str(state)}}])
    sections = {part: Section(Path(name), part, whole[part]) for part in SECTIONS}
    try:
        config = phone_config(sections)
        for section in sections.values():
            section.finish()
    except ConfigError as fault:
        raise FileInvalid(str(fault)) from None
    for section_name, key, _ in _COPIES:
        path = document.get(section_name, {}).get(key)
        if path and not Path(path).is_file():
            raise FileInvalid(f"{name}: [{section_name}] {key}: there is no file {path}")
    return config


def files_named(document: Layer) -> list[Path]:
    """Those that are copied, where they lie."""
    named = (document.get(section, {}).get(key) for section, key, _ in _COPIES)
    return [Path(path) for path in named if path]


def copies_of(document: Layer, state: Path) -> dict[str, bytes]:
    """Files that the configuration names, by what they are called beside it; only root reads the card."""
    found: dict[str, bytes] = {}
    for section, key, name in _COPIES:
        path = document.get(section, {}).get(key)
        if path and Path(path) != (state / name).resolve():
            found[name] = Path(path).read_bytes()
    return found


def write_copies(state: Path, copies: Mapping[str, bytes]) -> None:
    """Before what names them: no file names another that is not there yet."""
    for name, content in copies.items():
        write_private(state / name, content, replace=True)


def beside(document: Layer) -> dict[str, dict[str, Any]]:
    """The same, with the copies in place of what they are copies of."""
    tables = {name: dict(table) for name, table in document.items()}
    for section, key, name in _COPIES:
        if tables.get(section, {}).get(key):
            tables[section][key] = name
    return tables


def write_config(state: Path, document: Layer) -> None:
    whole = merged([DEFAULTS, beside(document), {"phone": {"state": "."}}])
    text = "# Written from the installer's file or by the phone's first start.\n\n" + written(whole)
    write_private(state / "kallphone.toml", text.encode(), replace=True)


def _example() -> Layer:
    example = tomllib.loads((resources.files("kallphone") / "example.toml").read_text(encoding="utf-8"))
    return {**example, "ledger": {**example["ledger"], "deployment": "/"}}


def _read(file: Path) -> Layer | None:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as problem:
        log.warning("%s is left out: %s", file, problem)
        return None
    return {
        name: with_whole_paths(name, table, file.parent)
        for name, table in document.items()
        if name in SECTIONS and isinstance(table, dict)
    }
