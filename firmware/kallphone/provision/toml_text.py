"""TOML of tables, texts, numbers, flags and lists of them: the standard library only reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def written(document: Mapping[str, Any]) -> str:
    """Values first, then a table for each mapping, and [[one]] for each in a list of mappings."""
    return "\n".join(_table(document, ())).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [f"{_key(name)} = {_value(value)}" for name, value in table.items() if not _nested(value)]
    for name, value in table.items():
        inner = (*path, name)
        title = ".".join(map(_key, inner))
        if isinstance(value, Mapping):
            lines += ["", f"[{title}]", *_table(value, inner)]
        elif _nested(value):
            for one in value:
                lines += ["", f"[[{title}]]", *_table(one, inner)]
    return lines


def _nested(value: Any) -> bool:
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return _text(value)
    raise TypeError(f"TOML of this kind has no {type(value).__name__}")


def _text(value: str) -> str:
    """JSON's escapes are TOML's, but for the one control character that JSON lets stand."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
