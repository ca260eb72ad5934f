"""The box: its self-test, its network, its updates, what it tells a helper."""

from __future__ import annotations

from kallphone.phone.commands import AskDevice
from kallphone.phone.device import DeviceAction
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, owner, says
from kallphone.phone.menu.rows import NONE, link
from kallphone.phone.menu.steps import Act, Change, on_top, turn
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

ASKED = "device asked"

_PAGES = {
    DeviceAction.SELF_TEST: "self-test",
    DeviceAction.SETUP: "network",
    DeviceAction.ERASE: "erase",
    DeviceAction.UPDATE: "update",
    DeviceAction.EXPORT: "diagnostics",
}
_TITLES = {
    DeviceAction.SELF_TEST: N_("Self-test"),
    DeviceAction.SETUP: N_("Network"),
    DeviceAction.ERASE: N_("Erase"),
    DeviceAction.UPDATE: N_("Update"),
    DeviceAction.EXPORT: N_("Diagnostics"),
}
_BEFORE = {
    DeviceAction.SELF_TEST: N_(
        "Looks at every part of this phone, for three minutes. No call comes in meanwhile."
    ),
    DeviceAction.SETUP: N_("Joins another Wi-Fi. No call comes in meanwhile."),
    DeviceAction.ERASE: N_("Erases all that this phone keeps. It asks once more before it does."),
    DeviceAction.UPDATE: N_("Looks for a newer version now. It comes when nobody uses the phone."),
    DeviceAction.EXPORT: N_(
        "Saves what a helper wants to see, without secrets. Plug in a USB stick first, "
        "or take it from the card later."
    ),
}
_AFTER = {
    DeviceAction.SELF_TEST: N_("One moment: the phone starts again."),
    DeviceAction.SETUP: N_("One moment: the phone starts again."),
    DeviceAction.ERASE: N_("One moment: the phone starts again."),
    DeviceAction.UPDATE: N_("It is looked for. If there is one, the phone starts again by itself."),
    DeviceAction.EXPORT: N_("Saving. It says here when it is done."),
}


def answered(phone: Phone, action: DeviceAction, words: str) -> Phone:
    """What came of it, where its page still stands."""
    page = phone.pages[-1]
    return on_top(phone, chosen=words) if page.name == ASKED and page.subject == action.name else phone


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    here = phone.device is not None
    return (
        link(N_("Self-test"), "self-test" if here else "no device"),
        link(N_("Wi-Fi and network"), "network" if here else "no device"),
        link(N_("Check for update"), "update" if here else "no device"),
        link(N_("Save diagnostics"), "diagnostics" if here else "no device"),
        link(N_("About"), "about"),
        link(N_("Erase this phone"), "erase" if here else "no device"),
    )


def _asks(action: DeviceAction) -> Act:
    def ask(phone: Phone, now: float) -> Change:
        return turn(phone, Page(ASKED, subject=action.name), now), (AskDevice(action),)

    return ask


def _asked(_phone: Phone, page: Page) -> tuple[Text, ...]:
    return (text(page.chosen or _AFTER[DeviceAction[page.subject]]),)


def _asked_title(_phone: Phone, page: Page) -> Text:
    return text(_TITLES[DeviceAction[page.subject]])


def _about(phone: Phone, _page: Page) -> tuple[Text, ...]:
    facts, account = phone.device, phone.line.account
    box = (
        (text(N_("This is no flashed phone.")),)
        if facts is None
        else (
            text(N_("Version {version}"), version=facts.version),
            text(N_("Serial {serial}"), serial=facts.serial),
        )
    )
    return (*box, text(N_("Account:")), own(f"0x{account.hex()}") if account else NONE)


def _before(action: DeviceAction) -> ReadPage:
    lines = (text(_BEFORE[action]),)
    return ReadPage(
        says(_TITLES[action]), lambda _phone, _page: lines, _asks(action), N_("# go on"), needs_pin=owner
    )


PAGES: dict[str, Spec] = {
    "device": ListPage(says(N_("Device")), _rows),
    **{_PAGES[action]: _before(action) for action in DeviceAction},
    ASKED: ReadPage(_asked_title, _asked, hint=N_("# good"), needs_pin=owner),
    "no device": ReadPage(
        says(N_("Device")),
        lambda _phone, _page: (text(N_("Not available here: this is no flashed phone.")),),
        hint=N_("# good"),
    ),
    "about": ReadPage(says(N_("About")), _about),
}
