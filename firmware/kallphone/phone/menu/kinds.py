"""The three kinds of page: a list to choose from, a text to read, an entry to fill in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from kallphone.phone.menu.steps import Act, back
from kallphone.phone.menu.text import Text, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

Says = Callable[[Phone, Page], Text]


def says(words: str) -> Says:
    """The same on every such page."""
    said = text(words)
    return lambda _phone, _page: said


def nobody(_phone: Phone) -> bool:
    return False


def owner(_phone: Phone) -> bool:
    return True


def no_lines(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return ()


def no_number(_phone: Phone, _page: Page) -> str:
    return ""


@dataclass(frozen=True)
class Row:
    """`number` is called, and `recording` played, when the handset is lifted while the row is chosen."""

    label: Text
    act: Act
    value: Text = field(default_factory=Text)
    number: str = ""
    recording: str = ""


@dataclass(frozen=True)
class ListPage:
    """`search`: digits narrow the list by the letters on their keys, instead of choosing a row.

    `needs_pin` says whether only the owner may open the page; `number` is what lifting the handset calls
    whatever row is chosen, `recording` what it plays.
    """

    title: Says
    rows: Callable[[Phone, Page], tuple[Row, ...]]
    head: Callable[[Phone, Page], tuple[Text, ...]] = no_lines
    empty: str = N_("Nothing here yet")
    search: bool = False
    needs_pin: Callable[[Phone], bool] = nobody
    number: Callable[[Phone, Page], str] = no_number
    recording: Callable[[Phone, Page], str] = no_number


@dataclass(frozen=True)
class ReadPage:
    """# does `ok`, and `hint` says so in the title; `keys` are further keys; `qr` stands beside the lines."""

    title: Says
    lines: Callable[[Phone, Page], tuple[Text, ...]]
    ok: Act = back
    hint: str = ""
    keys: Mapping[str, Act] = field(default_factory=dict)
    qr: Callable[[Phone, Page], str] = no_number
    needs_pin: Callable[[Phone], bool] = nobody
    number: Callable[[Phone, Page], str] = no_number


class Kind(Enum):
    """What is typed."""

    NAME = auto()
    TEXT = auto()
    WORD = auto()
    EXACT = auto()
    """Passwords and names of networks: no capital comes by itself."""

    NUMBER = auto()
    AMOUNT = auto()
    PIN = auto()

    @property
    def letters(self) -> bool:
        return self in (Kind.NAME, Kind.TEXT, Kind.WORD, Kind.EXACT)

    @property
    def capitals(self) -> bool:
        """Whether a long # chooses between small and capital letters."""
        return self in (Kind.NAME, Kind.TEXT, Kind.EXACT)


@dataclass(frozen=True)
class EntryPage:
    """`done` finds what was typed in the top page's text. An AMOUNT is typed in hundredths of a kallCoin."""

    title: Says
    kind: Kind
    longest: int
    done: Act
    prompt: Callable[[Phone, Page], tuple[Text, ...]] = no_lines
    needs_pin: Callable[[Phone], bool] = nobody


Spec = ListPage | ReadPage | EntryPage
