from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kallnet import configfile
from kallnet.configfile import Section, read_sections
from kallnet.transfers import ESCROW, RAILS
from kallprovider import NETWORK_API_VERSION
from kallprovider.errors import ConfigError


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
    """`rail`: how phones pay, one of kallnet.transfers.RAILS."""

    price: int
    inviter_share: int
    api_version: int
    max_float_periods: int
    session_seconds: int
    free_relays_per_hour: int
    rail: str = ESCROW

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


SECTIONS = ("provider", "sip", "turn", "http", "tls", "evapi", "terms", "ledger", "claims")


def load_config(file: Path) -> ProviderConfig:
    """Raises ConfigError whose words name file, section, key and the allowed values."""
    try:
        sections = read_sections(file, SECTIONS, f"`python -m kallprovider init {file}` writes one")
        config = _assemble(sections)
        for section in sections.values():
            section.finish()
    except configfile.ConfigError as problem:
        raise ConfigError(str(problem)) from None
    return config


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
        rail=section.choice("rail", RAILS, default=ESCROW),
    )


def _ledger(section: Section) -> LedgerSettings:
    return LedgerSettings(
        section.urls("rpc"), section.path("deployment"), section.integer("confirmations", 0, 64)
    )


def _claims(section: Section) -> Claims:
    return Claims(section.integer("minimum", 1, 10**15), section.integer("after_seconds", 0, 7 * 86_400))
