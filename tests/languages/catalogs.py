from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

import kallphone
from kallphone.phone.causes import ANNOUNCEMENTS
from kallphone.phone.words import LANGUAGES

SOURCES = Path(kallphone.__file__).parent
TRANSLATED = sorted(set(LANGUAGES) - {"en"})
MARKS = {"_", "N_", "words"}


def file_of(language: str, suffix: str) -> Path:
    return SOURCES / "languages" / language / "LC_MESSAGES" / f"kallphone{suffix}"


@cache
def marked() -> frozenset[str]:
    """Every English text that the sources mark for translation."""
    found = extract_from_dir(SOURCES, keywords={**DEFAULT_KEYWORDS, "words": None})
    return frozenset(text for _, _, text, _, _ in found if isinstance(text, str))


def catalog(language: str) -> Catalog:
    with file_of(language, ".po").open("rb") as file:
        return read_po(file, locale=language)


def texts(language: str) -> dict[str, str]:
    """What can be used of a catalog: fuzzy and empty entries left out."""
    return {str(m.id): str(m.string) for m in catalog(language) if m.id and m.string and not m.fuzzy}


@cache
def drawn_large() -> frozenset[str]:
    """Headlines, and every text that the sources give to `large(words(...))`."""
    large = (call for file in SOURCES.rglob("*.py") for call in calls(file.read_text(), {"large"}))
    inside = (mark for call in large for mark in calls(ast.unparse(call), MARKS))
    texts = {mark.args[0].value for mark in inside if isinstance(mark.args[0], ast.Constant)}
    return frozenset({*texts, *(said.headline for said in ANNOUNCEMENTS.values())})


def calls(source: str, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node
