from __future__ import annotations

import logging
import tomllib
from contextlib import suppress
from itertools import cycle

from kallphone.device.layout import Layout
from kallphone.device.modes import Damage
from kallphone.doctor.stage import Ended, Stage, page
from kallphone.phone.lamps import Light
from kallphone.phone.menu.text import own, text
from kallphone.phone.screens import Screen
from kallphone.phone.words import LANGUAGES, N_, Words

log = logging.getLogger(__name__)

TITLE = N_("Memory card")

WORDS = {
    Damage.MISSING: N_("The memory card is not read. Switch off, push the card in firmly, switch on."),
    Damage.UNWRITABLE: N_(
        "The memory card takes nothing any more. Switch off and on. "
        "If this stays: new card, then your 12 words."
    ),
    Damage.UNREADABLE: N_(
        "What it keeps can't be read. If this stays: hold * and # while you switch on, then your 12 words."
    ),
}

PAGE_S, PAGES = 10.0, 6
_LOOK_S = 3600.0


def damage_screen(damage: Damage, words: Words) -> Screen:
    return page(words, TITLE, (text(WORDS[damage]),))


def show_damage(stage: Stage, damage: Damage, words: Words) -> None:
    """Stays until Ended: the power goes, or the service is told to stop."""
    stage.show(damage_screen(damage, words))
    stage.light(line=Light.BLINKING, message=Light.OFF)
    while True:
        stage.wait(_LOOK_S)


def show_unreadable(stage: Stage, error: Exception, words: Words) -> bool:
    """For a minute, in turn, what to do and what is wrong; False where it was told to stop meanwhile."""
    log.error("%s", error)
    pages = cycle((damage_screen(Damage.UNREADABLE, words), page(words, TITLE, (own(str(error)),))))
    stage.light(line=Light.BLINKING, message=Light.OFF)
    try:
        for _ in range(PAGES):
            stage.show(next(pages))
            until = stage.now() + PAGE_S
            while (left := until - stage.now()) > 0:
                stage.wait(left)
    except Ended:
        return False
    return True


def language_of(layout: Layout) -> str:
    """What the phone was set to, else what its image was made for, else English."""
    for file in (layout.config, layout.preset):
        with suppress(OSError, ValueError, KeyError, TypeError):
            language = tomllib.loads(file.read_text(encoding="utf-8"))["phone"]["language"]
            if language in LANGUAGES:
                return str(language)
    return "en"
