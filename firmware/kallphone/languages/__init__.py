"""The phone's words in each of its languages: gettext catalogs, kept and compiled by `make messages`."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib import resources

from kallphone.phone.words import ENGLISH, LANGUAGES, Words

SOURCE = "en"


@cache
def translation(language: str) -> Words:
    """Says in English what a catalog does not have; raises KeyError for a language without one."""
    if language not in LANGUAGES:
        raise KeyError(language)
    if language == SOURCE:
        return ENGLISH
    compiled = resources.files(__name__) / language / "LC_MESSAGES" / "kallphone.mo"
    with compiled.open("rb") as file:
        catalog = GNUTranslations(file)
    # gettext keeps the catalog's header under the empty text.
    return lambda text: catalog.gettext(text) if text else ""
