"""PIN, provider, and what was chosen once more before it counts."""

from __future__ import annotations

from kallphone.phone.menu import lock
from kallphone.phone.menu.about import COUNTRIES
from kallphone.phone.menu.kinds import EntryPage, Kind, ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.rows import NONE, THIS_ONE
from kallphone.phone.menu.steps import Act, Change, on_top, opens, pop, push, refused, turn
from kallphone.phone.menu.text import NOTHING, Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import LANGUAGES, N_
from kallphone.setup.states import ConfigWritten, Kept, Provider, WriteConfig, asking, setup_of, told
from kallphone.setup.steps import DONE, forward, goes

SAVING = "saving"
LONGEST_ADDRESS = 80


def written(phone: Phone, event: ConfigWritten, now: float) -> Phone:
    if phone.pages[-1].name != SAVING:
        return phone
    if event.trouble:
        return on_top(pop(phone), error=event.trouble)
    return told(turn(phone, Page(DONE), now), finished=True)


def _pin_head(phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (text(N_("The PIN is set")),) if phone.settings.has_pin else (text(N_("To lock the keys")),)


def _pin_ways(phone: Phone, _page: Page) -> tuple[Row, ...]:
    if phone.settings.has_pin:
        return (goes(N_("Go on"), forward), goes(N_("Change the PIN"), opens("new pin")))
    return (goes(N_("Without a PIN"), forward), goes(N_("Set a PIN"), opens("new pin")))


def _providers(phone: Phone, _page: Page) -> tuple[Row, ...]:
    chosen = setup_of(phone).provider
    rows = tuple(
        Row(own(one.name), _with(one), THIS_ONE if one.api == chosen else NOTHING)
        for one in setup_of(phone).providers
    )
    return (*rows, goes(N_("Type its address"), opens("provider address")))


def _with(one: Provider) -> Act:
    return lambda phone, now: forward(told(phone, provider=one.api), now)


def _addressed(phone: Phone, now: float) -> Change:
    typed = phone.pages[-1].text.strip()
    if not typed or " " in typed or "/" in typed.removeprefix("https://").rstrip("/"):
        return refused(phone, N_("Such as kall.net:8443"))
    address = typed if typed.startswith("https://") else f"https://{typed}"
    return forward(told(phone, provider=address.rstrip("/")), now)


def _summary(phone: Phone, _page: Page) -> tuple[Text, ...]:
    setup, settings = setup_of(phone), phone.settings
    return (
        own(LANGUAGES[settings.language]),
        text(COUNTRIES[settings.country]),
        _network(phone),
        text(N_("12 words: on paper")) if setup.kept is Kept.WRITTEN else text(N_("12 words: later")),
        text(N_("PIN: {pin}"), pin=text(N_("set")) if settings.has_pin else NONE),
        *((own(setup.provider.removeprefix("https://")),) if setup.provider else ()),
    )


def _network(phone: Phone) -> Text:
    link = setup_of(phone).link
    if link.cable:
        return text(N_("By cable"))
    return text(N_("Wi-Fi {name}"), name=own(link.wifi)) if link.wifi else text(N_("No network yet"))


def _save(phone: Phone, now: float) -> Change:
    settings = phone.settings
    command = WriteConfig(settings.language, settings.country, setup_of(phone).provider)
    return push(asking(phone, command), Page(SAVING), now), ()


def _moment(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (text(N_("One moment...")),)


def _waits(phone: Phone, _now: float) -> Change:
    return phone, ()


PAGES: dict[str, Spec] = {
    "pin step": ListPage(says(N_("PIN")), _pin_ways, _pin_head),
    "new pin": lock.PAGES["new pin"],
    "repeat pin": lock.PAGES["repeat pin"],
    "pin set": ReadPage(
        says(N_("New PIN")),
        lambda _phone, _page: (text(N_("The PIN is set. Whoever forgets it needs the 12 words.")),),
        forward,
        N_("# good"),
    ),
    "provider": ListPage(says(N_("Provider")), _providers),
    "provider address": EntryPage(
        says(N_("Provider")),
        Kind.EXACT,
        LONGEST_ADDRESS,
        _addressed,
        lambda _phone, _page: (text(N_("Its address")),),
    ),
    "summary": ReadPage(says(N_("All right?")), _summary, _save, N_("# yes")),
    SAVING: ReadPage(says(N_("Saving")), _moment, _waits, keys={"*": _waits, "C": _waits}),
    DONE: ReadPage(
        says(N_("Done")),
        lambda _phone, _page: (text(N_("Line: getting ready…")),),
        _waits,
        keys={"*": _waits, "C": _waits},
    ),
}
