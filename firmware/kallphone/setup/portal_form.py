"""What a telephone's page sends, and whether it will do."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from kallphone.phone.menu.about import COUNTRIES
from kallphone.phone.menu.lock import LONGEST_PIN, SHORTEST_PIN
from kallphone.phone.words import LANGUAGES, N_
from kallphone.setup.states import Credentials, Found, PortalAnswers, Security
from kallphone.setup.wifi import LONGEST_SSID, password_trouble

OTHER, NONE = "other", "none"
_NAMES = ("wifi", "name", "password", "language", "country", "pin")


@dataclass(frozen=True)
class Form:
    wifi: str = ""
    name: str = ""
    password: str = field(default="", repr=False)
    language: str = ""
    country: str = ""
    pin: str = field(default="", repr=False)


def form_of(body: bytes) -> Form:
    """Raises ValueError for what no such page sends."""
    fields = parse_qs(body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, max_num_fields=16)
    return Form(**{name: fields.get(name, [""])[0].strip("\r\n") for name in _NAMES})


def trouble_with(form: Form, networks: tuple[Found, ...], *, cable: bool) -> str:
    """In words for whoever filled it in; empty where it is good."""
    if form.language not in LANGUAGES or form.country not in COUNTRIES:
        return N_("Choose language and country")
    if form.pin and not _is_pin(form.pin):
        return N_("The PIN has 4 to 8 digits")
    if form.wifi == NONE and cable:
        return ""
    chosen = _chosen(form, networks)
    if chosen is None:
        return N_("Choose a Wi-Fi")
    if not 1 <= len(chosen.ssid) <= LONGEST_SSID:
        return N_("The name of a Wi-Fi has 1 to 32 characters")
    if chosen.security is Security.OPEN:
        return ""
    return (
        N_("The password has 8 to 63 characters, without accents") if password_trouble(form.password) else ""
    )


def answers_of(form: Form, networks: tuple[Found, ...]) -> PortalAnswers:
    """Of a form without trouble."""
    wifi = None if form.wifi == NONE else _chosen(form, networks)
    return PortalAnswers(form.language, form.country, wifi, form.pin)


def _is_pin(pin: str) -> bool:
    return pin.isascii() and pin.isdigit() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN


def _chosen(form: Form, networks: tuple[Found, ...]) -> Credentials | None:
    if form.wifi == OTHER:
        security = Security.EITHER if form.password else Security.OPEN
        return Credentials(form.name.encode(), security, form.password, hidden=True)
    found = next((one for one in networks if one.ssid.hex() == form.wifi), None)
    if found is None:
        return None
    password = "" if found.security is Security.OPEN else form.password
    return Credentials(found.ssid, found.security, password)
