from __future__ import annotations

import unicodedata
from enum import Enum, auto
from functools import lru_cache

from luma.core.legacy.font import LCD_FONT
from PIL import Image

Rows = list[list[bool]]
"""A glyph as lines of pixels, from the top."""

CELL_WIDTH = 6
CELL_HEIGHT = 8


class Face(Enum):
    """Three weights of one pixel font: luma's 5x7 LCD letters, and two enlargements of them."""

    TEXT = auto()
    TALL = auto()
    BROAD = auto()

    @property
    def advance(self) -> int:
        return {Face.TEXT: CELL_WIDTH, Face.TALL: CELL_WIDTH + 1, Face.BROAD: 2 * CELL_WIDTH}[self]

    @property
    def height(self) -> int:
        return CELL_HEIGHT if self is Face.TEXT else 2 * CELL_HEIGHT

    def columns(self, width: int) -> int:
        """Characters that fit; the gap behind the last one may be cut off."""
        return (width + self.advance - 5 * (2 if self is Face.BROAD else 1)) // self.advance


@lru_cache(maxsize=512)
def glyph(char: str, face: Face) -> Image.Image:
    rows = _rows(char)
    if face is Face.TALL:
        rows = _tall(rows)
    elif face is Face.BROAD:
        rows = _broad(rows)
    image = Image.new("1", (len(rows[0]), len(rows)))
    image.putdata([255 * pixel for row in rows for pixel in row])
    return image


def _drawn(*lines: str) -> Rows:
    return [[pixel == "#" for pixel in line.ljust(CELL_WIDTH)] for line in lines]


_BLANK = _drawn(*[""] * CELL_HEIGHT)

# The LCD font squeezes descenders above the baseline, where a p reads as a capital.
_OWN = {
    "g": _drawn("", "", " ####", "#   #", "#   #", " ####", "    #", " ###"),
    "j": _drawn("   #", "", "  ##", "   #", "   #", "   #", "#  #", " ##"),
    "p": _drawn("", "", "####", "#   #", "#   #", "#   #", "####", "#"),
    "q": _drawn("", "", " ####", "#   #", "#   #", "#   #", " ####", "    #"),
    "y": _drawn("", "", "#   #", "#   #", "#   #", " ####", "    #", " ###"),
    "…": _drawn("", "", "", "", "", "", "# # #", ""),
    "ß": _drawn(" ##", "#  #", "#  #", "# ##", "#  #", "#  #", "# ##", ""),
    "ø": _drawn("", "", " ###", "#  ##", "# # #", "##  #", " ###", ""),
    "Ø": _drawn(" ###", "#  ##", "#  ##", "# # #", "##  #", "##  #", " ###", ""),
    "æ": _drawn("", "", "## #", "  # #", " ####", "# #", " ####", ""),
    "Æ": _drawn(" ####", "# #", "# #", "#####", "# #", "# #", "# ###", ""),
    "€": _drawn("  ##", " #  #", "####", " #", "####", " #  #", "  ##", ""),
    "£": _drawn("  ##", " #  #", " #", "####", " #", " #", "#####", ""),
    "°": _drawn(" ##", "#  #", "#  #", " ##", "", "", "", ""),
    "·": _drawn("", "", "", " ##", " ##", "", "", ""),
    "×": _drawn("", "#   #", " # #", "  #", " # #", "#   #", "", ""),
    "¿": _drawn("  #", "", "  #", " #", "#", "#   #", " ###", ""),
    "¡": _drawn("  #", "", "  #", "  #", "  #", "  #", "  #", ""),
    "\ufffd": _drawn("#####", "#   #", "#   #", "#   #", "#   #", "#   #", "#####", ""),
}

_ALIKE = {"–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "}

# Above a small letter two lines are free; a capital is pressed together to make room for one.
_MARKS = {
    "\u0300": (" #", "  #"),
    "\u0301": ("   #", "  #"),
    "\u0302": ("  #", " # #"),
    "\u0303": (" ## #", "#  #"),
    "\u0308": (" # #", ""),
    "\u030a": (" ##", " ##"),
}


def _rows(char: str) -> Rows:
    char = _ALIKE.get(char, char)
    if char in _OWN:
        return _OWN[char]
    if " " <= char <= "~":
        return _from_font(char)
    decomposed = unicodedata.normalize("NFD", char)
    if len(decomposed) > 1 and decomposed[0].isascii() and decomposed[0].isalpha():
        return _accented(decomposed[0], decomposed[1:])
    return _OWN["\ufffd"]


def _from_font(char: str) -> Rows:
    columns = LCD_FONT[ord(char)][:CELL_WIDTH]
    return [[bool(column >> line & 1) for column in columns] for line in range(CELL_HEIGHT)]


def _accented(base: str, marks: str) -> Rows:
    rows = [list(row) for row in _rows(base)]
    has_room = base == "i" or not any(rows[0] + rows[1])
    if not has_room:
        rows = [*rows[:2], rows[0], *rows[2:7]]
    rows[:2] = [list(row) for row in _BLANK[:2]]
    for mark in marks:
        if mark == "\u0327":
            rows[7] = _drawn("  #")[0]
        for line, pixels in enumerate(_drawn(*_MARKS.get(mark, ())[: 2 if has_room else 1])):
            rows[line] = [old or new for old, new in zip(rows[line], pixels, strict=True)]
    return rows


def _tall(rows: Rows) -> Rows:
    """Twice as high, with strokes two pixels wide wherever that leaves the gap beside them open."""
    padded = [[False, *row, False, False] for row in rows for _ in range(2)]
    return [
        [row[x] or (row[x - 1] and not row[x + 1]) for x in range(1, CELL_WIDTH + 2)] for row in padded
    ]


def _broad(rows: Rows) -> Rows:
    """Doubled both ways, with the steps of diagonals filled in."""
    large = [[pixel for pixel in row for _ in range(2)] for row in rows for _ in range(2)]
    for y in range(len(rows) - 1):
        for x in range(len(rows[0]) - 1):
            falling = rows[y][x] and rows[y + 1][x + 1]
            rising = rows[y][x + 1] and rows[y + 1][x]
            if falling and not rows[y][x + 1] and not rows[y + 1][x]:
                large[2 * y + 1][2 * x + 2] = large[2 * y + 2][2 * x + 1] = True
            elif rising and not rows[y][x] and not rows[y + 1][x + 1]:
                large[2 * y + 1][2 * x + 1] = large[2 * y + 2][2 * x + 2] = True
    return large
