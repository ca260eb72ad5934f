from __future__ import annotations

import textwrap
from dataclasses import dataclass
from enum import Enum, auto


class Size(Enum):
    NORMAL = auto()
    LARGE = auto()


class Align(Enum):
    CENTER = auto()
    LEFT = auto()


COLUMNS = 21
"""Characters of normal size across 128 pixels."""


@dataclass(frozen=True)
class TextLine:
    """One row; LARGE is twice as high and holds at most 18 characters, 12 of them in the widest face.

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
        return "\n".join(f"{line.text} {line.right}".rstrip() for line in self.lines)


def rows(*texts: str) -> list[TextLine]:
    return [TextLine(text) for text in texts if text]


def large(text: str) -> list[TextLine]:
    return [TextLine(text, Size.LARGE)]


def wrapped(words: str, columns: int = COLUMNS) -> list[str]:
    """Broken at spaces, and within a word that is longer than a row; a line break in the text stays one."""
    return [row for line in words.split("\n") for row in textwrap.wrap(line, columns) or [""]]
