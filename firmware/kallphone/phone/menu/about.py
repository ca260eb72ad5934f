"""The phone itself: its number, its line, its PIN."""

from __future__ import annotations

from kallphone.phone.dialplan import grouped
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.lock import lock_now
from kallphone.phone.menu.rows import NONE, ON, link, option, shown
from kallphone.phone.menu.steps import Act, settled
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.menu.wallet import account_code
from kallphone.phone.states import Page, Phone
from kallphone.phone.tones import CADENCES
from kallphone.phone.words import N_

COUNTRIES = {
    "at": N_("Austria"),
    "au": N_("Australia"),
    "be": N_("Belgium"),
    "br": N_("Brazil"),
    "ca": N_("Canada"),
    "ch": N_("Switzerland"),
    "de": N_("Germany"),
    "es": N_("Spain"),
    "fi": N_("Finland"),
    "fr": N_("France"),
    "gb": N_("United Kingdom"),
    "in": N_("India"),
    "it": N_("Italy"),
    "jp": N_("Japan"),
    "mx": N_("Mexico"),
    "nl": N_("Netherlands"),
    "no": N_("Norway"),
    "nz": N_("New Zealand"),
    "pl": N_("Poland"),
    "pt": N_("Portugal"),
    "se": N_("Sweden"),
    "us": N_("United States"),
}


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    settings = phone.settings
    return (
        link(N_("My number"), "card"),
        link(N_("Country"), "country", _country(settings.country)),
        link(N_("Line"), "line", text(N_("up")) if phone.line.up else text(N_("down"))),
        link(N_("PIN"), "pin settings", ON if settings.has_pin else NONE),
        Row(text(N_("Lock now")), lock_now),
        link(N_("Test call"), "test call"),
        link(N_("Account"), "account"),
        link(N_("Device"), "device"),
    )


def _country(code: str) -> Text:
    return text(COUNTRIES[code]) if code in COUNTRIES else own(code.upper())


def _countries(phone: Phone, _page: Page) -> tuple[Row, ...]:
    now_is = phone.settings.country
    return tuple(option(_country(code), _lives_in(code), is_set=code == now_is) for code in sorted(CADENCES))


def _lives_in(country: str) -> Act:
    return lambda phone, _now: settled(phone, country=country)


def _card(phone: Phone, _page: Page) -> str:
    line = phone.line
    return f"KALL:{line.number}/{account_code(line.account)}" if line.number else ""


def _card_lines(phone: Phone, _page: Page) -> tuple[Text, ...]:
    if not phone.line.number:
        return (text(N_("This phone has no number yet: it needs a line first.")),)
    return (own(grouped(phone.line.number)),)


def _line(phone: Phone, _page: Page) -> tuple[Text, ...]:
    if phone.line.up:
        return (text(N_("The line is up. Calls can come and go.")),)
    return (text(N_("No line yet:")), text(phone.line.words))


def _account(phone: Phone, _page: Page) -> tuple[Text, ...]:
    account = phone.line.account
    return (
        text(N_("Number {number}"), number=shown(phone.line.number)),
        text(N_("Account:")),
        own(f"0x{account.hex()}") if account else NONE,
    )


def _test(phone: Phone, _page: Page) -> tuple[Text, ...]:
    if not phone.settings.echo_test:
        return (text(N_("No echo test is set. It is named in the phone's settings file.")),)
    return (text(N_("Lift, speak, and hear yourself.")), shown(phone.settings.echo_test))


PAGES: dict[str, Spec] = {
    "phone": ListPage(says(N_("This phone")), _rows),
    "card": ReadPage(says(N_("My number")), _card_lines, qr=_card),
    "country": ListPage(says(N_("Country")), _countries),
    "line": ReadPage(says(N_("Line")), _line),
    "account": ReadPage(says(N_("Account")), _account),
    "test call": ReadPage(says(N_("Test call")), _test, number=lambda phone, _page: phone.settings.echo_test),
}
