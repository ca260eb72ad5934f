from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kallnet.errors import KallnetError

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*$")


class ConfigError(KallnetError):
    """A file that its owner has to mend; the words name file, section, key and what is allowed."""


class Section:
    """One table of the file: each key is taken once, with its bounds; `finish` refuses the rest."""

    def __init__(self, file: Path, name: str, values: Mapping[str, Any]) -> None:
        self._file = file
        self._name = name
        self._values = dict(values)
        self._known: list[str] = []

    def error(self, key: str, words: str) -> ConfigError:
        return ConfigError(f"{self._file}: [{self._name}] {key}: {words}")

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        if default is not None and key not in self._values:
            self._known.append(key)
            return default
        what = f"a whole number from {low} to {high}"
        value: int = self._take(key, int, what)
        if not low <= value <= high:
            raise self.error(key, f"is {value}; give {what}")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        if default is not None and key not in self._values:
            self._known.append(key)
            return default
        return bool(self._take(key, bool, "true or false"))

    def text(self, key: str, longest: int = 64) -> str:
        value = str(self._take(key, str, f"a text of 1 to {longest} characters")).strip()
        if not 1 <= len(value) <= longest:
            raise self.error(key, f"has {len(value)} characters; give 1 to {longest}")
        return value

    def text_or(self, key: str, default: str) -> str:
        """One that may be empty or missing."""
        if key not in self._values:
            self._known.append(key)
            return default
        return str(self._take(key, str, "a text")).strip()

    def has(self, key: str, *, take: bool = False) -> bool:
        """Whether it is there with anything in it; `take` for a caller that reads it itself."""
        self._known.append(key)
        there = bool(self._values.get(key))
        if take or not there:
            self._values.pop(key, None)
        return there

    def exact_text(self, key: str) -> str:
        """As it stands, with its spaces; empty where it is missing. No error repeats it: it may be secret."""
        self._known.append(key)
        value = self._values.pop(key, "")
        if not isinstance(value, str):
            raise self.error(key, 'must be a text in quotation marks, like "this"')
        return value

    def choice(self, key: str, allowed: Sequence[str], default: str | None = None) -> str:
        if default is not None and key not in self._values:
            self._known.append(key)
            return default
        value = str(self._take(key, str, f"one of {', '.join(allowed)}"))
        if value not in allowed:
            raise self.error(key, f"is {value!r}; give one of {', '.join(allowed)}{_near(value, allowed)}")
        return value

    def host(self, key: str) -> str:
        value = str(self._take(key, str, "a host name or an IP address"))
        if not (is_ip(value) or _HOST.match(value)):
            raise self.error(key, f"is {value!r}, neither a host name nor an IP address")
        return value

    def port(self, key: str) -> int:
        return self.integer(key, 1, 65535)

    def path(self, key: str) -> Path:
        """Relative to the folder of the file."""
        value = self.optional_path(key)
        if value is None:
            raise self.error(key, "is empty; give a path")
        return value

    def optional_path(self, key: str) -> Path | None:
        value = str(self._take(key, str, "a path"))
        try:
            return (self._file.parent / Path(value).expanduser()).resolve() if value else None
        except (ValueError, RuntimeError):  # a zero in it; "~" of somebody who isn't there
            raise self.error(key, f"is {value!r}, which leads nowhere") from None

    def url(self, key: str) -> str:
        return self._url(key, self._take(key, str, "an address such as https://provider.example:8443"))

    def urls(self, key: str) -> tuple[str, ...]:
        values = self._take(key, list, 'a list such as ["http://127.0.0.1:8545"]')
        if not 1 <= len(values) <= 8:
            raise self.error(key, f"has {len(values)} endpoints; give 1 to 8")
        urls = tuple(self._url(key, value) for value in values)
        if len(set(urls)) < len(urls):
            raise self.error(key, "names an endpoint twice: name others, that one would agree with itself")
        return urls

    def finish(self) -> None:
        for key in self._values:
            hint = _near(key, self._known) or f"; known keys: {', '.join(self._known)}"
            raise self.error(key, f"is not known{hint}")

    def _take(self, key: str, kind: type, what: str) -> Any:
        self._known.append(key)
        if key not in self._values:
            near = difflib.get_close_matches(key, self._values, n=1)
            there = f" (there is {near[0]!r}: did you mean {key!r}?)" if near else ""
            raise self.error(key, f"is missing; give {what}{there}")
        value = self._values.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"is {value!r}; give {what}")
        return value

    def _url(self, key: str, value: object) -> str:
        parts = urlsplit(value) if isinstance(value, str) else None
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise self.error(key, "is no http:// or https:// address")
        return str(value)


def read_sections(file: Path, names: Sequence[str], missing: str = "") -> dict[str, Section]:
    """The tables of a TOML file, exactly those named; `missing` says what to do without the file."""
    document = _parse(file, missing)
    for name, values in document.items():
        if name not in names:
            hint = _near(name, names) or f"; known sections: {', '.join(names)}"
            raise ConfigError(f"{file}: [{name}] is not known{hint}")
        if not isinstance(values, dict):
            raise ConfigError(f"{file}: {name} must be a section, [{name}]")
    for name in names:
        if name not in document:
            raise ConfigError(f"{file}: section [{name}] is missing")
    return {name: Section(file.resolve(), name, document[name]) for name in names}


def _parse(file: Path, missing: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file} does not exist; {missing}".rstrip("; ")) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{file} can't be read: {problem}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{file} is not TOML: {problem}") from problem


def _near(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
