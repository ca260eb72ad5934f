"""The pages of the setup by name, as somebody comes to see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kallphone.setup.machine import without_network
from kallphone.setup.simulated_network import SimulatedNetwork
from kallphone.setup.states import (
    STEPS,
    HotspotChanged,
    Newcomer,
    Provider,
    Trouble,
    WifiRefused,
    told,
)
from tests.setup.world import HOTSPOT, OTHER_WORDS, Hand, World


def at(step: str, world: World | None = None) -> Hand:
    """At a step, with everything before it left by the shortest way."""
    hand = Hand(world or World())
    network = "3#" if hand.world.link() == replace(hand.world.link(), cable=False, wifi="") else "1"
    ways = {"language": "1", "country": "#", "network": network, "key": "12#", "pin step": "1"}
    for name, keys in ways.items():
        if step == name:
            break
        hand.press(keys)
    assert hand.page == step
    return hand


def _pressed(step: str, keys: str, *, slow: bool = False) -> Newcomer:
    hand = at(step)
    hand.slow = slow
    hand.press(keys)
    return hand.phone


def _password(typed: str, trouble: Trouble | None = None) -> Newcomer:
    hand = at("network")
    hand.press("11")
    hand.type(typed)
    if trouble is not None:
        hand.slow = True
        hand.press("#")
        hand.wait(2)
        hand.owed.clear()
        hand.happens(WifiRefused(hand.phone.setup.attempt, trouble))
    return hand.phone


def _joined(*, arrived: bool) -> Newcomer:
    hand = at("network")
    hand.press("11")
    hand.slow = not arrived
    hand.enter("kall1234")
    return hand.phone


def _hotspot(*, visited: bool) -> Newcomer:
    hand = at("network")
    hand.press("2")
    hand.happens(HotspotChanged(replace(HOTSPOT, visited=visited)))
    return hand.phone


def _restored(words: tuple[str, ...], more: str = "") -> Newcomer:
    hand = at("key")
    hand.press("2")
    hand.spell(words)
    hand.press(more)
    return hand.phone


def _providers() -> Newcomer:
    hand = at("pin step", World(steps=STEPS, provider=""))
    both = (Provider("North exchange", "https://n.test"), Provider("South exchange", "https://s.test"))
    hand.phone = told(hand.phone, providers=both)
    hand.press("1")
    return hand.phone


def _typed_provider() -> Newcomer:
    hand = at("pin step", World(steps=STEPS, provider=""))
    hand.press("11")
    hand.type("kall.net")
    return hand.phone


def _wrong_words() -> tuple[str, ...]:
    return (*OTHER_WORDS[:2], "zoo", *OTHER_WORDS[3:])


def _cable() -> Newcomer:
    return at("network", World(SimulatedNetwork(cable=True))).phone


_MAKERS: dict[str, Callable[[], Newcomer]] = {
    "language": lambda: Hand().phone,
    "country": lambda: at("country").phone,
    "made-for-none": without_network,
    "card": lambda: without_network(("[wifi] password: is empty; give that of 'Home'",)),
    "network": lambda: at("network").phone,
    "network-cable": _cable,
    "wifi-searching": lambda: _pressed("network", "1", slow=True),
    "wifi": lambda: _pressed("network", "1"),
    "wifi-name": lambda: _pressed("network", "15"),
    "password": lambda: _password("kall12"),
    "password-wrong": lambda: _password("kall1235", Trouble.PASSWORD),
    "password-no-address": lambda: _password("kall1234", Trouble.ADDRESS),
    "joining": lambda: _joined(arrived=False),
    "joined": lambda: _joined(arrived=True),
    "no-network-yet": lambda: _pressed("network", "3"),
    "hotspot-opening": lambda: _pressed("network", "2", slow=True),
    "hotspot": lambda: _hotspot(visited=False),
    "hotspot-page": lambda: _hotspot(visited=True),
    "key": lambda: at("key").phone,
    "key-made": lambda: _pressed("key", "1"),
    "key-there": lambda: _pressed("key", "1*"),
    "words-later": lambda: _pressed("key", "12"),
    "replace-key": lambda: _pressed("key", "1*3"),
    "restore-first": lambda: _pressed("key", "2"),
    "restore-word": lambda: _restored(OTHER_WORDS[:4], "843"),
    "restore-none": lambda: _restored((), "9999"),
    "words-wrong": lambda: _restored(_wrong_words()),
    "pin-step": lambda: at("pin step").phone,
    "pin-there": lambda: _pressed("pin step", "22580#2580#*"),
    "provider": _providers,
    "provider-address": _typed_provider,
    "summary": lambda: at("summary").phone,
    "saving": lambda: _pressed("summary", "#", slow=True),
    "done": lambda: _pressed("summary", "#"),
}

SCENES = {name: make() for name, make in _MAKERS.items()}
