"""Back to how the phone came: asked for on its keypad, also where nothing else works; done by root."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from kallphone.device.layout import Layout
from kallphone.device.requests import ask_root, done
from kallphone.doctor.stage import Stage
from kallphone.phone.events import KeyPressed
from kallphone.phone.menu.text import text
from kallphone.phone.words import N_
from kallphone.provision.provisioning import FETCHED
from kallphone.provision.record import NAME as RECORD

log = logging.getLogger(__name__)

KEYS = frozenset("*#")
HELD_S = 10.0
SECOND_S = 1.0
ANSWER_S = 60.0
CONFIRMED_BY = "5"
ERASED = ".erased-"
"""Folders of layout.data that are on their way out; tmpfiles removes what a power cut left of one."""

TITLE = N_("Erase this phone")
KEEP_HOLDING = N_("Keep holding * and # for 10 seconds to erase all that this phone keeps.")
WARNING = N_(
    "Without the 12 words its key and its money are gone for good. 5 erases, any other key does not."
)
ERASING = N_("Erasing. The phone starts again by itself.")


def held_long(stage: Stage, keys_down: Callable[[], frozenset[str]]) -> bool:
    """Whether `*` and `#` stay down for HELD_S more; lets go as soon as one is released."""
    stage.say(TITLE, text(KEEP_HOLDING))
    until = stage.now() + HELD_S
    while stage.now() < until:
        stage.wait(SECOND_S / 10)
        if not keys_down() >= KEYS:
            return False
    return True


def confirmed(stage: Stage) -> bool:
    """One key says yes; every other one, and silence, no."""
    stage.say(TITLE, text(WARNING))
    until = stage.now() + ANSWER_S
    while (left := until - stage.now()) > 0:
        event = stage.wait(left)
        if isinstance(event, KeyPressed):
            return event.key == CONFIRMED_BY
    return False


def ask_for_reset(stage: Stage, layout: Layout) -> bool:
    """The whole question; true once root was asked, who starts the system anew."""
    if not confirmed(stage):
        return False
    ask_root(layout, "reset")
    stage.say(TITLE, text(ERASING))
    return True


def erase(layout: Layout) -> None:
    """Root's: key, vouchers, settings, Wi-Fi and SSH keys; not what keeps an older system out.

    A power cut leaves either everything or nothing of the phone's folder; once that is gone, so is the rest:
    nobody asks for a reset of a phone that looks new. Raises OSError.
    """
    done(layout, "reset")
    (layout.system / "wpa_supplicant.conf").unlink(missing_ok=True)
    shutil.rmtree(layout.system / "ssh", ignore_errors=True)
    # What is left in the installer's file counts once more, as on a new card.
    (layout.system / RECORD).unlink(missing_ok=True)
    shutil.rmtree((layout.system / FETCHED).parent, ignore_errors=True)
    _sync(layout.system)
    if layout.state.exists():
        owner = layout.state.stat()
        aside = layout.data / f"{ERASED}{secrets.token_hex(4)}"
        layout.state.rename(aside)
        _make_private(layout.state, owner.st_uid, owner.st_gid)
        _sync(layout.data)
        shutil.rmtree(aside)
        _sync(layout.data)
    log.warning("the phone was erased")


def _make_private(folder: Path, uid: int, gid: int) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, uid, gid)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
