"""Lists: a digit chooses a row, 0 turns to the next rows, # takes the chosen one."""

from __future__ import annotations

from kallphone.phone.menu import glance
from kallphone.phone.menu.kinds import ListPage, Row
from kallphone.phone.menu.steps import Change, back, on_top
from kallphone.phone.menu.text import beside, cut
from kallphone.phone.screens import COLUMNS, Align, Screen, TextLine, wrapped
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import Words

NUMBERED = 9
"""Rows that have a digit of their own at a time."""


def chosen(spec: ListPage, phone: Phone, page: Page) -> Row | None:
    rows = spec.rows(phone, page)
    return rows[_cursor(page, rows)] if rows else None


def pressed(spec: ListPage, phone: Phone, page: Page, key: str, now: float) -> Change:
    rows = spec.rows(phone, page)
    match key:
        case "*" | "C" if spec.search and page.text:
            return on_top(phone, text=page.text[:-1], cursor=0), ()
        case "*" | "C":
            return back(phone, now)
        case "#" | "D":
            row = chosen(spec, phone, page)
            return row.act(phone, now) if row else (phone, ())
        case "A" | "B":
            return _moved(phone, rows, _cursor(page, rows) + (1 if key == "B" else -1)), ()
        case "0" if spec.search:
            return _moved(phone, rows, _cursor(page, rows) + 1), ()
        case "0":
            return _moved(phone, rows, _next_view(phone, spec, page, rows)), ()
        case _ if spec.search:
            return on_top(phone, text=(page.text + key)[-10:], cursor=0), ()
        case _:
            return _numbered(phone, rows, _cursor(page, rows), int(key), now)


def screen(spec: ListPage, phone: Phone, page: Page, words: Words) -> Screen:
    rows = spec.rows(phone, page)
    head = _head(spec, phone, page, words)
    cursor = _cursor(page, rows)
    views = _views(phone, len(head), len(rows))
    place = sum(1 for start in views if start <= cursor) - 1
    right = page.text if spec.search else glance.counted(place, len(views))
    lines = [glance.title(spec.title(phone, page).put(words), right), *head]
    if not rows:
        lines += [TextLine(row) for row in wrapped(words(spec.empty), glance.columns(phone))]
    for index in _shown(views, place, len(rows), glance.rows_beneath(phone, len(head))):
        prefix = "" if spec.search else f"{index % NUMBERED + 1} "
        lines.append(_line(phone, prefix, rows[index], words, inverse=index == cursor))
    return Screen(tuple(lines[: glance.MOST_ROWS]), bright=phone.settings.bright)


def _head(spec: ListPage, phone: Phone, page: Page, words: Words) -> list[TextLine]:
    said = [words(page.error)] if page.error else []
    said += [each.put(words) for each in spec.head(phone, page)]
    return [TextLine(cut(each, COLUMNS)) for each in said]


def _line(phone: Phone, prefix: str, row: Row, words: Words, *, inverse: bool) -> TextLine:
    columns = glance.columns(phone)
    label, value = beside(prefix + row.label.put(words), row.value.put(words), columns)
    return TextLine(label, glance.size(phone), inverse, Align.LEFT, value)


def _cursor(page: Page, rows: tuple[Row, ...]) -> int:
    return min(page.cursor, max(0, len(rows) - 1))


def _moved(phone: Phone, rows: tuple[Row, ...], to: int) -> Phone:
    return on_top(phone, cursor=to % len(rows)) if rows else phone


def _numbered(phone: Phone, rows: tuple[Row, ...], cursor: int, digit: int, now: float) -> Change:
    index = cursor // NUMBERED * NUMBERED + digit - 1
    if index >= len(rows):
        return phone, ()
    return rows[index].act(on_top(phone, cursor=index), now)


def _views(phone: Phone, head: int, rows: int) -> list[int]:
    """Where the views of a small glass start; none reaches from one set of digits into the next."""
    step = glance.rows_beneath(phone, head)
    blocks = range(0, rows, NUMBERED)
    return [start for block in blocks for start in range(block, min(block + NUMBERED, rows), step)]


def _next_view(phone: Phone, spec: ListPage, page: Page, rows: tuple[Row, ...]) -> int:
    views = _views(phone, len(spec.head(phone, page)), len(rows))
    return next((start for start in views if start > _cursor(page, rows)), 0)


def _shown(views: list[int], place: int, rows: int, step: int) -> range:
    """A view that has fewer rows than there is room for begins earlier."""
    if not rows:
        return range(0)
    block = views[place] // NUMBERED * NUMBERED
    end = min(block + NUMBERED, rows)
    return range(min(views[place], max(block, end - step)), end)
