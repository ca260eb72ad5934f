"""What dialled keys mean.

A rule reads the keys one way (as a Kall number, as an emergency number ...) and says what they amount to and
whether more keys could make them something longer. The keys are complete when a rule has a target and no rule
waits for more; after a pause, or with # where nothing else can follow it, the first target counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kallphone.phone.numbering import E164_DIGITS, EVERYWHERE, PLANS, NumberingPlan, Prefix
from kallphone.phone.services import SPELLINGS, ServiceCode, Spelling

INTERDIGIT_S = 6.0
"""Silence after which a number counts as finished (ITU-T E.300 series practice: 4 to 6 s)."""
_CERTAIN_S = 3.0
_REDIAL_S = 1.5

KALL_NUMBER_DIGITS = 10
# Country code and subscriber number of the smallest networks together, with the plus.
_SHORTEST_E164 = 8


@dataclass(frozen=True)
class KallNumber:
    """Ten digits; the check digit is the directory's to judge."""

    digits: str


@dataclass(frozen=True)
class SpeedDial:
    key: str


@dataclass(frozen=True)
class Redial:
    pass


@dataclass(frozen=True)
class Service:
    """`argument`: a Kall number or an E.164 number with its plus, empty where the code takes none."""

    code: ServiceCode
    argument: str = ""


@dataclass(frozen=True)
class Emergency:
    number: str


@dataclass(frozen=True)
class Outside:
    """A number of another network, for a gateway: + and country code first."""

    e164: str


Target = KallNumber | SpeedDial | Redial | Service | Emergency | Outside


@dataclass(frozen=True)
class Unfinished:
    pass


@dataclass(frozen=True)
class Wrong:
    pass


@dataclass(frozen=True)
class Complete:
    target: Target


def classify(keys: str, country: str) -> Unfinished | Wrong | Complete:
    """What the keys amount to while the next one may still come; KeyError for a country without a plan."""
    reading = _read(keys, PLANS[country])
    if reading.more:
        return Unfinished()
    return Complete(reading.target) if reading.target else Wrong()


def at_timeout(keys: str, country: str) -> Wrong | Complete:
    """What the keys amount to when no other follows them."""
    target = _read(keys, PLANS[country]).target
    return Complete(target) if target else Wrong()


def pause_s(keys: str, country: str) -> float:
    """The silence after which `at_timeout` is asked: short where a longer number is not to be expected."""
    plan = PLANS[country]
    match _read(keys, plan).target:
        case Redial():
            return _REDIAL_S
        case Emergency(number=number) if number in plan.emergency:
            return _CERTAIN_S
        case Service(argument=argument) if not argument.startswith("+"):
            return _CERTAIN_S
        case _:
            return INTERDIGIT_S


def grouped(number: str) -> str:
    """Ten digits as people read them aloud: 3-3-4."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == KALL_NUMBER_DIGITS else number


@dataclass(frozen=True)
class _Reading:
    target: Target | None
    more: bool


_NOTHING = _Reading(None, more=False)


def _either(readings: Iterable[_Reading]) -> _Reading:
    each = list(readings)
    target = next((reading.target for reading in each if reading.target), None)
    return _Reading(target, any(reading.more for reading in each))


def _read(keys: str, plan: NumberingPlan) -> _Reading:
    return _either(rule(keys, plan) for rule in _RULES)


def _number(keys: str, plan: NumberingPlan) -> _Reading:
    return _either((_kall(keys, plan), _outside(keys, plan)))


def _ended(keys: str) -> tuple[str, bool]:
    """The keys without the # at their end, and whether there was one."""
    return keys.removesuffix("#"), keys.endswith("#")


def _emergency(keys: str, plan: NumberingPlan) -> _Reading:
    number, ended = _ended(keys)
    numbers = (*plan.emergency, *EVERYWHERE)
    more = not ended and any(other.startswith(number) and other != number for other in numbers)
    return _Reading(Emergency(number) if number in numbers else None, more)


def _redial(keys: str, _: NumberingPlan) -> _Reading:
    return _Reading(Redial() if keys == "#" else None, more=not keys)


def _speed_dial(keys: str, _: NumberingPlan) -> _Reading:
    key, ended = _ended(keys)
    if not re.fullmatch("[1-9]", key):
        return _Reading(None, more=not keys)
    return _Reading(SpeedDial(key) if ended else None, more=not ended)


def _kall(keys: str, _: NumberingPlan) -> _Reading:
    number, ended = _ended(keys)
    if not re.fullmatch("[2-9][0-9]{0,9}", number):
        return _Reading(None, more=not keys)
    whole = len(number) == KALL_NUMBER_DIGITS
    return _Reading(KallNumber(number) if whole else None, more=not whole and not ended)


def _outside(keys: str, plan: NumberingPlan) -> _Reading:
    dialled, ended = _ended(keys)
    longer = any(prefix.keys.startswith(dialled) and prefix.keys != dialled for prefix in plan.prefixes)
    begun = [prefix for prefix in plan.prefixes if dialled.startswith(prefix.keys)]
    number = _e164(dialled, max(begun, key=lambda prefix: len(prefix.keys))) if begun else _NOTHING
    return _Reading(number.target, more=not ended and (longer or number.more))


def _e164(keys: str, prefix: Prefix) -> _Reading:
    digits = keys.removeprefix(prefix.keys)
    first = "[2-9]" if prefix.digits else "[1-9]"
    longest = prefix.digits or E164_DIGITS + 1 - len(prefix.becomes)
    if len(digits) > longest or not re.fullmatch(f"({first}[0-9]*)?", digits):
        return _NOTHING
    number = prefix.becomes + digits
    whole = len(digits) == longest if prefix.digits else len(number) >= _SHORTEST_E164
    return _Reading(Outside(number) if whole else None, more=len(digits) < longest)


def _service(keys: str, plan: NumberingPlan) -> _Reading:
    return _either(_spelled(keys, spelling, plan) for spelling in SPELLINGS)


def _spelled(keys: str, spelling: Spelling, plan: NumberingPlan) -> _Reading:
    head, number, tail = spelling.keys.partition("n")
    if number and keys.startswith(head):
        return _with_argument(keys.removeprefix(head), spelling.code, plan, closing=bool(tail))
    whole = keys == head
    return _Reading(Service(spelling.code) if whole else None, more=not whole and head.startswith(keys))


def _with_argument(keys: str, code: ServiceCode, plan: NumberingPlan, *, closing: bool) -> _Reading:
    """`closing`: a # must end the number, also where it is complete without one."""
    reading = _number(keys, plan)
    more = reading.more or (closing and reading.target is not None and not keys.endswith("#"))
    match reading.target:
        case KallNumber(digits=argument) | Outside(e164=argument):
            return _Reading(Service(code, argument), more)
        case _:
            return _Reading(None, more)


_RULES: tuple[Callable[[str, NumberingPlan], _Reading], ...] = (
    _emergency, _redial, _speed_dial, _kall, _service, _outside,
)
