from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kallphone.demo.stage import Say

Figures = dict[str, dict[str, float]]
"""Name with its unit -> what or who -> value."""

Part = Callable[[Path, Say], Awaitable[Figures]]
"""Measures, with a folder of its own for files and logs."""


class BenchError(Exception):
    """A part could not measure what it should; the words say why."""


@dataclass
class Report:
    figures: Figures = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> str:
        told = {"failures": self.failures} if self.failures else {}
        return json.dumps({**self.figures, **told}, indent=2)

    @property
    def table(self) -> str:
        rows = [(f"{name}.{what}", row[what]) for name, row in self.figures.items() for what in row]
        width = max((len(name) for name, _ in rows), default=0)
        lines = [f"{name:<{width}}  {value:>12,}" for name, value in rows]
        return "\n".join(lines + [f"{part} failed: {words}" for part, words in self.failures.items()])


async def run_parts(parts: Mapping[str, Part], folder: Path, say: Say) -> Report:
    """One part after the other; one that fails is told and does not keep the others from running."""
    report = Report()
    for name, part in parts.items():
        say(f"Measuring {name}")
        own = folder / name
        own.mkdir(parents=True, exist_ok=True)
        try:
            report.figures |= await part(own, say)
        except Exception as error:  # whatever it is, the other figures are still wanted
            report.failures[name] = f"{type(error).__name__}: {error}"
            say(f"{name} failed: {error}")
    return report
