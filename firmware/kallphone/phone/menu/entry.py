"""Entries: digits or letters are typed, * takes the last one back, # is done."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.dialplan import grouped
from kallphone.phone.menu import glance, letters
from kallphone.phone.menu.kinds import EntryPage, Kind
from kallphone.phone.menu.letters import Begins
from kallphone.phone.menu.prediction import completion
from kallphone.phone.menu.steps import Change, back, on_top
from kallphone.phone.menu.text import cut
from kallphone.phone.screens import COLUMNS, Align, Screen, Size, TextLine, wrapped
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_, Words

DONE_AFTER_S = 1.0
"""Where letters are typed, # is done only when it can't become a long one any more."""

TYPED_ROWS = 4
_BEGINS = {Kind.NAME: Begins.WORDS, Kind.EXACT: Begins.NOTHING}
HINT = N_("# done   * delete")


def pressed(spec: EntryPage, phone: Phone, page: Page, key: str, now: float) -> Change:
    begins = _BEGINS.get(spec.kind, Begins.SENTENCES)
    match key:
        case "D":
            return done(spec, phone, now)
        case "#" if spec.kind.capitals and page.keys != "#":
            return on_top(phone, **_typing(replace(letters.rested(page, begins=begins), keys="#"))), ()
        case "#":
            return done(spec, phone, now)
        case "*" | "C" if not page.text:
            return back(phone, now)
        case "*" | "C":
            return on_top(phone, **_typing(letters.erased(page, begins=begins))), ()
        case "A" | "B":
            return phone, ()
        case _ if spec.kind.letters:
            page = letters.tapped(page, key, phone.settings.language, spec.longest, now, begins=begins)
            return on_top(phone, **_typing(page)), ()
        case _:
            return on_top(phone, text=(page.text + key)[: spec.longest]), ()


def held(spec: EntryPage, phone: Phone, page: Page, key: str) -> Phone:
    if not spec.kind.letters:
        return phone
    if key == "#" and page.keys == "#":
        return on_top(phone, **_typing(letters.shifted(page)))
    if not key.isdigit():
        return phone
    if key == "0" and page.keys == "0" and _offered(spec, phone, page):
        return on_top(phone, text=_completed(phone, page, spec.longest), keys="")
    begins = _BEGINS.get(spec.kind, Begins.SENTENCES)
    page = letters.digit_held(page, key, phone.settings.language, spec.longest, begins=begins)
    return on_top(phone, **_typing(page))


def done(spec: EntryPage, phone: Phone, now: float) -> Change:
    return spec.done(on_top(phone, keys="", error=""), now)


def wakeup(page: Page) -> float | None:
    if page.keys == "#":
        return page.since + DONE_AFTER_S
    return page.since + letters.SETTLES_S if page.keys else None


def due(spec: EntryPage, phone: Phone, page: Page, now: float) -> Change:
    at = wakeup(page)
    if at is None or now < at:
        return phone, ()
    if page.keys == "#":
        return done(spec, phone, now)
    return on_top(phone, **_typing(letters.rested(page, begins=_BEGINS.get(spec.kind, Begins.SENTENCES)))), ()


def screen(spec: EntryPage, phone: Phone, page: Page, words: Words) -> Screen:
    asked = [row for each in spec.prompt(phone, page) for row in wrapped(each.put(words), COLUMNS)]
    right = letters.SHIFTS[page.shift] if spec.kind.capitals else ""
    if spec.kind is Kind.TEXT:
        right = f"{len(page.text)} {right}"
    lines = [glance.title(spec.title(phone, page).put(words), right)]
    lines += [TextLine(row) for row in asked[:2]]
    lines += _typed_rows(spec, phone, page)
    lines.append(TextLine(cut(_beneath(phone, page, words), COLUMNS)))
    rest = _offered(spec, phone, page)
    if rest:
        offer = words(N_("Hold 0: {word}")).format(word=_last_word(page) + rest)
        lines.append(TextLine(cut(offer, COLUMNS)))
    return Screen(tuple(lines), bright=phone.settings.bright)


def _offered(spec: EntryPage, phone: Phone, page: Page) -> str:
    """What would complete the word; a space that is still open may become a long 0."""
    if spec.kind is not Kind.TEXT:
        return ""
    return completion(phone, _before_open_space(page))


def _completed(phone: Phone, page: Page, longest: int) -> str:
    text = _before_open_space(page)
    return f"{text}{completion(phone, text)} "[:longest]


def _before_open_space(page: Page) -> str:
    return page.text[:-1] if page.keys == "0" else page.text


def _last_word(page: Page) -> str:
    return _before_open_space(page).rpartition(" ")[2]


def _beneath(phone: Phone, page: Page, words: Words) -> str:
    open_letters = letters.candidates(page, phone.settings.language)
    return open_letters or words(page.error or HINT)


def _typed_rows(spec: EntryPage, phone: Phone, page: Page) -> list[TextLine]:
    match spec.kind:
        case Kind.PIN:
            return [TextLine("*" * len(page.text) + "_", Size.LARGE)]
        case Kind.AMOUNT:
            return [TextLine(f"{int(page.text or 0) / 100:.2f}", Size.LARGE)]
        case Kind.NUMBER:
            name = phone.name_of(page.text)
            named = [TextLine(cut(name, COLUMNS))] if name else []
            return [TextLine(grouped(page.text) + ("" if name else "_"), Size.LARGE), *named]
        case _:
            return _letters_typed(phone, page)


def _letters_typed(phone: Phone, page: Page) -> list[TextLine]:
    """The end of the text, with the caret behind it."""
    columns = glance.columns(phone)
    rows = _broken(page.text + "_", columns)
    shown = TYPED_ROWS // 2 if phone.settings.large_text else TYPED_ROWS
    return [TextLine(row, glance.size(phone), align=Align.LEFT) for row in rows[-shown:]]


def _broken(typed: str, columns: int) -> list[str]:
    """Rows as they are typed: no space is lost, and a word moves down whole where it can."""
    rows = [""]
    for word in typed.split(" "):
        part = word if rows == [""] else f" {word}"
        if len(rows[-1]) + len(part) <= columns:
            rows[-1] += part
            continue
        part = word
        while len(part) > columns:
            rows.append(part[:columns])
            part = part[columns:]
        rows.append(part)
    return [row for row in rows if row] or [""]


def _typing(page: Page) -> dict[str, str | int]:
    return {"text": page.text, "keys": page.keys, "shift": page.shift, "error": ""}
