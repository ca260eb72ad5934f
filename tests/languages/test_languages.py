from __future__ import annotations

import ast
from string import Formatter

import pytest
from babel.messages.mofile import read_mo

from kallphone.languages import translation
from kallphone.phone.causes import ANNOUNCEMENTS
from kallphone.phone.screens import COLUMNS
from kallphone.phone.words import ENGLISH, LANGUAGES
from tests.languages.catalogs import (
    MARKS,
    SOURCES,
    TRANSLATED,
    calls,
    catalog,
    drawn_large,
    file_of,
    marked,
    texts,
)

LARGE_COLUMNS = 18
# How long what stands for a placeholder gets; names are cut to what is left of the row.
LONGEST = {"coins": "1.234567", "count": "12", "name": "", "number": "234 567 8900", "time": "1:02:03"}
RUN = "run `make messages`, then translate what is empty in {}"


def placeholders(text: str) -> list[str]:
    return sorted(field for _, field, _, _ in Formatter().parse(text) if field is not None)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_marked_text_is_translated(language: str) -> None:
    assert set() == marked() - set(texts(language)), RUN.format(file_of(language, ".po"))


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalog_has_only_what_is_marked(language: str) -> None:
    assert set() == {str(m.id) for m in catalog(language) if m.id} - marked(), "run `make messages`"


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_was_translated(language: str) -> None:
    with file_of(language, ".mo").open("rb") as file:
        compiled = {str(m.id): str(m.string) for m in read_mo(file) if m.id}
    assert compiled == texts(language), "run `make messages`"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_placeholder_is_lost(language: str) -> None:
    for english, translated in texts(language).items():
        assert placeholders(translated) == placeholders(english), english


def rows_of(text: str) -> list[str]:
    return text.format_map({field: LONGEST.get(field, "?" * 8) for field in placeholders(text)}).split("\n")


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_fits_its_rows_in_english_fits_them_in_every_language(language: str) -> None:
    for english, translated in texts(language).items():
        if max(map(len, rows_of(english))) <= COLUMNS:
            assert all(len(row) <= COLUMNS for row in rows_of(translated)), translated
            assert len(rows_of(translated)) <= len(rows_of(english)), translated


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_drawn_large_fits(language: str) -> None:
    words = translation(language)
    for text in map(words, drawn_large()):
        assert len(text) <= LARGE_COLUMNS, text
        assert "\n" not in text


def test_announcements_are_spoken_in_each_language() -> None:
    said = {translation(language)("Wrong number") for language in LANGUAGES}
    assert said == {"Wrong number", "Falsche Nummer", "Número erróneo", "Mauvais numéro"}


def test_every_announcement_is_marked() -> None:
    for said in ANNOUNCEMENTS.values():
        assert {said.headline, said.advice} <= marked()


def test_english_needs_no_catalog() -> None:
    assert translation("en") is ENGLISH


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_a_catalog_lacks_is_said_in_english(language: str) -> None:
    assert translation(language)("234 567 8900") == "234 567 8900"
    assert translation(language)("") == ""


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        translation("tlh")


def test_no_mark_hides_a_text_from_the_collector() -> None:
    """Neither an f-string nor a sum of strings is in a catalog: write words("... {n}").format(n=n)."""
    for file in SOURCES.rglob("*.py"):
        for call in calls(file.read_text(), MARKS):
            for argument in call.args:
                hidden = isinstance(argument, ast.JoinedStr | ast.BinOp)
                assert not hidden, f"{file.relative_to(SOURCES)}:{call.lineno}: {ast.unparse(call)}"
