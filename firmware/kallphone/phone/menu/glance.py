"""How many rows a page shows at once.

A small glass has room for a title and six rows. What comes behind them is given all the same: a large glass
shows it, a small one leaves it out until the page is turned.
"""

from __future__ import annotations

from kallphone.phone.menu.text import beside
from kallphone.phone.screens import COLUMNS, Size, TextLine
from kallphone.phone.states import Phone

ROWS = 6
MOST_ROWS = 14
LARGE_COLUMNS = 18


def size(phone: Phone) -> Size:
    return Size.LARGE if phone.settings.large_text else Size.NORMAL


def columns(phone: Phone) -> int:
    return LARGE_COLUMNS if phone.settings.large_text else COLUMNS


def rows_beneath(phone: Phone, head: int) -> int:
    """Rows that a small glass has left beneath so many of normal size."""
    left = max(1, ROWS - head)
    return max(1, left // 2) if phone.settings.large_text else left


def title(words: str, right: str = "") -> TextLine:
    left, right = beside(words, right, COLUMNS)
    return TextLine(left, inverse=True, right=right)


def counted(place: int, views: int) -> str:
    return f"{place + 1}/{views}" if views > 1 else ""
