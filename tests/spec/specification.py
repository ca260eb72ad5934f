"""What the specification's text says, taken from its tables and blocks."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "docs" / "spec" / "network-api-1.md"

_BLOCK = re.compile(r"^```vector (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSTANT = re.compile(r"^\| ([A-Z][A-Z_]+) \| (\d+) \|([^|]*)\|", re.MULTILINE)
_DOOR = re.compile(r"^### (GET|POST|DELETE) (/\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Vector:
    kind: str
    fields: dict[str, str]


@cache
def text() -> str:
    return PATH.read_text(encoding="utf-8")


def vectors() -> list[Vector]:
    return [Vector(match[1], _fields(match[2])) for match in _BLOCK.finditer(text())]


def constants() -> dict[str, tuple[int, str]]:
    """Value and unit by name."""
    return {name: (int(value), unit.strip()) for name, value, unit in _CONSTANT.findall(text())}


def doors() -> set[str]:
    return {f"{method} {path}" for method, path in _DOOR.findall(text())}


def damm_rows() -> list[list[int]]:
    rows = re.findall(r"^\| \*\*\d\*\* \|((?: \d \|){10})$", text(), re.MULTILINE)
    return [[int(digit) for digit in re.findall(r"\d", row)] for row in rows]


def _fields(block: str) -> dict[str, str]:
    lines = [line.split(" = ", 1) for line in block.splitlines()]
    fields = dict(lines)
    assert len(fields) == len(lines), f"a name stands twice in {block[:80]!r}"
    return fields
