from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from kallphone.bench.held import HeldPhone

PHONE_WIDTH = 38
PHONE_HEIGHT = 11
OLED_COLUMNS = 21
OLED_ROWS = 6

BOLD = "\x1b[1m"
DIM = "\x1b[2m"
REVERSE = "\x1b[7m"
YELLOW = "\x1b[33m"
GREEN = "\x1b[32m"
RED = "\x1b[31m"
CYAN = "\x1b[36m"
PLAIN = "\x1b[0m"

KEYPAD = ("1  2  3", "4  5  6", "7  8  9", "*  0  #")
HELP = "Tab switch   h hook   d dial other   q quit   0-9 * # keys"
TONES = {
    "DIAL": "dial tone",
    "RINGBACK": "ringback: it rings there",
    "BUSY": "busy tone",
    "REORDER": "reorder tone",
    "LOW_CREDIT": "low credit beeps",
    "HOWLER": "howler!",
}


@dataclass(frozen=True)
class Cell:
    """A piece of text with one look; styles never count as width."""

    text: str
    style: str = ""

    def __str__(self) -> str:
        return f"{self.style}{self.text}{PLAIN}" if self.style else self.text


Line = tuple[Cell, ...]


def draw_terminal(
    phones: Sequence[HeldPhone], selected: int, happenings: Sequence[str], size: tuple[int, int]
) -> list[str]:
    """At most `size` (columns, rows) of text: the phones, what happened lately, and the keys."""
    columns, rows = size
    if columns < PHONE_WIDTH or rows < PHONE_HEIGHT + 1:
        return [f"Make this window larger: {PHONE_WIDTH} x {PHONE_HEIGHT + 1} at least"[:columns]]
    beside = columns >= PHONE_WIDTH * len(phones) + len(phones) - 1
    faces = [draw_phone(phone, held=index == selected) for index, phone in enumerate(phones)]
    if beside:
        lines = [" ".join(_painted(part) for part in parts) for parts in zip(*faces, strict=True)]
    elif rows > PHONE_HEIGHT * len(phones):
        lines = [_painted(line) for face in faces for line in face]
    else:
        lines = [_painted(line) for line in faces[selected]]
    room = rows - len(lines) - 1
    lines += _happenings(happenings, columns, room)
    return [*lines, _help(columns)]


def draw_phone(phone: HeldPhone, *, held: bool) -> list[Line]:
    frame = BOLD + (YELLOW if phone.ringer else CYAN) if held else DIM
    title = f" {phone.name} " + ("◀ in your hand " if held else "")
    top = Cell("╭─" + title + "─" * (PHONE_WIDTH - 3 - len(title)) + "╮", frame)
    bottom = Cell("╰" + "─" * (PHONE_WIDTH - 2) + "╯", frame)
    side = Cell("│", frame)
    body = [
        (side, *oled, *_padded(beside, PHONE_WIDTH - OLED_COLUMNS - 5), side)
        for oled, beside in zip_longest(_oled(phone), _beside(phone, held=held), fillvalue=())
    ]
    return [(top,), *body[:-1], (side, *_padded(_handset(phone), PHONE_WIDTH - 2), side), (bottom,)]


def _oled(phone: HeldPhone) -> list[Line]:
    """The display in its frame, laid out as on the glass, and a line more for what is said under it."""
    shown = [_oled_row(phone, row) for row in range(len(phone.screen.lines))][: OLED_ROWS]
    title, body = (shown[:1], shown[1:]) if 0 in phone.screen.inverse else ([], shown)
    empty = Cell(" " * OLED_COLUMNS)
    above = (OLED_ROWS - len(shown)) // 2
    rows = [*title, *[empty] * above, *body]
    rows += [empty] * (OLED_ROWS - len(rows))
    edge = "─" * OLED_COLUMNS
    glass = [(Cell(" │"), row, Cell("│")) for row in rows]
    return [(Cell(f" ┌{edge}┐"),), *glass, (Cell(f" └{edge}┘"),), ()]


def _oled_row(phone: HeldPhone, row: int) -> Cell:
    text = phone.screen.lines[row].rstrip()
    if row in phone.screen.inverse:
        return Cell(f"{_clipped(text, OLED_COLUMNS):<{OLED_COLUMNS}}", REVERSE)
    if row in phone.screen.large:
        return Cell(f"{_clipped(_spaced(text), OLED_COLUMNS):^{OLED_COLUMNS}}", BOLD)
    return Cell(f"{_clipped(text, OLED_COLUMNS):^{OLED_COLUMNS}}")


def _beside(phone: HeldPhone, *, held: bool) -> list[Line]:
    lamps = [
        (Cell("  "), Cell("●" if lit else "○", GREEN if lit else DIM), Cell(f" {name}"))
        for name, lit in phone.lamps.items()
    ]
    return [(), *lamps, (), *((Cell(f"  {keys}", "" if held else DIM),) for keys in KEYPAD)]


def _handset(phone: HeldPhone) -> Line:
    if phone.exit_code is not None:
        return (Cell(f" switched off (exit code {phone.exit_code})", RED),)
    if phone.ringer:
        return (Cell(" "), Cell(" RINGING! ", BOLD + REVERSE), Cell(" h lifts the handset"))
    hand = Cell(" ↑ lifted" if phone.off_hook else " ↓ handset down", BOLD if phone.off_hook else "")
    if phone.in_call:
        return (hand, Cell(" · "), Cell("talking", GREEN + BOLD), *_and_tone(phone))
    heard = TONES.get(phone.tone or "", (phone.tone or "silence").lower())
    return (hand, Cell(" · "), Cell(f"♪ {heard}", YELLOW) if phone.tone else Cell(heard, DIM))


def _and_tone(phone: HeldPhone) -> Line:
    return (Cell(f", ♪ {TONES.get(phone.tone, phone.tone)}", YELLOW),) if phone.tone else ()


def _happenings(happenings: Sequence[str], columns: int, room: int) -> list[str]:
    if room <= 0:
        return []
    shown = [f"{DIM} ·{PLAIN} {_clipped(words, columns - 3)}" for words in happenings[-(room - 1):]]
    lines = [str(Cell("─" * columns, DIM)), *(shown if room > 1 else [])]
    return lines + [""] * (room - len(lines))


def _help(columns: int) -> str:
    return str(Cell(f"{_clipped(' ' + HELP, columns):<{columns}}", REVERSE))


def _padded(cells: Line, width: int) -> Line:
    used = sum(len(cell.text) for cell in cells)
    if used <= width:
        return (*cells, Cell(" " * (width - used)))
    return (*cells[:-1], Cell(_clipped(cells[-1].text, len(cells[-1].text) - used + width), cells[-1].style))


def _painted(line: Line) -> str:
    return "".join(map(str, line))


def _spaced(text: str) -> str:
    wide = " ".join(text)
    return wide if len(wide) <= OLED_COLUMNS else text


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[: max(0, width)]
