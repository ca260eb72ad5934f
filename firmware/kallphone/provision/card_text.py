"""The installer's file as people leave it on the card: by any editor, with what goes wrong in words."""

from __future__ import annotations

import codecs
import re
import tomllib
from dataclasses import dataclass
from typing import Any

from kallphone.provision.errors import FileInvalid

LARGEST = 256 * 1024

_PLACE = re.compile(r"at line (\d+), column \d+")
_UNQUOTED = re.compile(r"^\s*([A-Za-z0-9_.-]+)\s*=\s*[^\s\"'\[{#0-9tf]")
_CURLY = re.compile("[\u201c\u201d\u201e\u2018\u2019]")


@dataclass(frozen=True)
class CardText:
    """`bom`: it began with a byte order mark, as some editors want it."""

    text: str
    bom: bool = False

    def encode(self) -> bytes:
        return (codecs.BOM_UTF8 if self.bom else b"") + self.text.encode()


def decoded(name: str, content: bytes) -> CardText:
    """UTF-8, or UTF-16 as Windows' editor calls Unicode. Raises FileInvalid."""
    if len(content) > LARGEST:
        raise FileInvalid(f"{name} is larger than {LARGEST // 1024} KiB: it is no file of settings")
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
                           (codecs.BOM_UTF16_BE, "utf-16-be")):  # fmt: skip
        if content.startswith(mark):
            return CardText(_text(name, content[len(mark) :], encoding), bom=True)
    return CardText(_text(name, content, "utf-8"))


def parsed(name: str, text: str) -> dict[str, Any]:
    """Raises FileInvalid that names the line, and no value: it may be a password."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise FileInvalid(f"{name}: {_advice(text, str(problem))}") from None


def _text(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise FileInvalid(
            f'{name}: line {line} has a letter that is not UTF-8: save the file with the encoding "UTF-8"'
        ) from None


def _advice(text: str, problem: str) -> str:
    lines = text.splitlines() or [""]
    found = _PLACE.search(problem)
    number = min(int(found[1]), len(lines)) if found else len(lines)
    line = lines[number - 1]
    key = line.partition("=")[0].strip() if "=" in line else ""
    about = f"line {number}{f' ({key})' if key and len(key) < 32 else ''}"
    if _CURLY.search(line):
        return f'{about} has curly quotation marks: type straight ones, "like this"'
    if _UNQUOTED.match(line) or line.count('"') == 1 or line.count("'") == 1:
        return f'{about} lacks quotation marks: write {key or "name"} = "text", with one " at each end'
    why = _PLACE.sub("", problem).replace("()", "").strip()
    return f"{about} can't be read: {why}"
