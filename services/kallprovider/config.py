from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kallprovider import NETWORK_API_VERSION
from kallprovider.errors import ConfigError

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*$")


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Turn:
    host: str
    port: int
    relay_min: int
    relay_max: int
    allow_loopback: bool


@dataclass(frozen=True, slots=True)
class Tls:
    certificate: Path
    private_key: Path


@dataclass(frozen=True, slots=True)
class Terms:
    price: int
    inviter_share: int
    api_version: int
    max_float_periods: int
    session_seconds: int
    free_relays_per_hour: int

    @property
    def max_float(self) -> int:
        return self.max_float_periods * self.price


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    rpc: tuple[str, ...]
    deployment: Path
    confirmations: int


@dataclass(frozen=True, slots=True)
class Claims:
    minimum: int
    after_seconds: int


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    name: str
    domain: str
    state: Path
    key: Path
    sip: Endpoint
    turn: Turn
    http: Endpoint
    tls: Tls
    evapi_port: int
    terms: Terms
    ledger: LedgerSettings
    claims: Claims

    @property
    def sip_uri(self) -> str:
        return f"sip:{_bracketed(self._public(self.sip.host))}:{self.sip.port};transport=tls"

    @property
    def turn_uri(self) -> str:
        return f"turn:{_bracketed(self._public(self.turn.host))}:{self.turn.port}"

    @property
    def api_url(self) -> str:
        return f"https://{_bracketed(self._public(self.http.host))}:{self.http.port}"

    @property
    def secret_path(self) -> Path:
        return self.state / "secret"

    @property
    def evapi_token_path(self) -> Path:
        return self.state / "evapi-token"

    @property
    def database_path(self) -> Path:
        return self.state / "provider.sqlite"

    def _public(self, host: str) -> str:
        return self.domain if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Section:
    """One table of the file: each key is taken once, with its bounds; `finish` refuses the rest."""

    def __init__(self, file: Path, name: str, values: Mapping[str, Any]) -> None:
        self._file = file
        self._name = name
        self._values = dict(values)
        self._known: list[str] = []

    def error(self, key: str, words: str) -> ConfigError:
        return ConfigError(f"{self._file}: [{self._name}] {key}: {words}")

    def _take(self, key: str, kind: type, what: str) -> Any:
        self._known.append(key)
        if key not in self._values:
            raise self.error(key, f"is missing; give {what}{self._near_miss(key)}")
        value = self._values.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(key, f"is {value!r}; give {what}")
        return value

    def _near_miss(self, key: str) -> str:
        near = difflib.get_close_matches(key, self._values, n=1)
        return f" (there is {near[0]!r}: did you mean {key!r}?)" if near else ""

    def integer(self, key: str, low: int, high: int) -> int:
        what = f"a whole number from {low} to {high}"
        value: int = self._take(key, int, what)
        if not low <= value <= high:
            raise self.error(key, f"is {value}; give {what}")
        return value

    def flag(self, key: str) -> bool:
        return bool(self._take(key, bool, "true or false"))

    def text(self, key: str, longest: int = 64) -> str:
        value = str(self._take(key, str, f"a text of 1 to {longest} characters")).strip()
        if not 1 <= len(value) <= longest:
            raise self.error(key, f"has {len(value)} characters; give 1 to {longest}")
        if not value.isprintable():
            raise self.error(key, "has characters that can't be shown")
        return value

    def host(self, key: str) -> str:
        value = str(self._take(key, str, "a host name or an IP address"))
        if not (is_ip(value) or _HOST.match(value)):
            raise self.error(key, f"is {value!r}, neither a host name nor an IP address")
        return value

    def port(self, key: str) -> int:
        return self.integer(key, 1, 65535)

    def path(self, key: str) -> Path:
        value = str(self._take(key, str, "a path"))
        if not value:
            raise self.error(key, "is empty; give a path")
        return (self._file.parent / Path(value).expanduser()).resolve()

    def urls(self, key: str) -> tuple[str, ...]:
        values = self._take(key, list, 'a list such as ["http://127.0.0.1:8545"]')
        if not 1 <= len(values) <= 8:
            raise self.error(key, f"has {len(values)} endpoints; give 1 to 8")
        return tuple(self._url(key, value) for value in values)

    def _url(self, key: str, value: object) -> str:
        parts = urlsplit(value) if isinstance(value, str) else None
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
            raise self.error(key, "has an entry that is no http:// or https:// address")
        return str(value)

    def finish(self) -> None:
        for key in self._values:
            near = difflib.get_close_matches(key, self._known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(self._known)}"
            raise self.error(key, f"is not known; {hint}")


def is_ip(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


SECTIONS = ("provider", "sip", "turn", "http", "tls", "evapi", "terms", "ledger", "claims")


def load_config(file: Path) -> ProviderConfig:
    """Raises ConfigError whose words name file, section, key and the allowed values."""
    sections = _sections(file, _parse(file))
    config = _assemble(sections)
    for section in sections.values():
        section.finish()
    return config


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{file} does not exist; `python -m kallprovider init {file}` writes one") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(f"{file} can't be read: {problem}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise ConfigError(f"{file} is not TOML: {problem}") from problem


def _sections(file: Path, document: dict[str, Any]) -> dict[str, Section]:
    for name, values in document.items():
        if name not in SECTIONS:
            near = difflib.get_close_matches(name, SECTIONS, n=1)
            hint = f"did you mean [{near[0]}]?" if near else f"known sections: {', '.join(SECTIONS)}"
            raise ConfigError(f"{file}: [{name}] is not known; {hint}")
        if not isinstance(values, dict):
            raise ConfigError(f"{file}: {name} must be a section, [{name}]")
    for name in SECTIONS:
        if name not in document:
            raise ConfigError(f"{file}: section [{name}] is missing")
    return {name: Section(file.resolve(), name, document[name]) for name in SECTIONS}


def _assemble(sections: dict[str, Section]) -> ProviderConfig:
    provider = sections["provider"]
    return ProviderConfig(
        name=provider.text("name"),
        domain=provider.host("domain").lower(),
        state=provider.path("state"),
        key=provider.path("key"),
        sip=_endpoint(sections["sip"]),
        turn=_turn(sections["turn"]),
        http=_endpoint(sections["http"]),
        tls=Tls(sections["tls"].path("certificate"), sections["tls"].path("private_key")),
        evapi_port=sections["evapi"].port("port"),
        terms=_terms(sections["terms"]),
        ledger=_ledger(sections["ledger"]),
        claims=_claims(sections["claims"]),
    )


def _endpoint(section: Section) -> Endpoint:
    return Endpoint(section.host("host"), section.port("port"))


def _turn(section: Section) -> Turn:
    turn = Turn(
        host=section.host("host"),
        port=section.port("port"),
        relay_min=section.integer("relay_min", 1024, 65535),
        relay_max=section.integer("relay_max", 1024, 65535),
        allow_loopback=section.flag("allow_loopback"),
    )
    if turn.relay_max < turn.relay_min:
        raise section.error("relay_max", f"is {turn.relay_max}, below relay_min {turn.relay_min}")
    return turn


def _terms(section: Section) -> Terms:
    return Terms(
        price=section.integer("price", 0, 10**12),
        inviter_share=section.integer("inviter_share", 0, 100),
        api_version=section.integer("api_version", NETWORK_API_VERSION, NETWORK_API_VERSION),
        # With one period, a voucher a moment late would end an honest call.
        max_float_periods=section.integer("max_float_periods", 2, 40),
        session_seconds=section.integer("session_seconds", 60, 86_400),
        free_relays_per_hour=section.integer("free_relays_per_hour", 0, 10_000),
    )


def _ledger(section: Section) -> LedgerSettings:
    return LedgerSettings(
        section.urls("rpc"), section.path("deployment"), section.integer("confirmations", 0, 64)
    )


def _claims(section: Section) -> Claims:
    return Claims(section.integer("minimum", 1, 10**15), section.integer("after_seconds", 0, 7 * 86_400))
