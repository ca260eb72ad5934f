"""Which calls ring here, and where the others go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kallphone.phone.menu.fields import number_page
from kallphone.phone.menu.kinds import ListPage, Row, Spec, owner, says
from kallphone.phone.menu.rows import brief, link, option, seconds, setting
from kallphone.phone.menu.steps import Act, settled
from kallphone.phone.menu.text import text
from kallphone.phone.settings import Screening
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

DELAYS_S = (10, 15, 20, 25, 30, 40, 60)

SCREENING = {
    Screening.EVERYBODY: N_("Everybody"),
    Screening.CONTACTS: N_("Contacts"),
    Screening.FAVOURITES: N_("Favourites"),
}


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    settings, forwarding = phone.settings, phone.settings.forwarding
    return (
        setting(N_("Do not disturb"), settings, "do_not_disturb"),
        link(N_("Always to"), "forward always", brief(phone, forwarding.always)),
        link(N_("Busy to"), "forward busy", brief(phone, forwarding.busy)),
        link(N_("No answer to"), "forward no answer", brief(phone, forwarding.no_answer)),
        link(N_("Ring before"), "forward after", seconds(forwarding.after_s)),
        link(N_("Rings for"), "who may ring", text(SCREENING[settings.screening])),
        setting(N_("Call waiting"), settings, "call_waiting"),
        link(N_("Voicemail"), "voicemail number", brief(phone, settings.voicemail)),
    )


def _forward(name: str) -> Callable[[Phone, str], Any]:
    def put(phone: Phone, number: str) -> dict[str, Any]:
        changes: dict[str, Any] = {name: number}
        return {"forwarding": replace(phone.settings.forwarding, **changes)}

    return put


def _delays(phone: Phone, _page: Page) -> tuple[Row, ...]:
    now_is = phone.settings.forwarding.after_s
    return tuple(option(seconds(each), _delay(each), is_set=each == now_is) for each in DELAYS_S)


def _delay(after_s: int) -> Act:
    return lambda phone, _now: settled(phone, forwarding=replace(phone.settings.forwarding, after_s=after_s))


def _ringers(phone: Phone, _page: Page) -> tuple[Row, ...]:
    settings = phone.settings
    return (
        *(
            option(text(words), _screens(each), is_set=each is settings.screening)
            for each, words in SCREENING.items()
        ),
        setting(N_("Refuse hidden"), settings, "reject_anonymous"),
        setting(N_("Allow unproved"), settings, "allow_unverified"),
    )


def _screens(screening: Screening) -> Act:
    return lambda phone, _now: settled(phone, screening=screening)


PAGES: dict[str, Spec] = {
    "rules": ListPage(says(N_("Forward and rules")), _rows, needs_pin=owner),
    "forward always": number_page(
        N_("Always to"), lambda phone: phone.settings.forwarding.always, _forward("always")
    ),
    "forward busy": number_page(
        N_("Busy to"), lambda phone: phone.settings.forwarding.busy, _forward("busy")
    ),
    "forward no answer": number_page(
        N_("No answer to"), lambda phone: phone.settings.forwarding.no_answer, _forward("no_answer")
    ),
    "forward after": ListPage(says(N_("Ring before")), _delays, needs_pin=owner),
    "who may ring": ListPage(says(N_("Who may ring")), _ringers, needs_pin=owner),
    "voicemail number": number_page(
        N_("Voicemail"), lambda phone: phone.settings.voicemail, lambda _phone, number: {"voicemail": number}
    ),
}
