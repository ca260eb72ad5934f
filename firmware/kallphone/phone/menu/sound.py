"""How loud, and how it rings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kallphone.phone.menu.contacts import ring_rows
from kallphone.phone.menu.kinds import ListPage, ReadPage, Row, Spec, says
from kallphone.phone.menu.rows import link, switch
from kallphone.phone.menu.steps import Act, Change, settled
from kallphone.phone.menu.text import Text, own, text
from kallphone.phone.states import Page, Phone
from kallphone.phone.words import N_

LOUDEST = 10

PATHS = {
    "handset": N_("Handset"),
    "ringer": N_("Ringer"),
    "speaker": N_("Loudspeaker"),
    "sidetone": N_("Own voice"),
}


def bar(level: int) -> str:
    return "▮" * level + "▯" * (LOUDEST - level)


def _rows(phone: Phone, _page: Page) -> tuple[Row, ...]:
    volumes, ring = phone.settings.volumes, phone.settings.ring
    boost = replace(volumes, boost=not volumes.boost)
    return (
        *(
            link(words, "level", own(str(getattr(volumes, path))), subject=path)
            for path, words in PATHS.items()
        ),
        switch(N_("Hearing boost"), volumes.boost, lambda one, _now: settled(one, volumes=boost)),
        link(N_("Ring"), "ring", own(str(ring)) if ring else text(N_("usual"))),
    )


def _level(phone: Phone, page: Page) -> tuple[Text, ...]:
    level = getattr(phone.settings.volumes, page.subject)
    return (own(bar(level)), text(N_("7 softer   9 louder")))


def _turns(by: int) -> Act:
    def turned(phone: Phone, _now: float) -> Change:
        volumes, path = phone.settings.volumes, phone.pages[-1].subject
        changes: dict[str, Any] = {path: min(LOUDEST, max(0, getattr(volumes, path) + by))}
        return settled(phone, volumes=replace(volumes, **changes))

    return turned


def _rings(ring: int) -> Act:
    return lambda phone, _now: settled(phone, ring=ring)


PAGES: dict[str, Spec] = {
    "sound": ListPage(says(N_("Sound")), _rows),
    "level": ReadPage(
        lambda _phone, page: text(PATHS[page.subject]),
        _level,
        hint=N_("# good"),
        keys={"7": _turns(-1), "9": _turns(1), "A": _turns(1), "B": _turns(-1)},
    ),
    "ring": ListPage(says(N_("Ring")), lambda phone, _page: ring_rows(phone.settings.ring, _rings)),
}
