from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import ForgetMissed
from kallphone.phone.menu.kinds import ListPage, Row, Spec, says
from kallphone.phone.menu.rows import link
from kallphone.phone.menu.steps import Change, opens
from kallphone.phone.menu.text import NOTHING, Text, own, text
from kallphone.phone.menu.wallet import worth
from kallphone.phone.money import coins
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

MAIN = "main"


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    unread = sum(1 for one in phone.messages if one.incoming and not one.read)
    unheard = sum(1 for one in phone.recordings if not one.read)
    return (
        Row(text(N_("Calls")), _calls, _count(phone.missed)),
        link(N_("Contacts"), "contacts"),
        link(N_("Messages"), "messages", _count(unread)),
        link(N_("Voicemail"), "voicemail", _count(unheard)),
        link(N_("Wallet"), "wallet", own(coins(worth(phone)))),
        link(N_("Forward and rules"), "rules"),
        link(N_("Sound"), "sound"),
        link(N_("Screen and help"), "display"),
        link(N_("This phone"), "phone"),
    )


def _calls(phone: Phone, now: float) -> Change:
    """Whoever looks at the missed calls has seen them."""
    seen = (ForgetMissed(),) if phone.missed else ()
    return opens("calls")(replace(phone, missed=0), now)[0], seen


def _count(new: int) -> Text:
    return text(N_("{count} new"), count=str(new)) if new else NOTHING


PAGES: dict[str, Spec] = {MAIN: ListPage(says(N_("Menu")), _rows)}
