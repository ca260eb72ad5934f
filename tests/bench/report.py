from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kallphone.demo.stage import Say

Figures = dict[str, dict[str, float]]
"""Name with its unit -> what or who -> value."""

Part = Callable[[Path, Say], Awaitable[Figures]]
"""Measures, with a folder of its own for files and logs."""


LIMITS = {
    "key_to_frame_ms.p95": 100.0,
    "offhook_to_tone_ms.p95": 200.0,
    "phone_rss_mb.rss": 90.0,
}
"""Figures that must stay under a value; every other figure is only told."""


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
        rows = list(_named(self.figures))
        width = max((len(name) for name, _ in rows), default=0)
        lines = [f"{name:<{width}}  {value:>12,}{_bound(name)}" for name, value in rows]
        return "\n".join(lines + [f"{part} failed: {words}" for part, words in self.failures.items()])


async def run_parts(parts: Mapping[str, Part], folder: Path, say: Say) -> Report:
    """One part after the other; one that fails is told and does not keep the others from running."""
    report = Report()
    for name, part in parts.items():
        say(f"Measuring {name}")
        own = folder / name
        own.mkdir(parents=True, exist_ok=True)
        try:
            figures = await part(own, say)
            report.figures |= figures
            report.failures |= _beyond(figures)
        except Exception as error:  # whatever it is, the other figures are still wanted
            report.failures[name] = f"{type(error).__name__}: {error}"
            say(f"{name} failed: {error}")
    return report


def _named(figures: Figures) -> Iterator[tuple[str, float]]:
    return ((f"{name}.{what}", value) for name, row in figures.items() for what, value in row.items())


def _beyond(figures: Figures) -> dict[str, str]:
    return {
        name: f"{value:,} is not under {LIMITS[name]:g}"
        for name, value in _named(figures)
        if name in LIMITS and not value < LIMITS[name]
    }


def _bound(name: str) -> str:
    return f"  (under {LIMITS[name]:g})" if name in LIMITS else ""
