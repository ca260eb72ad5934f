"""The network: a cable that is found, a Wi-Fi that is chosen, or a telephone's help."""

from __future__ import annotations

from kallphone.phone.menu.kinds import EntryPage, Kind, ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.steps import Act, Change, on_top, opens, pop, push, refused, turn
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_
from kallphone.setup.states import (
    Credentials,
    Found,
    JoinWifi,
    LinkFound,
    NetworksFound,
    SearchNetworks,
    Security,
    Trouble,
    WifiJoined,
    WifiRefused,
    asking,
    setup_of,
    told,
)
from kallphone.setup.steps import forward, goes, to_step

LONGEST_SSID = 32
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 63
JOINING = "joining"

_TROUBLES = {
    Trouble.PASSWORD: N_("Wrong password"),
    Trouble.ABSENT: N_("No such Wi-Fi here"),
    Trouble.ADDRESS: N_("It gives no address"),
    Trouble.RADIO: N_("Wi-Fi does not answer"),
}
_HIDDEN = "hidden"
_BARS = ((-55, "▮▮▮▮"), (-65, "▮▮▮▯"), (-75, "▮▮▯▯"))


def join(phone: Phone, wifi: Credentials, now: float) -> Change:
    attempt = setup_of(phone).attempt + 1
    phone = told(phone, attempt=attempt, wifi=wifi)
    phone = asking(phone, JoinWifi(attempt, wifi, phone.settings.country))
    return push(phone, Page(JOINING, chosen=str(attempt)), now), ()


def searched(phone: Phone, event: NetworksFound) -> Phone:
    phone = told(phone, networks=event.networks, searching=False)
    if phone.pages[-1].name != "wifi":
        return phone
    return on_top(phone, error=event.trouble)


def joined(phone: Phone, event: WifiJoined, now: float) -> Phone:
    name = event.ssid.decode("utf-8", "replace")
    phone = told(phone, link=LinkFound(setup_of(phone).link.cable, name))
    if not _waits_for(phone, event.attempt):
        return phone
    return turn(phone, Page("joined"), now)


def not_joined(phone: Phone, event: WifiRefused) -> Phone:
    """Back to the page that asked, which says why; a password is there to be mended."""
    if not _waits_for(phone, event.attempt):
        return phone
    return on_top(pop(phone), error=_TROUBLES[event.trouble])


def _waits_for(phone: Phone, attempt: int) -> bool:
    page = phone.pages[-1]
    return page.name == JOINING and page.chosen == str(attempt)


def _head(phone: Phone, _page: Page) -> tuple[Text, ...]:
    link = setup_of(phone).link
    if link.cable:
        return (text(N_("Connected by cable")),)
    if link.wifi:
        return (text(N_("In {name}"), name=own(link.wifi)),)
    return ()


def _ways(phone: Phone, _page: Page) -> tuple[Row, ...]:
    link = setup_of(phone).link
    search, phone_helps = goes(N_("Choose a Wi-Fi"), _search), goes(N_("Use a telephone"), opens("hotspot"))
    if link.cable or link.wifi:
        return (goes(N_("Go on"), forward), search, phone_helps)
    return (search, phone_helps, goes(N_("Without, for now"), opens("no network yet")))


def _search(phone: Phone, now: float) -> Change:
    return push(_searching(phone), Page("wifi"), now), ()


def _again(phone: Phone, _now: float) -> Change:
    return on_top(_searching(phone), cursor=0), ()


def _searching(phone: Phone) -> Phone:
    return phone if setup_of(phone).searching else asking(told(phone, searching=True), SearchNetworks())


def _networks(phone: Phone, _page: Page) -> tuple[Row, ...]:
    found = setup_of(phone).networks or ()
    rows = tuple(Row(own(one.name), _choose(one), own(_bars(one.level))) for one in found)
    return (*rows, goes(N_("Search again"), _again), goes(N_("Type its name"), opens("wifi name")))


def _found_head(phone: Phone, _page: Page) -> tuple[Text, ...]:
    if setup_of(phone).searching:
        return (text(N_("Searching...")),)
    return () if setup_of(phone).networks else (text(N_("None found")),)


def _bars(level: int) -> str:
    return next((bars for least, bars in _BARS if level >= least), "▮▯▯▯")


def _choose(one: Found) -> Act:
    if one.security is Security.OPEN:
        return lambda phone, now: join(phone, Credentials(one.ssid, Security.OPEN), now)
    return opens("password", one.ssid.hex(), chosen=one.security.name)


def _named(phone: Phone, now: float) -> Change:
    ssid = phone.pages[-1].text.encode()
    if not 1 <= len(ssid) <= LONGEST_SSID:
        return refused(phone, N_("1 to 32 characters"))
    return push(phone, Page("password", subject=ssid.hex(), chosen=_HIDDEN), now), ()


def _prompt(_phone: Phone, page: Page) -> tuple[Text, ...]:
    name = own(bytes.fromhex(page.subject).decode("utf-8", "replace"))
    return (name, text(N_("Empty for none") if page.chosen == _HIDDEN else N_("Hold # for ABC, 123")))


def _entered(phone: Phone, now: float) -> Change:
    page = phone.pages[-1]
    ssid, hidden = bytes.fromhex(page.subject), page.chosen == _HIDDEN
    if hidden and not page.text:
        return join(phone, Credentials(ssid, Security.OPEN, hidden=True), now)
    wrong = password_trouble(page.text)
    if wrong:
        return refused(phone, wrong)
    security = Security.EITHER if hidden else Security[page.chosen]
    return join(phone, Credentials(ssid, security, page.text, hidden), now)


def password_trouble(password: str) -> str:
    """Why no Wi-Fi has that password (IEEE 802.11: 8 to 63 printable ASCII characters)."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return N_("8 to 63 characters")
    return "" if password.isascii() and password.isprintable() else N_("No accents in it")


def _connecting(phone: Phone, _page: Page) -> tuple[Text, ...]:
    wifi = setup_of(phone).wifi
    return (text(N_("Connecting to")), own(wifi.name if wifi else ""), text(N_("One moment...")))


def _connected(phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (text(N_("Connected to")), own(setup_of(phone).link.wifi))


def _stay(phone: Phone, _now: float) -> Change:
    return phone, ()


def _without(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (
        text(
            N_("Without a network there are no calls. Plug in a cable later, or choose a Wi-Fi in the menu.")
        ),
    )


def _to_ways(phone: Phone, _now: float) -> Change:
    return to_step(phone), ()


PAGES: dict[str, Spec] = {
    "network": ListPage(says(N_("Network")), _ways, _head),
    "wifi": ListPage(says(N_("Wi-Fi")), _networks, _found_head),
    "wifi name": EntryPage(says(N_("Name of the Wi-Fi")), Kind.EXACT, LONGEST_SSID, _named),
    "password": EntryPage(says(N_("Password")), Kind.EXACT, LONGEST_PASSWORD, _entered, _prompt),
    JOINING: ReadPage(says(N_("Wi-Fi")), _connecting, _stay),
    "joined": ReadPage(
        says(N_("Wi-Fi")), _connected, forward, N_("# go on"), keys={"*": _to_ways, "C": _to_ways}
    ),
    "no network yet": ReadPage(says(N_("Network")), _without, forward, N_("# go on")),
}
