from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).with_name("fonts")

# What the fonts lack, and what they have instead.
_ALIKE = str.maketrans({"✓": "√", "ẞ": "ß", "\u00a0": " ", "\u00ad": None, "\u202f": " "})


@dataclass(frozen=True)
class _Cut:
    """`rise`: lines at the top of a cell that only accents of capitals use; they reach into the row above."""

    file: str
    size: int
    advance: int
    rise: int


class Face(Enum):
    """The sizes of one fixed-width pixel font."""

    TEXT = _Cut("6x10", 10, 6, 1)
    BROAD = _Cut("10x20", 20, 10, 3)
    MEDIUM = _Cut("9x18B", 18, 9, 2)
    SLIM = _Cut("8x13B", 13, 8, 0)
    NARROW = _Cut("7x14B", 14, 7, 0)

    @property
    def advance(self) -> int:
        return self.value.advance

    @property
    def height(self) -> int:
        return self.value.size - self.value.rise

    @property
    def rise(self) -> int:
        return self.value.rise

    def columns(self, width: int) -> int:
        """Characters that fit; the gap behind the last one may be cut off."""
        return (width + 1) // self.advance

    def width(self, text: str) -> int:
        return len(_drawable(text)) * self.advance


LARGE_FACES = (Face.BROAD, Face.MEDIUM, Face.SLIM, Face.NARROW)
"""From 12 to 18 characters across 128 pixels."""


def write(picture: Image.Image, text: str, face: Face, left: int, top: int, *, lit: bool = True) -> None:
    pen = ImageDraw.Draw(picture)
    pen.fontmode = "1"
    pen.text((left, top - face.rise), _drawable(text), font=_font(face), fill=255 * lit)


def has_glyph(char: str, face: Face) -> bool:
    return _mask(char, face) != _mask("\uffff", face)


def _drawable(text: str) -> str:
    return text.translate(_ALIKE)


def _mask(char: str, face: Face) -> bytes:
    picture = Image.new("1", (face.advance, face.value.size))
    write(picture, char, face, 0, face.rise)
    return picture.tobytes()


@lru_cache(maxsize=len(Face))
def _font(face: Face) -> ImageFont.FreeTypeFont:
    file = FONTS / f"{face.value.file}.pcf.gz"
    return ImageFont.truetype(file, face.value.size, layout_engine=ImageFont.Layout.BASIC)
