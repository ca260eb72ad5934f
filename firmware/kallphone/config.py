from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kallnet.account import Address, address_from_hex
from kallnet.configfile import Section, read_sections
from kallnet.errors import AddressInvalid, NumberInvalid
from kallnet.number import parse_number
from kallphone.phone.tones import CADENCES
from kallphone.phone.words import LANGUAGES

SECTIONS = ("phone", "ledger", "provider", "money", "audio")


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """kallphone.toml; `deposit` and `deposit_per_day` in kallCoin base units, `agree` None for more than half
    of the endpoints, `owner` None where coins can't be withdrawn from the menu.
    """

    state: Path
    country: str
    language: str
    voicemail: str
    echo_test: str
    rpc: tuple[str, ...]
    agree: int | None
    ratings: bool
    deployment: Path
    provider_api: str
    ca_file: Path | None
    deposit: int
    deposit_per_day: int
    owner: Address | None
    audio_device: str
    speak: Path | None
    record: Path | None


def load_config(file: Path) -> PhoneConfig:
    """Raises ConfigError in words for the owner."""
    sections = read_sections(file, SECTIONS, "copy example.toml of the package and edit it")
    config = phone_config(sections)
    for section in sections.values():
        section.finish()
    return config


def phone_config(sections: dict[str, Section]) -> PhoneConfig:
    """Of a file's SECTIONS, whose `finish` is the caller's."""
    phone, ledger, provider = sections["phone"], sections["ledger"], sections["provider"]
    money, audio = sections["money"], sections["audio"]
    rpc = ledger.urls("rpc")
    return PhoneConfig(
        state=phone.path("state"),
        country=phone.choice("country", sorted(CADENCES)),
        language=phone.choice("language", sorted(LANGUAGES), "en"),
        voicemail=_number(phone, "voicemail"),
        echo_test=_number(phone, "echo_test"),
        rpc=rpc,
        agree=ledger.integer("agree", 0, len(rpc)) or None,
        ratings=ledger.flag("ratings"),
        deployment=ledger.path("deployment"),
        provider_api=provider.url("api"),
        ca_file=provider.optional_path("ca_file"),
        deposit=money.integer("deposit", 0, 10**15),
        deposit_per_day=money.integer("deposit_per_day", 0, 10**15, default=0),
        owner=_owner(money),
        audio_device=audio.text("device", 128),
        speak=audio.optional_path("speak"),
        record=audio.optional_path("record"),
    )


def _number(phone: Section, name: str) -> str:
    """A Kall number, or none."""
    number = phone.text_or(name, "")
    try:
        return str(parse_number(number)) if number else ""
    except NumberInvalid as problem:
        raise phone.error(name, str(problem)) from None


def _owner(money: Section) -> Address | None:
    text = money.text_or("owner", "")
    try:
        return address_from_hex(text) if text else None
    except AddressInvalid as problem:
        raise money.error("owner", str(problem)) from None
