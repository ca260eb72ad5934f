from __future__ import annotations

from collections.abc import Callable

Words = Callable[[str], str]
"""Puts an English text of the phone into the language that its owner reads."""

LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français"}
"""By ISO 639 code, each in its own words."""


def ENGLISH(text: str) -> str:  # noqa: N802 - a constant of the type Words
    return text


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for a text that is translated where it is shown
    return text
