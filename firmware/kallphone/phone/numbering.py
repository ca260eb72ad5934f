"""How numbers outside the Kall network are dialled in each country; the tests compare with libphonenumber."""

from __future__ import annotations

from dataclasses import dataclass

E164_DIGITS = 15
"""The longest number with its country code (ITU-T E.164)."""

EVERYWHERE = ("112", "911")
"""Emergency numbers that are understood in every country (3GPP TS 22.101)."""


@dataclass(frozen=True)
class Prefix:
    """What the first keys stand for; `digits` is how many follow, 0 where that differs."""

    keys: str
    becomes: str
    digits: int = 0


@dataclass(frozen=True)
class NumberingPlan:
    """`emergency`: the country's own emergency numbers."""

    emergency: tuple[str, ...]
    prefixes: tuple[Prefix, ...]


# A keypad has no plus: ** stands for it. A stored number may have one.
_PLUS = (Prefix("**", "+"), Prefix("+", "+"))


def _plan(code: str, emergency: str, abroad: str = "00", trunk: str = "", kept: str = "") -> NumberingPlan:
    """`trunk`: the digit before a national number; `kept`: what of it stays behind the country code."""
    national = (Prefix(trunk, f"+{code}{kept}"),) if trunk else ()
    international = (Prefix(abroad, "+"),) if abroad else ()
    return NumberingPlan(tuple(emergency.split()), (*_PLUS, *international, *national))


_NORTH_AMERICA = NumberingPlan(("911",), (*_PLUS, Prefix("011", "+"), Prefix("1", "+1", digits=10)))

# National numbers without a trunk prefix can't be told from Kall numbers: they are dialled as from abroad.
PLANS: dict[str, NumberingPlan] = {
    "at": _plan("43", "112 122 133 144", trunk="0"),
    "au": _plan("61", "000 106 112", abroad="0011", trunk="0"),
    "be": _plan("32", "100 101 112", trunk="0"),
    # Behind 0 and 00 a Brazilian carrier code follows, which means nothing here.
    "br": _plan("55", "112 128 190 192 193 911", abroad=""),
    "ca": _NORTH_AMERICA,
    "ch": _plan("41", "112 117 118 144", trunk="0"),
    "de": _plan("49", "110 112", trunk="0"),
    "es": _plan("34", "061 062 080 085 088 091 092 112"),
    "fi": _plan("358", "112", trunk="0"),
    "fr": _plan("33", "15 17 18 112", trunk="0"),
    "gb": _plan("44", "112 999", trunk="0"),
    "in": _plan("91", "100 101 102 108 112 1298", trunk="0"),
    "it": _plan("39", "112 113 115 118", trunk="0", kept="0"),
    "jp": _plan("81", "110 119", abroad="010", trunk="0"),
    "mx": _plan("52", "060 065 066 068 080 911"),
    "nl": _plan("31", "112", trunk="0"),
    "no": _plan("47", "110 112 113"),
    "nz": _plan("64", "111", trunk="0"),
    "pl": _plan("48", "112 997 998 999"),
    "pt": _plan("351", "112 115"),
    "se": _plan("46", "112", trunk="0"),
    "us": _NORTH_AMERICA,
}
