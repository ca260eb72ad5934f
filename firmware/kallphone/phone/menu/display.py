"""Language, what helps to see and hear, and how the keys work."""

from __future__ import annotations

from kallphone.phone.menu.fields import number_page
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, owner, says
from kallphone.phone.menu.rows import brief, link, option, seconds, setting
from kallphone.phone.menu.steps import Act, settled
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import LANGUAGES, N_

HOTLINE_DELAYS_S = (0, 5, 10)


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    settings = phone.settings
    return (
        link(N_("Language"), "language", own(LANGUAGES.get(settings.language, ""))),
        setting(N_("Large letters"), settings, "large_text"),
        setting(N_("Bright"), settings, "bright"),
        setting(N_("Speak digits"), settings, "speak_digits"),
        setting(N_("Speak names"), settings, "speak_caller"),
        setting(N_("Lamps flash"), settings, "visual_ring"),
        setting(N_("One-key dial"), settings, "one_key"),
        link(N_("Hotline"), "hotline", brief(phone, settings.hotline)),
        link(N_("How keys work"), "help"),
    )


def _languages(phone: Phone, _page: Page) -> tuple[Row, ...]:
    now_is = phone.settings.language
    return tuple(option(own(name), _speaks(code), is_set=code == now_is) for code, name in LANGUAGES.items())


def _speaks(language: str) -> Act:
    return lambda phone, _now: settled(phone, language=language)


def _hotline(phone: Phone, _page: Page) -> tuple[Row, ...]:
    settings = phone.settings
    return (
        link(N_("Calls"), "hotline number", brief(phone, settings.hotline)),
        link(N_("After"), "hotline delay", seconds(settings.hotline_after_s)),
    )


def _delays(phone: Phone, _page: Page) -> tuple[Row, ...]:
    now_is = phone.settings.hotline_after_s
    return tuple(option(seconds(each), _waits(each), is_set=each == now_is) for each in HOTLINE_DELAYS_S)


def _waits(after_s: int) -> Act:
    return lambda phone, _now: settled(phone, hotline_after_s=after_s)


def _help(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (
        text(N_("A digit chooses its row. 0 shows more. # takes the marked row.")),
        text(N_("* goes back. Hold * to leave.")),
        text(N_("Lift the handset on a name to call.")),
        text(N_("Letters: press a key until yours comes. Hold it for the digit, hold # for capitals.")),
        text(N_("In a call hold # for more.")),
    )


PAGES: dict[str, Spec] = {
    "display": ListPage(says(N_("Screen and help")), _rows),
    "language": ListPage(says(N_("Language")), _languages),
    "hotline": ListPage(says(N_("Hotline")), _hotline, needs_pin=owner),
    "hotline number": number_page(
        N_("Lifting calls"), lambda phone: phone.settings.hotline, lambda _phone, number: {"hotline": number}
    ),
    "hotline delay": ListPage(says(N_("Call after")), _delays, needs_pin=owner),
    "help": ReadPage(says(N_("How keys work")), _help),
}
