from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class Screening(Enum):
    """Whose calls ring."""

    EVERYBODY = auto()
    CONTACTS = auto()
    FAVOURITES = auto()


@dataclass(frozen=True)
class Forwarding:
    """Kall numbers, empty where nothing is forwarded; `after_s` is for NO_ANSWER."""

    always: str = ""
    busy: str = ""
    no_answer: str = ""
    after_s: int = 25


@dataclass(frozen=True)
class Limits:
    """kallCoin base units, 0 for none. `contacts_only`: a child may call nobody else."""

    per_call: int = 0
    per_day: int = 0
    contacts_only: bool = False


@dataclass(frozen=True)
class Volumes:
    """0 to 10 each; `boost` adds gain for the hard of hearing."""

    handset: int = 6
    ringer: int = 7
    speaker: int = 6
    sidetone: int = 3
    boost: bool = False


@dataclass(frozen=True)
class Settings:
    """What the owner chose. Above `ask_above`, in base units a minute, the phone asks first."""

    language: str = "en"
    country: str = "de"
    large_text: bool = False
    bright: bool = False
    do_not_disturb: bool = False
    screening: Screening = Screening.EVERYBODY
    reject_anonymous: bool = False
    allow_unverified: bool = False
    call_waiting: bool = True
    forwarding: Forwarding = field(default_factory=Forwarding)
    voicemail: str = ""
    echo_test: str = ""
    hotline: str = ""
    hotline_after_s: int = 0
    one_key: bool = False
    ask_above: int = 100_000
    limits: Limits = field(default_factory=Limits)
    volumes: Volumes = field(default_factory=Volumes)
    ring: int = 0
    visual_ring: bool = True
    speak_digits: bool = False
    speak_caller: bool = False
    auto_lock: bool = False
    has_pin: bool = False
