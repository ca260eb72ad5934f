from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, get_type_hints

from kallphone.phone import settings as phone
from kallphone.storage.database import Database
from kallphone.storage.settings import Settings

log = logging.getLogger(__name__)

_NAME = "phone"
_LOUDEST = 10


class Preferences:
    """What the owner chose, in the phone's settings.

    A value that is unknown or can't be, by hand or from another version, counts as the default of its field.
    """

    def __init__(self, database: Database, defaults: phone.Settings | None = None) -> None:
        self._settings = Settings(database)
        self._defaults = defaults or phone.Settings()

    def load(self) -> phone.Settings:
        found = _read(self._defaults, self._settings.read(_NAME) or {}, "")
        assert isinstance(found, phone.Settings)
        return found

    def save(self, settings: phone.Settings) -> None:
        self._settings.write(_NAME, _plain(settings))


def with_chosen(settings: phone.Settings, chosen: Mapping[str, Any]) -> phone.Settings:
    """Settings with some of them changed; ValueError names one that is not known or can't be so."""
    changed = _chosen(settings, chosen, "")
    assert isinstance(changed, phone.Settings)
    return changed


def _chosen(settings: Any, chosen: Mapping[str, Any], within: str) -> Any:
    kinds = get_type_hints(type(settings))
    values: dict[str, Any] = {}
    for name, value in chosen.items():
        if name not in kinds:
            raise ValueError(f"{within}{name} is not known; known are {', '.join(kinds)}")
        if dataclasses.is_dataclass(kinds[name]) and isinstance(value, Mapping):
            values[name] = _chosen(getattr(settings, name), value, f"{within}{name}.")
        else:
            values[name] = _chosen_value(kinds[name], value, within + name)
    return dataclasses.replace(settings, **values)


def _chosen_value(kind: type, value: Any, name: str) -> Any:
    if issubclass(kind, Enum):
        if value not in kind.__members__:
            raise ValueError(f"{name} is none of {', '.join(kind.__members__)}")
        return kind[value]
    if type(value) is not kind or not _ALLOWED.get(name, _any)(value):
        raise ValueError(f"{name} can't be {value!r}")
    return value


def _read(default: Any, kept: Mapping[str, Any], within: str) -> Any:
    """A dataclass like `default`, with each field from `kept` that fits it."""
    kinds = get_type_hints(type(default))
    names = [field.name for field in dataclasses.fields(default)]
    for name in kept.keys() - set(names):
        log.warning("setting %s%s is not known and left out", within, name)
    values = {
        name: _value(kinds[name], getattr(default, name), kept[name], within + name)
        for name in names
        if name in kept
    }
    return dataclasses.replace(default, **values)


def _value(kind: type, default: Any, kept: Any, name: str) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kept, dict):
        return _read(default, kept, name + ".")
    if issubclass(kind, Enum) and isinstance(kept, str) and kept in kind.__members__:
        return kind[kept]
    if type(kept) is kind and _ALLOWED.get(name, _any)(kept):
        return kept
    log.warning("setting %s can't be %r: %r instead", name, kept, default)
    return default


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value.name if isinstance(value, Enum) else value


def _any(value: Any) -> bool:
    return not (isinstance(value, int) and value < 0)


def _volume(value: Any) -> bool:
    return bool(0 <= value <= _LOUDEST)


def _number(value: Any) -> bool:
    return len(value) <= 32 and all(character in "0123456789*#+" for character in value)


_ALLOWED: dict[str, Callable[[Any], bool]] = {
    **{f"volumes.{name}": _volume for name in ("handset", "ringer", "speaker", "sidetone")},
    **{f"forwarding.{name}": _number for name in ("always", "busy", "no_answer")},
    **dict.fromkeys(("voicemail", "echo_test", "hotline"), _number),
}
