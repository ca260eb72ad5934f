from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops

from kallphone.hardware.glyphs import Face, glyph
from kallphone.phone.screens import Screen, Size, TextLine

BAR_PADDING = 1
WIDEST_GAP = 5
EMPTY_ROW = 4


def draw(screen: Screen, size: tuple[int, int]) -> Image.Image:
    """The screen as a 1-bit picture: a title bar on top, the other rows centred in what is left.

    Nothing overflows: long rows end in an ellipsis, rows beyond the bottom are left out.
    """
    width, height = size
    picture = Image.new("1", size)
    rows = [_fitted(line, width) for line in screen.lines]
    spare = height - sum(row.height for row in rows)
    top = 0
    if rows and rows[0].inverse:
        top = _draw_bar(picture, rows.pop(0), padding=BAR_PADDING if spare > 2 * BAR_PADDING else 0)
    _draw_body(picture, rows, top)
    return picture


@dataclass(frozen=True)
class _Row:
    text: str
    face: Face
    inverse: bool

    @property
    def height(self) -> int:
        return self.face.height if self.text or self.inverse else EMPTY_ROW

    @property
    def width(self) -> int:
        return len(self.text) * self.face.advance


def _fitted(line: TextLine, width: int) -> _Row:
    text = line.text.rstrip()
    faces = (Face.BROAD, Face.TALL) if line.size is Size.LARGE else (Face.TEXT,)
    face = next((face for face in faces if len(text) <= face.columns(width)), faces[-1])
    columns = face.columns(width)
    return _Row(text if len(text) <= columns else text[: columns - 1].rstrip() + "…", face, line.inverse)


def _draw_bar(picture: Image.Image, row: _Row, padding: int) -> int:
    bar = row.height + 2 * padding
    _draw_row(picture, row, left=1, top=0, height=bar)
    return bar


def _draw_body(picture: Image.Image, rows: list[_Row], top: int) -> None:
    rows = _that_fit(rows, picture.height - top)
    spare = picture.height - top - sum(row.height for row in rows)
    gap = min(WIDEST_GAP, spare // (len(rows) + 1))
    y = top + (spare - gap * (len(rows) - 1)) // 2
    for row in rows:
        _draw_row(picture, row, left=(picture.width - row.width + 1) // 2, top=y, height=row.height)
        y += row.height + gap


def _that_fit(rows: list[_Row], height: int) -> list[_Row]:
    """Empty rows give way first, then whatever comes last."""
    if sum(row.height for row in rows) > height:
        rows = [row for row in rows if row.text]
    while sum(row.height for row in rows) > height:
        rows = rows[:-1]
    return rows


def _draw_row(picture: Image.Image, row: _Row, *, left: int, top: int, height: int) -> None:
    strip = Image.new("1", (picture.width, height))
    for index, char in enumerate(row.text):
        place = (left + index * row.face.advance, (height - row.height) // 2)
        strip.paste(glyph(char, row.face), place)
    picture.paste(ImageChops.invert(strip) if row.inverse else strip, (0, top))
