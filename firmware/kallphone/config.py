from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kallnet.configfile import Section, read_sections
from kallphone.phone.tones import CADENCES

SECTIONS = ("phone", "ledger", "provider", "money", "audio")


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """kallphone.toml; `deposit` in kallCoin base units, `agree` None for more than half of the endpoints."""

    state: Path
    country: str
    rpc: tuple[str, ...]
    agree: int | None
    ratings: bool
    deployment: Path
    provider_api: str
    ca_file: Path | None
    deposit: int
    audio_device: str
    speak: Path | None
    record: Path | None


def load_config(file: Path) -> PhoneConfig:
    """Raises ConfigError in words for the owner."""
    sections = read_sections(file, SECTIONS, "copy example.toml of the package and edit it")
    config = _assemble(sections)
    for section in sections.values():
        section.finish()
    return config


def _assemble(sections: dict[str, Section]) -> PhoneConfig:
    phone, ledger, provider = sections["phone"], sections["ledger"], sections["provider"]
    audio = sections["audio"]
    rpc = ledger.urls("rpc")
    return PhoneConfig(
        state=phone.path("state"),
        country=phone.choice("country", sorted(CADENCES)),
        rpc=rpc,
        agree=ledger.integer("agree", 0, len(rpc)) or None,
        ratings=ledger.flag("ratings"),
        deployment=ledger.path("deployment"),
        provider_api=provider.url("api"),
        ca_file=provider.optional_path("ca_file"),
        deposit=sections["money"].integer("deposit", 0, 10**15),
        audio_device=audio.text("device", 128),
        speak=audio.optional_path("speak"),
        record=audio.optional_path("record"),
    )
