"""Texts to read: 0 turns on, # does what the page is for."""

from __future__ import annotations

from kallphone.phone.menu import glance
from kallphone.phone.menu.kinds import ReadPage
from kallphone.phone.menu.steps import Change, back, on_top
from kallphone.phone.screens import COLUMNS, Align, Screen, TextLine, wrapped
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import Words


def pressed(spec: ReadPage, phone: Phone, page: Page, key: str, now: float) -> Change:
    if key in spec.keys:
        return spec.keys[key](phone, now)
    match key:
        case "*" | "C":
            return back(phone, now)
        case "#" | "D":
            return spec.ok(phone, now)
        case "0" | "B":
            return on_top(phone, cursor=page.cursor + 1), ()
        case "A":
            return on_top(phone, cursor=page.cursor - 1), ()
        case _:
            return phone, ()


def screen(spec: ReadPage, phone: Phone, page: Page, words: Words) -> Screen:
    code = spec.qr(phone, page)
    if code:
        return _with_code(spec, phone, page, words, code)
    said = [words(page.error)] if page.error else []
    said += [each.put(words) for each in spec.lines(phone, page)]
    rows = [row for each in said for row in wrapped(each, glance.columns(phone))]
    step = glance.rows_beneath(phone, 0)
    views = max(1, -(-len(rows) // step))
    place = page.cursor % views
    start = min(place * step, max(0, len(rows) - step))
    title = _title(spec, phone, page, words, glance.counted(place, views))
    lines = [TextLine(row, glance.size(phone), align=Align.LEFT) for row in rows[start:]]
    return Screen((title, *lines[: glance.MOST_ROWS - 1]), bright=phone.settings.bright)


def _title(spec: ReadPage, phone: Phone, page: Page, words: Words, counter: str) -> TextLine:
    """What # does comes before how far the reader is."""
    title, hint = spec.title(phone, page).put(words), words(spec.hint) if spec.hint else ""
    both = f"{hint} {counter}".strip()
    fits = len(title) + 1 + len(both) <= COLUMNS
    return glance.title(title, both if fits else hint or counter)


def _with_code(spec: ReadPage, phone: Phone, page: Page, words: Words, code: str) -> Screen:
    said = [spec.title(phone, page).put(words)] + [each.put(words) for each in spec.lines(phone, page)]
    rows = [TextLine(row) for each in said if each for row in wrapped(each)]
    return Screen(tuple(rows[: glance.ROWS]), qr=code, bright=True)
