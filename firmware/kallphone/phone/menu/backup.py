"""The twelve words: shown three at a time, then three of them asked back."""

from __future__ import annotations

from hashlib import sha256

from kallphone.phone.commands import ReadWords
from kallphone.phone.menu.kinds import EntryPage, Kind, ReadPage, Spec, owner, says
from kallphone.phone.menu.steps import Change, on_top, opens, pop, push, refused, turn, typed
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

SHOWN = "backup words"
NAMES = (SHOWN,)
"""Pages that hold the words, and are not closed while somebody writes."""

AT_A_TIME = 3
ASKED_BACK = 3
TELLING_LETTERS = 4
"""No two words of BIP 39 begin with the same four letters."""


def read(phone: Phone, trouble: str) -> Phone:
    return on_top(phone, error=trouble) if trouble and phone.pages[-1].name == SHOWN else phone


def asked_back(words: tuple[str, ...]) -> list[int]:
    """Places that nobody can guess beforehand, and the same ones each time."""
    secret = " ".join(words)
    ranked = sorted(range(len(words)), key=lambda place: sha256(f"{place} {secret}".encode()).digest())
    return sorted(ranked[:ASKED_BACK])


def _warning(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (
        text(N_("12 words bring back your number and coins if this phone is lost.")),
        text(N_("Write them on paper. Show them to nobody.")),
    )


def _asks(phone: Phone, now: float) -> Change:
    return opens(SHOWN, "0")(phone, now)[0], (ReadWords(),)


def _three(phone: Phone, page: Page) -> tuple[Text, ...]:
    if not phone.backup:
        return () if page.error else (text(N_("One moment...")),)
    first = int(page.subject)
    three = phone.backup[first : first + AT_A_TIME]
    return tuple(own(f"{first + place + 1} {word}") for place, word in enumerate(three))


def _next(phone: Phone, now: float) -> Change:
    if not phone.backup:
        return pop(phone), ()
    first = int(phone.pages[-1].subject) + AT_A_TIME
    if first < len(phone.backup):
        return on_top(phone, subject=str(first)), ()
    return push(on_top(phone, subject="0"), Page("backup check", subject="0"), now), ()


def _which(phone: Phone, page: Page) -> int:
    return asked_back(phone.backup)[int(page.subject)]


def _question(phone: Phone, page: Page) -> tuple[Text, ...]:
    if not phone.backup:
        return ()
    return (text(N_("Type word {place}, or its first 4 letters"), place=str(_which(phone, page) + 1)),)


def _answered(phone: Phone, now: float) -> Change:
    page = phone.pages[-1]
    if not phone.backup:
        return pop(phone, 2), ()
    if not _is_word(typed(phone).casefold(), phone.backup[_which(phone, page)]):
        return refused(on_top(phone, text=""), N_("Another word. Try again"))
    asked = int(page.subject) + 1
    if asked < min(ASKED_BACK, len(phone.backup)):
        return on_top(phone, text="", subject=str(asked)), ()
    return turn(phone, Page("backup done"), now, pages=3), ()


def _is_word(said: str, word: str) -> bool:
    return said == word or (len(said) >= TELLING_LETTERS and word.startswith(said))


PAGES: dict[str, Spec] = {
    "backup": ReadPage(says(N_("12 words")), _warning, _asks, N_("# go on"), needs_pin=owner),
    SHOWN: ReadPage(says(N_("Write down")), _three, _next, N_("# next"), needs_pin=owner),
    "backup check": EntryPage(says(N_("Do you have it?")), Kind.WORD, 16, _answered, _question, owner),
    "backup done": ReadPage(
        says(N_("12 words")),
        lambda _phone, _page: (text(N_("All right. Keep the paper where no fire and no thief finds it.")),),
        hint=N_("# good"),
        needs_pin=owner,
    ),
}
