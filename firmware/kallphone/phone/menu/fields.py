"""Entries of one setting each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kallphone.phone.dialplan import KALL_NUMBER_DIGITS
from kallphone.phone.menu.kinds import EntryPage, Kind, owner, says
from kallphone.phone.menu.rows import shown, shown_sum, sum_typed, wrong_number
from kallphone.phone.menu.steps import Change, after, refused, settled, typed
from kallphone.phone.menu.text import Text, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

LONGEST_SUM = 6


def number_page(title: str, has: Callable[[Phone], str], put: Callable[[Phone, str], Any]) -> EntryPage:
    """Asks for the Kall number of a setting; an empty one takes it away."""

    def done(phone: Phone, _now: float) -> Change:
        number = typed(phone)
        wrong = _unfit(phone, number) if number else ""
        return refused(phone, wrong) if wrong else after(settled(phone, **put(phone, number)))

    def prompt(phone: Phone, _page: Page) -> tuple[Text, ...]:
        return (text(N_("Now {number}"), number=shown(has(phone))), text(N_("Empty for none")))

    return EntryPage(says(title), Kind.NUMBER, KALL_NUMBER_DIGITS, done, prompt, owner)


def sum_page(
    title: str,
    now_is: Callable[[Phone], int],
    put: Callable[[Phone, int], Any],
    prompt_words: str = N_("Now {sum}. 0: no limit"),
) -> EntryPage:
    """Asks for the sum of a setting."""

    def done(phone: Phone, _now: float) -> Change:
        return after(settled(phone, **put(phone, sum_typed(phone))))

    def prompt(phone: Phone, _page: Page) -> tuple[Text, ...]:
        return (text(prompt_words, sum=shown_sum(now_is(phone))),)

    return EntryPage(says(title), Kind.AMOUNT, LONGEST_SUM, done, prompt, owner)


def _unfit(phone: Phone, number: str) -> str:
    return N_("That is this phone") if number == phone.line.number else wrong_number(number)
