from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Report:
    """What a story measured, and whether everything that it promises held."""

    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        return not self.failures

    def check(self, promise: str, kept: bool) -> None:
        if not kept:
            self.failures.append(promise)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text + "\n")

    @property
    def text(self) -> str:
        return json.dumps(
            {"name": self.name, "held": self.held, **self.facts, "failures": self.failures}, indent=2
        )
