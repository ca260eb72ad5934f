"""The account's key: a new one with its twelve words, or one from twelve words."""

from __future__ import annotations

from kallphone.phone.menu import backup
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.steps import Act, Change, on_top, opens, pop, push, turn
from kallphone.phone.menu.text import NOTHING, Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.wordkeys import candidates
from kallphone.phone.words import N_
from kallphone.setup.states import (
    Kept,
    KeyReady,
    KeyRefused,
    MakeKey,
    RestoreKey,
    asking,
    setup_of,
    told,
)
from kallphone.setup.steps import forward, goes, to_step

WORDS = 12
OFFERED = 18
_WAITING = ("making key", "restoring")


def ready(phone: Phone, event: KeyReady, now: float) -> Phone:
    phone = told(phone, has_key=True)
    if event.restored:
        phone = told(phone, kept=Kept.WRITTEN, restored=(), guesses=())
    if phone.pages[-1].name not in _WAITING:
        return phone
    if event.restored:
        return forward(phone, now)[0]
    return push(to_step(phone), Page("key made"), now)


def not_ready(phone: Phone, event: KeyRefused, now: float) -> Phone:
    if phone.pages[-1].name not in _WAITING:
        return phone
    phone, restoring = told(phone, guesses=event.guesses), phone.pages[-1].name == "restoring"
    if event.trouble:
        # The twelve words are good, and the last one, chosen again, tries again.
        return on_top(pop(phone) if restoring else to_step(phone), error=event.trouble)
    return turn(phone, Page("words wrong"), now)


def _head(phone: Phone, _page: Page) -> tuple[Text, ...]:
    if not setup_of(phone).has_key:
        return (text(N_("Your number and money")),)
    return (text(N_("The key is there")),)


def _ways(phone: Phone, _page: Page) -> tuple[Row, ...]:
    if not setup_of(phone).has_key:
        return (goes(N_("Make a new key"), _make), goes(N_("I have 12 words"), _restore))
    on = forward if setup_of(phone).kept is not Kept.NOT_ASKED else opens("key made")
    return (
        goes(N_("Go on"), on),
        goes(N_("Write down 12 words"), opens("backup")),
        goes(N_("Other 12 words"), opens("replace key")),
    )


def _make(phone: Phone, now: float) -> Change:
    return push(asking(phone, MakeKey()), Page("making key"), now), ()


def _restore(phone: Phone, now: float) -> Change:
    return push(told(phone, restored=(), guesses=()), Page("restore word", subject="0"), now), ()


def _made(_phone: Phone, _page: Page) -> tuple[Row, ...]:
    return (goes(N_("Write down 12 words"), opens("backup")), goes(N_("Later"), opens("words later")))


def _later(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (
        text(N_("Without the words a lost phone is lost money.")),
        text(N_("They are in the menu: Wallet, 12 words backup.")),
    )


def _is_kept(how: Kept) -> Act:
    return lambda phone, now: forward(told(phone, kept=how), now)


def _place(page: Page) -> int:
    return int(page.subject)


def _restore_title(_phone: Phone, page: Page) -> Text:
    return text(N_("Word {place} of 12"), place=str(_place(page) + 1))


def _restore_head(phone: Phone, page: Page) -> tuple[Text, ...]:
    return (text(N_("No such word")),) if page.text and not _words(phone, page) else ()


def _words(phone: Phone, page: Page) -> tuple[Row, ...]:
    setup = setup_of(phone)
    before = _before(phone, page)
    found = candidates(page.text, setup.word_list)[:OFFERED] if page.text else (before,) if before else ()
    return tuple(Row(own(word), _takes(word), NOTHING) for word in found)


def _before(phone: Phone, page: Page) -> str:
    """What was chosen here before the person went back."""
    typed = setup_of(phone).restored
    return typed[_place(page)] if _place(page) < len(typed) else ""


def _takes(word: str) -> Act:
    def take(phone: Phone, now: float) -> Change:
        place, typed = _place(phone.pages[-1]), setup_of(phone).restored
        phone = told(phone, restored=(*typed[:place], word, *typed[place + 1 :]))
        if place + 1 < WORDS:
            return push(phone, Page("restore word", subject=str(place + 1)), now), ()
        # Who typed all twelve on a phone with a key was asked first.
        setup = setup_of(phone)
        return push(
            asking(phone, RestoreKey(setup.restored, replace=setup.has_key)), Page("restoring"), now
        ), ()

    return take


def _wrong(phone: Phone, _page: Page) -> tuple[Text, ...]:
    """Guesses come from the checksum of the words."""
    setup = setup_of(phone)
    if not setup.guesses:
        return (text(N_("The words don't belong together. Look at each of them again.")),)
    guesses = [text(N_("Word {place}: {word}?"), place=str(at), word=own(word)) for at, word in setup.guesses]
    return (text(N_("The words don't belong together. Perhaps:")), *guesses)


def _from_first(phone: Phone, _now: float) -> Change:
    """The words stay: # steps through them."""
    first = next(place for place, page in enumerate(phone.pages) if page.name == "restore word")
    return on_top(pop(phone, len(phone.pages) - first - 1), text="", cursor=0), ()


def _replace(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (
        text(N_("The key of this phone is put aside, with its number and its coins.")),
        text(N_("# to type other words, * for no")),
    )


def _moment(_phone: Phone, _page: Page) -> tuple[Text, ...]:
    return (text(N_("One moment...")),)


def _waits(phone: Phone, _now: float) -> Change:
    return phone, ()


_NO_WAY_BACK = {"*": _waits, "C": _waits}

PAGES: dict[str, Spec] = {
    "key": ListPage(says(N_("Key")), _ways, _head),
    "making key": ReadPage(says(N_("Key")), _moment, _waits, keys=_NO_WAY_BACK),
    "key made": ListPage(says(N_("Key")), _made, lambda _phone, _page: (text(N_("Your key is made")),)),
    "words later": ReadPage(says(N_("12 words")), _later, _is_kept(Kept.LATER), N_("# go on")),
    "backup": backup.PAGES["backup"],
    backup.SHOWN: backup.PAGES[backup.SHOWN],
    "backup check": backup.PAGES["backup check"],
    "backup done": ReadPage(
        says(N_("12 words")),
        lambda _phone, _page: (text(N_("All right. Keep the paper where no fire and no thief finds it.")),),
        _is_kept(Kept.WRITTEN),
        N_("# good"),
    ),
    "replace key": ReadPage(says(N_("Key")), _replace, _restore),
    "restore word": ListPage(
        _restore_title,
        _words,
        _restore_head,
        empty=N_("Press the keys of its letters: 843 for 'the'"),
        search=True,
    ),
    "restoring": ReadPage(says(N_("Key")), _moment, _waits, keys=_NO_WAY_BACK),
    "words wrong": ReadPage(says(N_("12 words")), _wrong, _from_first, N_("# again")),
}
