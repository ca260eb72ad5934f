"""The bills of materials as tables for the assembly guide.

python -m hardware.bom.bom      write docs/parts.md
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
DOCUMENT = FOLDER.parents[1] / "docs/parts.md"
BUILDS = ("plain", "desk-phone")
PREFACE = "Prices are rough, for small numbers, with tax. How it goes together: [assembly.md](assembly.md)."


@dataclass(frozen=True)
class Part:
    """`price_eur` is for one; `value` what the HAT's schematic calls it, empty for what is not on the HAT."""

    name: str
    typical: str
    quantity: int
    price_eur: float
    purpose: str
    serves: tuple[str, ...]
    value: str = ""

    @property
    def total_eur(self) -> float:
        return self.price_eur * self.quantity


def load(build: str) -> tuple[str, tuple[Part, ...]]:
    """Title and parts of a build; TypeError where a line lacks something or has something unknown."""
    table = tomllib.loads((FOLDER / f"{build}.toml").read_text(encoding="utf-8"))
    return table["title"], tuple(_part(line) for line in table["part"])


def _part(line: dict[str, Any]) -> Part:
    return Part(**{**line, "serves": tuple(line["serves"])})


def table(parts: tuple[Part, ...]) -> str:
    rows = [
        f"| {part.quantity} | {part.name} | {part.typical} | {part.total_eur:.2f} | {part.purpose} |"
        for part in parts
    ]
    total = sum(part.total_eur for part in parts)
    head = ["| pieces | part | for example | EUR | what for |", "|--:|---|---|--:|---|"]
    return "\n".join([*head, *rows, f"| | **all together** | | **{total:.0f}** | |"])


def document() -> str:
    """docs/parts.md, whole."""
    chapters = ["# Parts", PREFACE]
    for build in BUILDS:
        title, parts = load(build)
        chapters += [f"## {title}", table(tuple(part for part in parts if not part.value))]
        if on_board := tuple(part for part in parts if part.value):
            chapters += ["### On the HAT", table(on_board)]
    return "\n\n".join(chapters) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
