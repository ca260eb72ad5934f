"""S-expressions as KiCad writes them: lists of atoms, where a quoted atom is a `Text`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')

ESCAPED = re.compile(r"\\(.)")


class Text(str):
    """An atom that stands in quotes."""

    __slots__ = ()


def parse(source: str) -> list[Any]:
    """The one list in `source`; ValueError where brackets don't match."""
    stack: list[list[Any]] = [[]]
    for match in TOKEN.finditer(source):
        opening, closing, quoted, atom = match.groups()
        if opening:
            stack.append([])
        elif closing:
            done = stack.pop()
            if not stack:
                raise ValueError("a closing bracket too many")
            stack[-1].append(done)
        else:
            stack[-1].append(atom if quoted is None else Text(ESCAPED.sub(_plain, quoted)))
    if len(stack) != 1 or len(stack[0]) != 1:
        raise ValueError("brackets don't match")
    return list(stack[0][0])


def dump(node: Any, depth: int = 0) -> str:
    """As KiCad indents it: a list that holds lists has one on each line."""
    if isinstance(node, Text):
        return '"' + node.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if not isinstance(node, list):
        return f"{node:g}" if isinstance(node, float) else str(node)
    inner = [dump(each, depth + 1) for each in node]
    if not any(isinstance(each, list) for each in node):
        return f"({' '.join(inner)})"
    pad = "\n" + "\t" * (depth + 1)
    parts = [
        (pad if isinstance(each, list) else " ") + words for each, words in zip(node, inner, strict=True)
    ]
    return f"({''.join(parts).strip()}\n" + "\t" * depth + ")"


def children(node: list[Any], name: str) -> Iterator[list[Any]]:
    return (each for each in node if isinstance(each, list) and each and each[0] == name)


def child(node: list[Any], name: str) -> list[Any]:
    """The first list in `node` that begins with `name`; KeyError where there is none."""
    for each in children(node, name):
        return each
    raise KeyError(name)


def _plain(escaped: re.Match[str]) -> str:
    return "\n" if escaped[1] == "n" else escaped[1]
