"""The network that an image's phones are for: a folder of which all that is taken becomes public."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .stages import BuildError

PRESET, DEPLOYMENT = "preset.toml", "deployment.json"
_NAMES_FILES = {("provider", "ca_file"), ("ledger", "deployment"), ("update", "ca_file")}


def network_files(folder: Path) -> list[Path]:
    """The preset, the deployment and what the preset names.

    BuildError for whatever else lies there: it may be a key.
    """
    try:
        preset = tomllib.loads((folder / PRESET).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BuildError(f"{folder / PRESET} can't be read: {error}") from None
    taken = {PRESET, DEPLOYMENT, *_named(preset)}
    there = {path.name: path for path in sorted(folder.iterdir())}
    for name in sorted(taken - {DEPLOYMENT}):
        if name not in there or not there[name].is_file():
            raise BuildError(f"{PRESET} names {name}, which is no file in {folder}")
    for name, path in there.items():
        if name not in taken:
            raise BuildError(f"{path} would become public with the image, and {PRESET} names it nowhere: "
                             "move it out of this folder")
    return [path for name, path in there.items() if name in taken]


def _named(preset: dict[str, Any]) -> Iterator[str]:
    for section, key in _NAMES_FILES:
        table = preset.get(section)
        name = table.get(key) if isinstance(table, dict) else None
        # An absolute path is one of the phone's own system.
        if isinstance(name, str) and name and not Path(name).is_absolute():
            yield name
