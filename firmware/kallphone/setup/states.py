"""What a phone that is being set up knows, what happens to it, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto

from kallphone.phone.commands import Command
from kallphone.phone.events import KeyHeld, KeyPressed, StorageFailed, Woken, WordsRead
from kallphone.phone.states import Phone

STEPS = ("language", "country", "network", "key", "pin step", "provider", "summary")
"""In the order in which they are asked; each is the name of its first page."""


class Security(Enum):
    """How a Wi-Fi network is entered; networks that want anything else are not offered."""

    OPEN = auto()
    WPA2 = auto()
    WPA3 = auto()
    EITHER = auto()
    """WPA2 and WPA3, whichever both sides can."""


class Trouble(Enum):
    """Why a Wi-Fi network was not joined."""

    PASSWORD = auto()
    ABSENT = auto()
    ADDRESS = auto()
    RADIO = auto()


class Kept(Enum):
    """What the owner did about the twelve words."""

    NOT_ASKED = ""
    LATER = "later"
    WRITTEN = "written"


@dataclass(frozen=True)
class Found:
    """A Wi-Fi network in reach; `level` in dBm."""

    ssid: bytes
    level: int
    security: Security

    @property
    def name(self) -> str:
        return self.ssid.decode("utf-8", "replace")


@dataclass(frozen=True)
class Credentials:
    """What one Wi-Fi network is joined with; `hidden` ones do not tell their name."""

    ssid: bytes
    security: Security
    password: str = field(default="", repr=False)
    hidden: bool = False

    @property
    def name(self) -> str:
        return self.ssid.decode("utf-8", "replace")


@dataclass(frozen=True)
class Hotspot:
    """The phone's own Wi-Fi: `url` is the page's address; `visited` once a telephone has joined."""

    ssid: str
    passphrase: str = field(repr=False)
    url: str = field(repr=False)
    visited: bool = False


@dataclass(frozen=True)
class Provider:
    name: str
    api: str


@dataclass(frozen=True)
class PortalAnswers:
    """What was filled in on the page; empty and None where it was left alone."""

    language: str = ""
    country: str = ""
    wifi: Credentials | None = None
    pin: str = field(default="", repr=False)


# What happens.
@dataclass(frozen=True)
class LinkFound:
    """The way to the Internet that there is now: a cable, a Wi-Fi by its name, or neither."""

    cable: bool = False
    wifi: str = ""


@dataclass(frozen=True)
class NetworksFound:
    """The strongest first; `trouble` where nothing could be searched."""

    networks: tuple[Found, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class WifiJoined:
    attempt: int
    ssid: bytes


@dataclass(frozen=True)
class WifiRefused:
    attempt: int
    trouble: Trouble


@dataclass(frozen=True)
class HotspotChanged:
    """Open, with a telephone in it or not; None: it could not be opened, or is closed."""

    hotspot: Hotspot | None


@dataclass(frozen=True)
class PortalFilled:
    answers: PortalAnswers


@dataclass(frozen=True)
class KeyReady:
    """The phone has a key. `restored` from words that its owner has."""

    restored: bool = False


@dataclass(frozen=True)
class KeyRefused:
    """Nothing was written. `guesses`: the place of a word, from 1, and what may be meant."""

    trouble: str
    guesses: tuple[tuple[int, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class ConfigWritten:
    """`trouble` in words where it was not."""

    trouble: str = ""


SetupEvent = (
    LinkFound | NetworksFound | WifiJoined | WifiRefused | HotspotChanged | PortalFilled
    | KeyReady | KeyRefused | ConfigWritten | WordsRead | StorageFailed | KeyPressed | KeyHeld | Woken
)  # fmt: skip


# What is asked for.
@dataclass(frozen=True)
class SearchNetworks:
    """Answered by NetworksFound."""


@dataclass(frozen=True)
class JoinWifi:
    """Answered by WifiJoined, when it is also kept for later starts, or WifiRefused."""

    attempt: int
    wifi: Credentials
    country: str


@dataclass(frozen=True)
class OpenHotspot:
    """Answered by HotspotChanged and PortalFilled. `only_wifi`: all else is settled."""

    language: str
    country: str
    networks: tuple[Found, ...]
    only_wifi: bool = False


@dataclass(frozen=True)
class CloseHotspot:
    pass


@dataclass(frozen=True)
class MakeKey:
    """Answered by KeyReady or KeyRefused; never replaces a key."""


@dataclass(frozen=True)
class RestoreKey:
    """Answered by KeyReady or KeyRefused. `replace`: the owner said so; the old key is put aside."""

    words: tuple[str, ...] = field(repr=False)
    replace: bool = False


@dataclass(frozen=True)
class KeepProgress:
    """What the next start would otherwise ask again."""

    progress: Progress


@dataclass(frozen=True)
class WriteConfig:
    """Answered by ConfigWritten."""

    language: str
    country: str
    provider: str


SetupCommand = (
    SearchNetworks | JoinWifi | OpenHotspot | CloseHotspot | MakeKey | RestoreKey | KeepProgress | WriteConfig
)


@dataclass(frozen=True)
class Progress:
    """What was chosen so far. `done` are the steps that were left forwards."""

    language: str = "en"
    country: str = "de"
    provider: str = ""
    words: Kept = Kept.NOT_ASKED
    done: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setup:
    """`steps` are those that are asked, `done` those that were left forwards. `networks` is None until
    somebody searched; `attempt` counts tries to join one. `closes_at` is when the hotspot ends.
    `word_list` is what twelve words are chosen from, `restored` those that were typed so far. `card` is
    what is wrong with the installer's file. `asks` are commands not given yet.
    """

    steps: tuple[str, ...] = STEPS
    done: tuple[str, ...] = ()
    link: LinkFound = field(default_factory=LinkFound)
    networks: tuple[Found, ...] | None = None
    searching: bool = False
    wifi: Credentials | None = None
    attempt: int = 0
    hotspot: Hotspot | None = None
    closes_at: float | None = None
    has_key: bool = False
    kept: Kept = Kept.NOT_ASKED
    word_list: tuple[str, ...] = field(default=(), repr=False)
    restored: tuple[str, ...] = field(default=(), repr=False)
    guesses: tuple[tuple[int, str], ...] = field(default=(), repr=False)
    card: tuple[str, ...] = ()
    providers: tuple[Provider, ...] = ()
    provider: str = ""
    finished: bool = False
    asks: tuple[SetupCommand, ...] = ()


@dataclass(frozen=True)
class Newcomer(Phone):
    """A phone that is no phone yet: one, so that the menu's pages show and move it."""

    setup: Setup = field(default_factory=Setup)


SetupChange = tuple[Newcomer, tuple[Command | SetupCommand, ...]]


def setup_of(phone: Phone) -> Setup:
    return _newcomer(phone).setup


def told(phone: Phone, **changes: object) -> Newcomer:
    """Changes what the setup knows, by names."""
    newcomer = _newcomer(phone)
    return replace(newcomer, setup=replace(newcomer.setup, **changes))  # type: ignore[arg-type]


def asking(phone: Phone, *commands: SetupCommand) -> Newcomer:
    return told(phone, asks=(*setup_of(phone).asks, *commands))


def progress_of(phone: Phone) -> Progress:
    setup, settings = setup_of(phone), phone.settings
    return Progress(settings.language, settings.country, setup.provider, setup.kept, setup.done)


def _newcomer(phone: Phone) -> Newcomer:
    if not isinstance(phone, Newcomer):
        raise TypeError("a page of the setup is open on a phone that is not being set up")
    return phone
