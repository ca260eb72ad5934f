from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass
class Control:
    """Something around the phones that a hand may change, to see what they do.

    `choices` are words on buttons. `chosen` is the one that holds now, empty where choosing is an act that is
    over when it is done. `phone` is the name of the only phone that it concerns.
    """

    name: str
    label: str
    about: str
    choices: tuple[str, ...]
    choose: Callable[[str], Awaitable[None]]
    chosen: str = ""
    phone: str = ""
    busy: bool = False
