"""Language and country; what is told where there is no network to be a phone of."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from kallphone.phone.menu.about import COUNTRIES
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.rows import THIS_ONE
from kallphone.phone.menu.steps import Act, back, stay
from kallphone.phone.menu.text import NOTHING, Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import LANGUAGES, N_
from kallphone.setup.states import setup_of
from kallphone.setup.steps import CARD, NO_NETWORK, gives

_CHOSEN_BY = {"en": "gb", "de": "de", "es": "es", "fr": "fr"}
"""The country that is marked first for a language."""


def speaks(phone: Phone, language: str) -> Phone:
    country = _CHOSEN_BY.get(language, phone.settings.country)
    if "country" in setup_of(phone).done or "country" not in setup_of(phone).steps:
        country = phone.settings.country
    return replace(phone, settings=replace(phone.settings, language=language, country=country))


def lives_in(phone: Phone, country: str) -> Phone:
    return replace(phone, settings=replace(phone.settings, country=country))


def _languages(phone: Phone, _page: Page) -> tuple[Row, ...]:
    now_is = phone.settings.language

    def speak(code: str) -> Act:
        return gives(partial(speaks, language=code))

    return tuple(
        Row(own(name), speak(code), _mark(is_set=code == now_is)) for code, name in LANGUAGES.items()
    )


def _countries(phone: Phone, _page: Page) -> tuple[Row, ...]:
    """The one that is set first: # is enough for most."""
    now_is = phone.settings.country
    codes = sorted(COUNTRIES, key=lambda code: (code != now_is, code))

    def live(code: str) -> Act:
        return gives(partial(lives_in, country=code))

    return tuple(Row(text(COUNTRIES[code]), live(code), _mark(is_set=code == now_is)) for code in codes)


def _mark(*, is_set: bool) -> Text:
    return THIS_ONE if is_set else NOTHING


def _wrong_on_card(phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (text(N_("The installer's file on the card is left out:")), *map(own, setup_of(phone).card))


def _made_for_none(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (
        text(N_("This card names no network to call in.")),
        text(N_("Switch off, put kallphone.toml on its first partition with a PC, and start again.")),
    )


PAGES: dict[str, Spec] = {
    "language": ListPage(says(N_("Language")), _languages),
    "country": ListPage(says(N_("Country")), _countries),
    CARD: ReadPage(says(N_("Card")), _wrong_on_card, back, N_("# go on")),
    NO_NETWORK: ReadPage(says(N_("No network")), _made_for_none, stay),
}
