from __future__ import annotations

import textwrap
import zlib
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from kallphone.hardware.lettering import LARGE_FACES, Face, write
from kallphone.hardware.qr import draw_qr
from kallphone.phone.screens import Align, Screen, Size, TextLine

BAR_PADDING = 1
WIDEST_GAP = 5
LIST_GAP = 3
EMPTY_ROW = 4
MARGIN = 1


def draw(screen: Screen, size: tuple[int, int]) -> Image.Image:
    """The screen as a 1-bit picture: a title bar on top, the rest centred beneath it, lists from its top.

    Nothing overflows: long rows end in an ellipsis, rows beyond the bottom are left out.
    """
    picture = Image.new("1", size)
    if screen.asleep:
        _draw_asleep(picture, screen.lines)
    elif screen.qr and picture.height < picture.width:
        _draw_beside_qr(picture, screen)
    else:
        _draw_awake(picture, screen)
    return picture


@dataclass(frozen=True)
class _Row:
    text: str
    right: str
    face: Face
    inverse: bool
    left_aligned: bool

    @property
    def height(self) -> int:
        return self.face.height if self.text or self.right or self.inverse else EMPTY_ROW


Area = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def _draw_awake(picture: Image.Image, screen: Screen) -> None:
    rows = [_fitted(line, picture.width) for line in screen.lines]
    spare = picture.height - sum(row.height for row in rows)
    top = 0
    if rows and rows[0].inverse:
        title = replace(rows.pop(0), left_aligned=True)
        top = title.height + (2 * BAR_PADDING if spare > 2 * BAR_PADDING else 0)
        _draw_row(picture, title, (0, 0, picture.width, top))
    if screen.qr:
        below = sum(row.height for row in rows)
        top += draw_qr(picture, screen.qr, (0, top, picture.width, picture.height - below))
    _draw_body(picture, rows, (0, top, picture.width, picture.height))


def _draw_beside_qr(picture: Image.Image, screen: Screen) -> None:
    width = draw_qr(picture, screen.qr, (0, 0, picture.height, picture.height))
    left = width + 2 * MARGIN
    columns = Face.TEXT.columns(picture.width - left)
    lines = [
        TextLine(part, Size.NORMAL, line.inverse, Align.LEFT)
        for line in screen.lines
        for part in textwrap.wrap(f"{line.text} {line.right}", columns) or [""]
    ]
    rows = [_fitted(line, picture.width - left) for line in lines]
    _draw_body(picture, rows, (left, 0, picture.width, picture.height))


def _draw_asleep(picture: Image.Image, lines: tuple[TextLine, ...]) -> None:
    """Small, and somewhere else with each change of the text, so that all pixels age alike."""
    texts = [line.text.strip() for line in lines if line.text.strip()]
    width = max((Face.TEXT.width(text) for text in texts), default=0)
    x, y = divmod(zlib.crc32("\n".join(texts).encode()), 1 << 16)
    left = x % max(1, picture.width - width)
    top = y % max(1, picture.height - len(texts) * Face.TEXT.height)
    for row, text in enumerate(texts):
        write(picture, text, Face.TEXT, left, top + row * Face.TEXT.height)


def _fitted(line: TextLine, width: int) -> _Row:
    text, right = line.text.rstrip(), line.right.strip()
    taken = len(right) + 1 if right else 0
    faces = LARGE_FACES if line.size is Size.LARGE else (Face.TEXT,)
    face = next((face for face in faces if len(text) + taken <= face.columns(width)), faces[-1])
    columns = max(1, face.columns(width) - taken)
    if len(text) > columns:
        text = text[: columns - 1].rstrip() + "…"
    return _Row(text, right, face, line.inverse, line.align is Align.LEFT or bool(right))


def _draw_body(picture: Image.Image, rows: list[_Row], area: Area) -> None:
    left, top, right, bottom = area
    rows = _that_fit(rows, bottom - top)
    spare = bottom - top - sum(row.height for row in rows)
    above, gap = _gaps(rows, spare, is_list=left == 0 and bool(rows) and rows[-1].left_aligned)
    y = top + above
    for row in rows:
        _draw_row(picture, row, (left, y, right, y + row.height))
        y += row.height + gap
    if top and rows and rows[0].inverse:
        # The bar and a chosen row beneath it must not run into one.
        ImageDraw.Draw(picture).line((left, top, right - 1, top), fill=0)


def _gaps(rows: list[_Row], spare: int, *, is_list: bool) -> tuple[int, int]:
    """Above the first row, and between rows.

    Rows of lists stand at the same places on every page: little has to be sent, and the glass follows a key.
    """
    gap = min(LIST_GAP if is_list else WIDEST_GAP, spare // (len(rows) + 1))
    return (gap if is_list else (spare - gap * (len(rows) - 1) + 1) // 2), gap


def _that_fit(rows: list[_Row], height: int) -> list[_Row]:
    """Empty rows give way first, then whatever comes last."""
    if sum(row.height for row in rows) > height:
        rows = [row for row in rows if row.text or row.right]
    while sum(row.height for row in rows) > height:
        rows = rows[:-1]
    return rows


def _draw_row(picture: Image.Image, row: _Row, area: Area) -> None:
    left, top, right, bottom = area
    if row.inverse:
        ImageDraw.Draw(picture).rectangle((left, top - row.face.rise, right - 1, bottom - 1), fill=255)
    y = top + (bottom - top - row.height) // 2
    spare = right - left - row.face.width(row.text)
    x = left + (MARGIN if row.left_aligned else (spare + 1) // 2)
    write(picture, row.text, row.face, x, y, lit=not row.inverse)
    if row.right:
        write(picture, row.right, row.face, right - row.face.width(row.right), y, lit=not row.inverse)
