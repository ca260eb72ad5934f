from __future__ import annotations

import os
import re
import sqlite3
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kallprovider import secret_files
from kallprovider.config import ProviderConfig
from kallprovider.errors import ConfigError

_CHECKOUT = Path(__file__).resolve().parent.parent
_INSTALLED = Path(sysconfig.get_path("data")) / "share" / "kallprovider"
SERVICES = _CHECKOUT if (_CHECKOUT / "kamailio").is_dir() else _INSTALLED
SCHEMAS = Path("/usr/share/kamailio/db_sqlite")
MODULES = "/usr/lib/x86_64-linux-gnu/kamailio/modules:/usr/lib/aarch64-linux-gnu/kamailio/modules"
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
PLACEHOLDER = re.compile(r"@([A-Z_]+)@")
INCLUDE = re.compile(r'^include_file "([^"]+)"', re.MULTILINE)
# What a quoted string in either configuration language can hold as it is.
PLAIN = re.compile(r"[\w ./:,+~=@\[\]-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """`flood` requests within two seconds from one source ban it; `longest_call` in seconds."""

    flood: int = 150
    longest_call: int = 4 * 3600
    connections: int = 4096
    workers: int = 4
    turn_quota: int = 12
    turn_total: int = 1200


@dataclass(frozen=True, slots=True)
class Commands:
    """What to start, in the foreground; each ends at SIGTERM."""

    kamailio: list[str]
    turnserver: list[str]


def render(config: ProviderConfig, limits: Limits | None = None) -> Commands:
    """Writes both configurations and Kamailio's databases below the state directory, owner-only."""
    limits = limits or Limits()
    kamailio, coturn = config.state / "kamailio", config.state / "coturn"
    for directory in (config.state, kamailio, kamailio / "routes", coturn):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = secret_files.read_or_create(config.secret_path)
    for name, schema in (("usrloc", "usrloc"), ("dialog", "dialog")):
        _create_database(kamailio / f"{name}.sqlite", schema)
    for route in sorted((SERVICES / "kamailio" / "routes").glob("*.cfg")):
        write_private(kamailio / "routes" / route.name, route.read_text(encoding="utf-8"))
    template = SERVICES / "kamailio" / "kamailio.cfg.in"
    write_private(kamailio / "kamailio.cfg", fill(template, _kamailio_values(config, limits, secret)))
    template = SERVICES / "coturn" / "turnserver.conf.in"
    write_private(coturn / "turnserver.conf", fill(template, _coturn_values(config, limits, secret)))
    return commands(config)


def commands(config: ProviderConfig) -> Commands:
    kamailio, coturn = config.state / "kamailio", config.state / "coturn"
    return Commands(
        ["kamailio", "-DD", "-E", "-f", str(kamailio / "kamailio.cfg"), "-P", str(kamailio / "kamailio.pid"),
         "-Y", str(kamailio), "-m", "128", "-M", "16"],
        ["turnserver", "-c", str(coturn / "turnserver.conf")],
    )  # fmt: skip


def _kamailio_values(config: ProviderConfig, limits: Limits, secret: str) -> dict[str, str]:
    directory = config.state / "kamailio"
    host = f"[{config.sip.host}]" if ":" in config.sip.host else config.sip.host
    return {
        "DOMAIN": config.domain,
        "HOST": host,
        "PORT": str(config.sip.port),
        # Phones come back to the address in Via and Record-Route: it must be one.
        "ADVERTISED": config.domain if config.sip.host in EVERY_ADDRESS else host,
        "EVAPI_PORT": str(config.evapi_port),
        "EVAPI_TOKEN": secret_files.read_or_create(config.evapi_token_path),
        "SECRET": secret,
        "CERTIFICATE": str(config.tls.certificate),
        "PRIVATE_KEY": str(config.tls.private_key),
        "USRLOC": str(directory / "usrloc.sqlite"),
        "DIALOG": str(directory / "dialog.sqlite"),
        "MODULES": MODULES,
        "LONGEST_CALL": str(limits.longest_call),
        "FLOOD_LIMIT": str(limits.flood),
        "CONNECTIONS": str(limits.connections),
        "WORKERS": str(limits.workers),
    }


def _coturn_values(config: ProviderConfig, limits: Limits, secret: str) -> dict[str, str]:
    directory = config.state / "coturn"
    return {
        "DOMAIN": config.domain,
        "HOST": config.turn.host,
        "PORT": str(config.turn.port),
        "RELAY_MIN": str(config.turn.relay_min),
        "RELAY_MAX": str(config.turn.relay_max),
        "SECRET": secret,
        "DATABASE": str(directory / "turndb"),
        "PID": str(directory / "turnserver.pid"),
        "QUOTA": str(limits.turn_quota),
        "TOTAL": str(limits.turn_total),
        "RELAY_IP": "" if config.turn.host in EVERY_ADDRESS else f"relay-ip={config.turn.host}",
        "LOOPBACK": "allow-loopback-peers" if config.turn.allow_loopback else "",
        "ALLOWED": "allowed-peer-ip=127.0.0.0-127.255.255.255" if config.turn.allow_loopback else "",
    }


def fill(template: Path, values: Mapping[str, str]) -> str:
    """Raises ConfigError for a value that a configuration file can't carry."""
    for name, value in values.items():
        if not PLAIN.fullmatch(value):
            raise ConfigError(f"{template.name}: {name.lower()} has a character that can't stand in it")

    def value_of(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            raise ConfigError(f"{template}: @{match[1]}@ has no value") from None

    return PLACEHOLDER.sub(value_of, template.read_text(encoding="utf-8"))


def write_private(path: Path, text: str) -> None:
    """Replaces the file in one step; it is never readable by others, not even for a moment."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _create_database(path: Path, schema: str) -> None:
    """From the SQL that Kamailio's own package brings, so that the table versions are its own."""
    if path.exists():
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    write_private(draft, "")
    connection = sqlite3.connect(draft)
    try:
        # Kept in the file: several of Kamailio's processes write at a time.
        connection.execute("PRAGMA journal_mode = WAL")
        for name in ("standard", schema):
            connection.executescript(_schema(name))
    finally:
        connection.close()
    draft.replace(path)


def _schema(name: str) -> str:
    file = SCHEMAS / f"{name}-create.sql"
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{file} is missing; install Debian's kamailio-sqlite-modules") from None
