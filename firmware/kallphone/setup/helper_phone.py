"""A telephone helps: it joins the phone's own Wi-Fi and fills in a page."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import Command, SetPin
from kallphone.phone.menu.kinds import ReadPage, Spec
from kallphone.phone.menu.steps import Change, on_top, push
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_
from kallphone.setup import welcome, wifi
from kallphone.setup.states import (
    CloseHotspot,
    Hotspot,
    HotspotChanged,
    OpenHotspot,
    PortalAnswers,
    asking,
    setup_of,
    told,
)
from kallphone.setup.steps import NETWORK_ONLY, forward, to_step

HOTSPOT = "hotspot"
OPEN_S = 600.0

_URL = "url"


def followed(before: Phone, phone: Phone, now: float) -> Phone:
    """The hotspot is open while its page is, and not a moment longer."""
    was, is_open = _is_open(before), _is_open(phone)
    if is_open and not was:
        setup, settings = setup_of(phone), phone.settings
        phone = told(phone, hotspot=None, closes_at=now + OPEN_S)
        only_wifi = setup.steps == NETWORK_ONLY
        command = OpenHotspot(settings.language, settings.country, setup.networks or (), only_wifi=only_wifi)
        return asking(phone, command)
    if was and not is_open:
        return asking(told(phone, hotspot=None, closes_at=None), CloseHotspot())
    return phone


def changed(phone: Phone, event: HotspotChanged) -> Phone:
    if not _is_open(phone):
        return phone
    if event.hotspot is None:
        return on_top(to_step(phone), error=N_("No hotspot"))
    shown = _URL if event.hotspot.visited else phone.pages[-1].subject
    return on_top(told(phone, hotspot=event.hotspot), subject=shown)


def due(phone: Phone, now: float) -> Phone:
    closes_at = setup_of(phone).closes_at
    if closes_at is None or now < closes_at or not _is_open(phone):
        return phone
    return on_top(to_step(phone), error=N_("Hotspot closed"))


def filled(phone: Phone, answers: PortalAnswers, now: float) -> Change:
    """What the page said is as if it were typed; a Wi-Fi is joined, and anything missing is asked here."""
    if not _is_open(phone):
        return phone, ()
    phone = to_step(phone)
    if answers.language:
        phone = welcome.speaks(phone, answers.language)
    if answers.country:
        phone = welcome.lives_in(phone, answers.country)
    commands: tuple[Command, ...] = ()
    if answers.pin:
        phone = replace(phone, settings=replace(phone.settings, has_pin=True))
        commands = (SetPin(answers.pin),)
    if answers.wifi is None:
        return forward(phone, now)[0], commands
    # Where the password is wrong, it stands there to be mended.
    page = Page("password", subject=answers.wifi.ssid.hex(), text=answers.wifi.password)
    hidden = "hidden" if answers.wifi.hidden else answers.wifi.security.name
    if answers.wifi.password:
        phone = push(phone, replace(page, chosen=hidden), now)
    return wifi.join(phone, answers.wifi, now)[0], commands


def _is_open(phone: Phone) -> bool:
    return any(page.name == HOTSPOT for page in phone.pages)


def _code(phone: Phone, page: Page) -> str:
    hotspot = setup_of(phone).hotspot
    if hotspot is None:
        return ""
    return hotspot.url if page.subject == _URL else wifi_code(hotspot)


def wifi_code(hotspot: Hotspot) -> str:
    """As cameras of telephones read it (ZXing's form); neither word has a character to be escaped."""
    return f"WIFI:T:WPA;S:{hotspot.ssid};P:{hotspot.passphrase};;"


def _lines(phone: Phone, page: Page) -> tuple[Text, ...]:
    hotspot = setup_of(phone).hotspot
    if hotspot is None:
        return (text(N_("Opening a Wi-Fi for your telephone...")),)
    if page.subject == _URL:
        return (text(N_("Scan for the page")), text(N_("# back to 1")))
    return (own(hotspot.ssid), own(hotspot.passphrase), text(N_("then #")))


def _title(phone: Phone, page: Page) -> Text:
    if setup_of(phone).hotspot is None:
        return text(N_("Use a telephone"))
    return own("2/2") if page.subject == _URL else own("1/2")


def _other_code(phone: Phone, _now: float) -> Change:
    return on_top(phone, subject="" if phone.pages[-1].subject == _URL else _URL), ()


PAGES: dict[str, Spec] = {HOTSPOT: ReadPage(_title, _lines, _other_code, qr=_code)}
