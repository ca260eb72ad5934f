"""Draws the HAT's schematic from the pin table, with the symbols of an installed KiCad.

python -m hardware.hat.draw /usr/share/kicad/symbols
"""

from __future__ import annotations

import sys
from pathlib import Path

from hardware.hat import blocks
from hardware.hat.sheet import PROJECT, Sheet
from hardware.hat.sound import sound
from hardware.hat.symbols import Libraries

from kallphone.hardware.pins import Pins, load_pins

SCHEMATIC = Path(__file__).parent / f"{PROJECT}.kicad_sch"

TITLE = {
    "title": "KallPhone HAT",
    "date": "",
    "rev": "1",
    "company": "KallPhone, MIT licence",
    "comment1": "Handset, keypad, hook, display, lamps and ringer of a desk phone",
    "comment2": "Drawn from hardware/pins.toml by hardware/hat/draw.py",
}


def draw(pins: Pins, symbols: Path) -> str:
    """The `.kicad_sch`, the same for the same pin table and symbols."""
    sheet = Sheet(Libraries(symbols), TITLE)
    drawing = blocks.Drawing(sheet)
    blocks.header(drawing, pins)
    blocks.power(drawing)
    blocks.identity(drawing)
    blocks.keypad(drawing, pins)
    blocks.hook(drawing)
    blocks.display(drawing)
    blocks.other_system(drawing)
    blocks.ringer(drawing)
    blocks.lamps(drawing)
    sound(drawing)
    return sheet.dump()


if __name__ == "__main__":
    SCHEMATIC.write_text(draw(load_pins(), Path(sys.argv[1])), encoding="utf-8")
