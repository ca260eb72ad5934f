from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallphone.hardware.cadence import CadenceRinger
from kallphone.hardware.errors import DeviceMissing
from kallphone.hardware.glass import Glass, NoGlass
from kallphone.hardware.hook import HookSwitch
from kallphone.hardware.keypad import MatrixKeypad
from kallphone.hardware.lamps import IndicatorLamps
from kallphone.hardware.mixer import AlsaMixer
from kallphone.hardware.oled import OledDisplay, open_oled
from kallphone.hardware.pins import DisplayWiring, KeypadPins, Pins, RingerPins
from kallphone.hardware.ringer import BuzzerRinger
from kallphone.hardware.sound_ringer import SoundRinger
from kallphone.hardware.soundcards import CARDS, SoundCards
from kallphone.phone.events import Event
from kallphone.ports import Post


def _forget(lifted_closed: bool) -> None:
    pass


@dataclass(frozen=True)
class Surroundings:
    """What a board is given beside its pins.

    `hook_lifted_closed` was learned by an earlier run and given to `remember_hook`; `mixer` is the ALSA
    device whose volumes are set, "null" for none; `alsa` stands in for the alsaaudio module.
    `do_without_display` is told in words that there is none; without it there is no board without one.
    """

    hook_lifted_closed: bool | None = None
    remember_hook: Callable[[bool], None] = _forget
    mixer: str = "default"
    alsa: Any = None
    cards: Path = CARDS
    do_without_display: Callable[[str], None] | None = None


class Board:
    """Every part that a hand, an eye or an ear meets, on one gpiozero pin factory and one display."""

    def __init__(
        self, pins: Pins, post: Post, pin_factory: Any, glass: Glass, surroundings: Surroundings
    ) -> None:
        given = surroundings
        self.display = OledDisplay(glass)
        self.lamps = IndicatorLamps(pins.lamps, pin_factory)
        self.ringer = _ringer(pins.ringer, pin_factory, given.alsa)
        self.mixer = AlsaMixer(given.mixer, given.alsa, pins.ringer.device)
        self.keypad = MatrixKeypad(pins.keypad, post, pin_factory)
        self.hook = HookSwitch(
            pins.hook, post, pin_factory, known=given.hook_lifted_closed, remember=given.remember_hook
        )
        self.cards = SoundCards(self._cards_changed, given.cards)
        self._post = post
        self._pin_factory = pin_factory
        self._threads = (self.display, self.ringer, self.mixer, self.keypad, self.hook, self.cards)

    def start(self) -> None:
        for part in self._threads:
            part.start()

    def stop(self) -> None:
        for part in reversed(self._threads):
            part.stop()
        self.lamps.stop()
        self._pin_factory.close()

    def _cards_changed(self, event: Event) -> None:
        self.mixer.set_again()
        self._post(event)


def open_board(pins: Pins, post: Post, surroundings: Surroundings | None = None) -> Board:
    """The board of this Raspberry Pi; DeviceMissing where it is none, or lacks its display."""
    given = surroundings or Surroundings()
    return Board(pins, post, _open_gpio(), glass_of(pins.display, given, open_oled), given)


def glass_of(
    wiring: DisplayWiring, given: Surroundings, open_glass: Callable[[DisplayWiring], Glass]
) -> Glass:
    try:
        return open_glass(wiring)
    except DeviceMissing as error:
        if given.do_without_display is None:
            raise
        given.do_without_display(str(error))
        return NoGlass((wiring.width, wiring.height))


def keys_down_now(pins: KeypadPins) -> frozenset[str]:
    """By one look at the keypad, before there is a board; DeviceMissing where this is no Raspberry Pi."""
    factory = _open_gpio()
    keypad = MatrixKeypad(pins, lambda _: None, factory)
    try:
        return frozenset(pins.key(*place) for place in keypad.scan())
    finally:
        keypad.stop()
        factory.close()


def _ringer(pins: RingerPins, pin_factory: Any, alsa: Any) -> CadenceRinger:
    buzzer = BuzzerRinger(pins, pin_factory)
    return SoundRinger(pins.device, buzzer, alsa) if pins.device else buzzer


def _open_gpio() -> Any:
    # lgpio makes a notification pipe in its working directory, which may be read-only.
    os.environ.setdefault("LG_WD", tempfile.gettempdir())
    here = Path.cwd()
    try:
        from gpiozero.pins.lgpio import LGPIOFactory

        return LGPIOFactory()
    except Exception as error:  # lgpio raises a bare class of its own
        words = f"no GPIO here ({error}): run on a Raspberry Pi, or simulate the hardware"
        raise DeviceMissing(words) from error
    finally:
        os.chdir(here)  # lgpio moves the whole process to LG_WD
