"""All pages of the menu by their names."""

from __future__ import annotations

from kallphone.phone.menu import (
    about,
    backup,
    call,
    calls,
    contacts,
    device,
    display,
    lock,
    main,
    messages,
    rules,
    sound,
    voicemail,
    wallet,
)
from kallphone.phone.menu.kinds import Spec

_SUBJECTS = (
    main, calls, contacts, messages, voicemail, wallet, backup, rules, sound, display, about,
    device, lock, call,
)  # fmt: skip

PAGES: dict[str, Spec] = {name: spec for subject in _SUBJECTS for name, spec in subject.PAGES.items()}
