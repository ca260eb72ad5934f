"""This phone's own pin table: that of the card, or the one that came along, with another display."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kallphone.hardware.errors import PinsInvalid
from kallphone.hardware.pins import default_path, load_pins
from kallphone.provision.card_text import decoded, parsed
from kallphone.provision.errors import FileInvalid
from kallphone.provision.toml_text import written

NAME = "pins.toml"


def pin_table(of_card: bytes | None, display: Mapping[str, Any]) -> bytes | None:
    """None where neither is said. Raises FileInvalid for wiring that can't be."""
    if of_card is None and not display:
        return None
    content = default_path().read_bytes() if of_card is None else of_card
    table = parsed(NAME, decoded(NAME, content).text)
    if display:
        known = table.get("display")
        table["display"] = {**(known if isinstance(known, dict) else {}), **display}
    text = written(table)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / NAME
        file.write_text(text, encoding="utf-8")
        try:
            load_pins(file)
        except PinsInvalid as fault:
            said = str(fault).replace(str(file), NAME)
            raise FileInvalid(said) from None
    return text.encode()
