"""Rows that many lists have, and what they say of numbers, names and times."""

from __future__ import annotations

from datetime import UTC, datetime

from kallphone.phone.dialplan import KALL_NUMBER_DIGITS, grouped
from kallphone.phone.menu.kinds import Row
from kallphone.phone.menu.steps import Act, Change, back, opens, settled
from kallphone.phone.menu.text import NOTHING, Text, own, text
from kallphone.phone.money import coins
from kallphone.phone.settings import Settings
from kallphone.phone.states import Phone
from kallphone.phone.words import N_

DAY_S = 86_400

ON, OFF, NONE = text(N_("on")), text(N_("off")), text(N_("none"))
THIS_ONE = own("*")


def link(words: str, name: str, value: Text = NOTHING, *, subject: str = "") -> Row:
    return Row(text(words), opens(name, subject), value)


def switch(words: str, on: bool, act: Act) -> Row:
    return Row(text(words), act, ON if on else OFF)


def setting(words: str, settings: Settings, name: str) -> Row:
    """Switches a setting by its name."""
    on: bool = getattr(settings, name)
    return switch(words, on, lambda phone, _now: settled(phone, **{name: not on}))


def option(label: Text, act: Act, *, is_set: bool) -> Row:
    """One of several; the page closes when it is taken."""

    def taken(phone: Phone, now: float) -> Change:
        phone, commands = act(phone, now)
        return back(phone, now)[0], commands

    return Row(label, taken, THIS_ONE if is_set else NOTHING)


def called(phone: Phone, number: str, account: bytes = b"") -> Text:
    """Somebody's name, else the number."""
    known = phone.name_of(number, account) or grouped(number)
    return own(known) if known else text(N_("No number"))


def shown(number: str) -> Text:
    return own(grouped(number)) if number else NONE


def brief(phone: Phone, number: str) -> Text:
    """A number of a setting: whose it is, or how it ends."""
    return own(phone.name_of(number) or f"…{number[-4:]}") if number else NONE


def shown_sum(amount: int) -> Text:
    return own(coins(amount)) if amount else NONE


def wrong_number(number: str) -> str:
    """Why that can't be a Kall number; its check digit is the directory's to judge."""
    if len(number) != KALL_NUMBER_DIGITS:
        return N_("It has ten digits")
    return N_("It begins with 2 to 9") if number[0] in "01" else ""


def when(phone: Phone, at: int) -> Text:
    """Today's by the clock, others by the date; Unix seconds."""
    if not at:
        return NOTHING
    local_s, wall_s = at + phone.wall.offset_s, phone.wall.at + phone.wall.offset_s
    local = datetime.fromtimestamp(local_s, UTC)
    if local_s // DAY_S == wall_s // DAY_S:
        return own(f"{local:%H:%M}")
    # Translators: the order of day and month as people write it.
    return text(N_("{day}/{month}"), day=str(local.day), month=str(local.month))


def sum_typed(phone: Phone) -> int:
    """What an entry of hundredths means in base units."""
    return int(phone.pages[-1].text or 0) * 10_000


def seconds(count: int) -> Text:
    return text(N_("at once")) if count == 0 else text(N_("{count} s"), count=str(count))
