"""From one question to the next, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kallphone.phone.menu.kinds import Row
from kallphone.phone.menu.steps import Act, Change, push
from kallphone.phone.menu.text import NOTHING, Text, text
from kallphone.phone.states import Page, Phone
from kallphone.setup.states import (
    STEPS,
    KeepProgress,
    Newcomer,
    Progress,
    asking,
    progress_of,
    setup_of,
    told,
)

NETWORK_ONLY = ("network",)
"""What a phone that is one already is asked: its menu sent it here."""

DONE = "done"
CARD = "card"
NO_NETWORK = "made for none"


def forward(phone: Phone, now: float) -> Change:
    """The step of the page on top is answered: its first page stays to come back to, the next one opens."""
    setup = setup_of(phone)
    places = [place for place, page in enumerate(phone.pages) if page.name in STEPS]
    here = phone.pages[places[-1]].name
    pages = phone.pages[: places[-1] + 1]
    done = setup.done if here in setup.done else (*setup.done, here)
    phone = told(replace(phone, pages=pages), done=done)
    phone = asking(phone, KeepProgress(progress_of(phone)))
    after = setup.steps[setup.steps.index(here) + 1 :]
    if not after:
        return told(push(phone, Page(DONE), now), finished=True), ()
    return push(phone, Page(after[0]), now), ()


def to_step(phone: Phone) -> Phone:
    """Back to the first page of the step."""
    places = [place for place, page in enumerate(phone.pages) if page.name in STEPS]
    return replace(phone, pages=phone.pages[: places[-1] + 1])


def begun(phone: Newcomer, progress: Progress, now: float) -> Newcomer:
    """Where the last start was left: answered steps lie beneath, to go back to."""
    settings = replace(phone.settings, language=progress.language, country=progress.country)
    phone = told(
        replace(phone, settings=settings), provider=progress.provider, kept=progress.words, done=progress.done
    )
    pages: list[Page] = []
    for step in phone.setup.steps:
        pages.append(Page(step, since=now))
        if step not in progress.done:
            break
    return on_card(replace(phone, pages=tuple(pages)), now)


def on_card(phone: Newcomer, now: float) -> Newcomer:
    """What is wrong with the installer's file is told before anything is asked."""
    if not (phone.setup.card and phone.pages):
        return phone
    return replace(phone, pages=(*phone.pages, Page(CARD, since=now)))


def goes(words: str, act: Act, value: Text = NOTHING) -> Row:
    return Row(text(words), act, value)


def gives(change: Callable[[Phone], Phone]) -> Act:
    """Changes the phone and goes on to the next question."""
    return lambda phone, now: forward(change(phone), now)
