"""What the glass shows of the menu during a call; the keys are the call's own rules."""

from __future__ import annotations

from kallphone.phone.menu import glance
from kallphone.phone.menu.kinds import ReadPage, Spec, no_lines, says
from kallphone.phone.menu.rows import OFF, ON
from kallphone.phone.menu.text import NOTHING, Text, beside, own, text
from kallphone.phone.meter import a_minute
from kallphone.phone.money import coins
from kallphone.phone.screens import COLUMNS, Align, Screen, TextLine
from kallphone.phone.states import InCall, Page, Phone
from kallphone.phone.words import N_, Words

CALL = "call"


def screen(phone: Phone, page: Page, words: Words) -> Screen:
    """With its cursor moved, the page tells how the call sounds."""
    mode = phone.mode
    if page.cursor and isinstance(mode, InCall):
        rows = _details(mode)
        title = glance.title(words(N_("This call")))
    else:
        rows = _rows(phone)
        title = glance.title(words(N_("In this call")))
    lines = (beside(label.put(words), value.put(words), COLUMNS) for label, value in rows)
    shown = (TextLine(label, align=Align.LEFT, right=value) for label, value in lines)
    return Screen((title, *shown), bright=phone.settings.bright)


def _rows(phone: Phone) -> list[tuple[Text, Text]]:
    aside = bool(phone.aside)
    volume = own(str(phone.settings.volumes.handset))
    rows = [
        (text(N_("1 Mute")), ON if phone.muted else OFF),
        (text(_second(phone)), NOTHING),
        (text(N_("3 Talk all together")), NOTHING),
        (text(N_("4 Connect the two") if aside else N_("4 Put through to...")), NOTHING),
        (text(N_("5 End this call")), NOTHING),
        (text(N_("6 How it sounds")), NOTHING),
        (text(N_("7 Softer  9 Louder")), volume),
    ]
    if phone.waiting is not None:
        rows.append((text(N_("0 Turn the caller away")), NOTHING))
    return rows if aside and not phone.joined else [row for row in rows if not row[0].words.startswith("3")]


def _second(phone: Phone) -> str:
    if phone.waiting is not None:
        return N_("2 Take the caller")
    return N_("2 Swap the calls") if phone.aside else N_("2 Hold")


def _details(call: InCall) -> list[tuple[Text, Text]]:
    rows = [
        (text(N_("Sound")), own(call.codec)),
        (text(N_("Secured by")), own(call.srtp.replace("AES_CM_128_HMAC_SHA1_80", "AES-128"))),
        (text(N_("A minute")), own(coins(a_minute(call.price)))),
        (text(N_("Paid")), own(coins(call.paid))),
    ]
    if call.heard is not None:
        rows += [
            (text(N_("Lost")), own(f"{call.heard.loss * 100:.1f} %")),
            (text(N_("Jitter")), own(f"{call.heard.jitter:.0f} ms")),
            (text(N_("Quality 1-5")), own(f"{call.heard.mos:.1f}")),
        ]
    return rows


PAGES: dict[str, Spec] = {CALL: ReadPage(says(N_("In this call")), no_lines)}
