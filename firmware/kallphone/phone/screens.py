from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from kallphone.phone.causes import ANNOUNCEMENTS
from kallphone.phone.dialplan import grouped
from kallphone.phone.meter import PERIOD_S, affordable_seconds
from kallphone.phone.states import (
    Answering,
    Calling,
    Dialing,
    DialTone,
    Idle,
    InCall,
    Opening,
    Over,
    Phone,
    Quoting,
    Reminding,
    Resolving,
    Ringing,
)

COIN = 1_000_000
"""Base units in one kallCoin (6 decimals)."""

COLUMNS = 21
"""Characters of normal size across 128 pixels."""


class Size(Enum):
    NORMAL = auto()
    LARGE = auto()


class Align(Enum):
    CENTER = auto()
    LEFT = auto()


@dataclass(frozen=True)
class TextLine:
    """One row; LARGE is twice as high and holds at most 18 characters, 10 of them in the widest face.

    `right` stands flush right in the same row.
    """

    text: str
    size: Size = Size.NORMAL
    inverse: bool = False
    align: Align = Align.CENTER
    right: str = ""


@dataclass(frozen=True)
class Screen:
    """`qr` is the text of a QR code beside the lines, `asleep` a glass that rests, `bright` full contrast."""

    lines: tuple[TextLine, ...]
    qr: str = ""
    asleep: bool = False
    bright: bool = False

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def screen_for(phone: Phone) -> Screen:
    return Screen(tuple(_title(phone) + _body(phone)))


def coins(amount: int) -> str:
    """Base units as kallCoin with two to six decimals: never rounds money away."""
    whole, rest = divmod(amount, COIN)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}"


def _title(phone: Phone) -> list[TextLine]:
    state = "" if phone.line.up else "no line"
    number = grouped(phone.line.number) or "KallPhone"
    return [TextLine(f"{number:<{COLUMNS - len(state)}}{state}", inverse=True)]


def _body(phone: Phone) -> list[TextLine]:
    match phone.mode:
        case Idle():
            return _idle(phone)
        case Ringing(number=number):
            return _peer("Incoming call", number) + _rows("Lift to answer")
        case DialTone():
            return _large("Dial") + _rows(_credit(phone))
        case Dialing(digits=digits):
            return _rows("Dialling") + _large(digits)
        case Resolving(number=number) | Opening(number=number):
            return _peer("Looking up", number)
        case Calling():
            return _calling(phone.mode)
        case Answering(number=number):
            return _peer("Connecting", number)
        case InCall():
            return _in_call(phone, phone.mode)
        case Reminding(number=number):
            return _peer("Call again?", number) + _rows("Lift to call")
        case Quoting():
            return _peer("# to call", phone.mode.number) + _rows(_price(phone.mode.route.price))
        case Over(cause=cause, howling=howling):
            said = ANNOUNCEMENTS[cause]
            return _large(said.headline) + _rows(*("Please hang up" if howling else said.advice).split("\n"))
        case _:
            assert_never(phone.mode)


def _idle(phone: Phone) -> list[TextLine]:
    if not phone.line.up:
        return _rows(*_wrapped(phone.line.words))
    rows = _large("Ready") + _rows(_credit(phone))
    return rows + _rows(f"Missed calls: {phone.missed}") if phone.missed else rows


def _calling(mode: Calling) -> list[TextLine]:
    doing = "Ringing" if mode.alerted else "Calling"
    return _peer(doing, mode.number) + _rows(_price(mode.route.price))


def _in_call(phone: Phone, mode: InCall) -> list[TextLine]:
    elapsed = int(mode.now - mode.since)
    credit = phone.credit_with(mode.provider)
    left = affordable_seconds(credit.available if credit else 0, mode.price, elapsed, mode.periods)
    rows = _rows(grouped(mode.number) or "Unknown") + _large(_clock(elapsed))
    if mode.lost_since is not None:
        return rows + _rows("Reconnecting...")
    if left is None:
        return rows + _rows("Free call")
    return rows + _rows(f"Cost {coins(mode.paid)}", f"Left {_clock(left)}")


def _peer(doing: str, number: str) -> list[TextLine]:
    return _rows(doing) + _large(grouped(number) or "Unknown number")


def _credit(phone: Phone) -> str:
    credit = phone.home_credit
    available = (credit.available if credit else 0) + phone.line.balance
    return f"Credit {coins(available)}"


def _price(per_period: int) -> str:
    return f"{coins(per_period * 60 // PERIOD_S)} a minute" if per_period else "Free call"


def _clock(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _wrapped(words: str) -> list[str]:
    rows: list[str] = [""]
    for word in words.split():
        if rows[-1] and len(rows[-1]) + 1 + len(word) > COLUMNS:
            rows.append("")
        rows[-1] = f"{rows[-1]} {word}".strip()
    return rows


def _rows(*texts: str) -> list[TextLine]:
    return [TextLine(text) for text in texts]


def _large(text: str) -> list[TextLine]:
    return [TextLine(text, Size.LARGE)]
