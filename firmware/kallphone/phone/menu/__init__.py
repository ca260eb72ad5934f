from __future__ import annotations

from kallphone.phone.commands import Command
from kallphone.phone.events import Event
from kallphone.phone.screens import Screen
from kallphone.phone.states import Phone
from kallphone.phone.words import Words

Transition = tuple[Phone, tuple[Command, ...]]


def open_menu(phone: Phone, now: float) -> Phone:
    return phone


def key(phone: Phone, key: str, now: float, *, held: bool = False) -> Transition:
    return phone, ()


def event(phone: Phone, event: Event, now: float) -> Transition:
    return phone, ()


def due(phone: Phone, now: float) -> Transition:
    return phone, ()


def wakeup(phone: Phone) -> float | None:
    return None


def screen(phone: Phone, words: Words) -> Screen:
    return Screen(())


def number(phone: Phone) -> str:
    return ""


def recording(phone: Phone) -> str:
    return ""
