"""`kallphone device`: a flashed phone from power-on, as whatever it has to be now."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kallnet.configfile import ConfigError
from kallnet.deployment import load_deployment
from kallnet.errors import DeploymentInvalid
from kallphone.config import load_config
from kallphone.device.attendant import Attendant
from kallphone.device.damage import language_of, show_damage, show_unreadable
from kallphone.device.in_use import InUse
from kallphone.device.layout import Layout
from kallphone.device.modes import AGAIN, Choice, Damage, Mode, choose, wish_for
from kallphone.device.notify import Notifier
from kallphone.device.requests import ask_root
from kallphone.device.reset import KEYS, ask_for_reset, held_long
from kallphone.device.status import Status, StatusFile, release_build
from kallphone.device.watchdog import alive_by_thread
from kallphone.doctor.desk import DeviceDesk, device_facts
from kallphone.doctor.hall import Hall, held
from kallphone.doctor.machine import Machine
from kallphone.doctor.stage import Ended
from kallphone.hardware.board import Surroundings, keys_down_now
from kallphone.hardware.errors import HardwareError
from kallphone.hardware.pins import Pins, load_pins
from kallphone.languages import translation
from kallphone.parts import Face
from kallphone.ports import Device, Post
from kallphone.storage.errors import (
    DatabaseDamaged,
    DatabaseTooNew,
    DiskReadOnly,
    KeyFileError,
    KeyMissing,
)
from kallphone.storage.key import key_in

log = logging.getLogger(__name__)

PINS = "pins.toml"
"""Below layout.state: this phone's own pin table, in place of the one that came along."""

ENDED, FAILED = 0, 1
UNREADABLE = (
    ConfigError, DeploymentInvalid, DatabaseDamaged, DatabaseTooNew, DiskReadOnly, KeyFileError,
)  # fmt: skip
_RESTARTS_S = 120.0


@dataclass(frozen=True)
class DeviceService:
    """One process of a flashed phone, under `notifier`'s eyes.

    `is_mounted` says whether the data partition is there; `panel` simulates the hardware.
    """

    layout: Layout
    notifier: Notifier
    panel: bool = False
    pins: Path | None = None
    is_mounted: Callable[[Path], bool] = os.path.ismount

    def run(self) -> int:
        """The process's exit status; AGAIN asks for another start."""
        self.layout.run.mkdir(parents=True, exist_ok=True)
        if not self.panel and self._erased_by_hand():
            return ENDED
        choice = self._choose()
        while choice.mode is not Mode.PHONE:
            log.info("this start is for %s", choice.mode.value)
            if not self._be(choice):
                return ENDED
            before, choice = choice, self._choose()
            if choice == before:
                # Neither asked for nor done: a fresh start is worth more than a circle.
                return AGAIN
        try:
            return self._be_a_phone()
        except UNREADABLE as error:
            return self._tell_unreadable(error)

    def _choose(self) -> Choice:
        return choose(self.layout, self.is_mounted)

    def _be(self, choice: Choice) -> bool:
        """Whether to go on as something else."""
        StatusFile(self.layout.status, self._status(choice.mode)).write()
        self.notifier.ready(choice.mode.value if choice.damage is None else choice.damage.value)
        with alive_by_thread(self.notifier):
            match choice:
                case Choice(Mode.DAMAGE, Damage() as damage):
                    return self._tell_damage(damage)
                case Choice(Mode.RESET):
                    return not self._ask_for_reset()
                case Choice(Mode.SETUP):
                    return _set_up(self.layout, panel=self.panel, pins=self._pins_file())
                case _:
                    return _examine(self.layout, panel=self.panel, pins=self._pins_file())

    def _be_a_phone(self) -> int:
        config = load_config(self.layout.config)
        # While nothing holds the display, which is to tell of them. No configuration is written before a key:
        # without this one a phone would make another, and be somebody else from then on.
        load_deployment(config.deployment)
        if not key_in(config.state).exists():
            raise KeyMissing(f"{config.state} has lost its key")
        in_use = InUse(self.layout.in_use)
        status = StatusFile(self.layout.status, self._status(Mode.PHONE))
        left: list[str] = []

        async def phone() -> None:
            from kallphone.app import run_phone

            attendant = Attendant(self.notifier, status, in_use)

            def leave(mode: str) -> None:
                wish_for(self.layout, mode)
                left.append(mode)
                attendant.leave()

            await run_phone(
                config,
                panel=self.panel,
                pins=self._pins_file(),
                device=partial(_desk, self.layout, leave),
                attend=attendant.attend,
            )

        try:
            asyncio.run(phone())
        finally:
            in_use.close()
        return AGAIN if left else ENDED

    def _tell_damage(self, damage: Damage) -> bool:
        with self._stage() as (hall, _), suppress(Ended):
            show_damage(hall, damage, translation(language_of(self.layout)))
        return False

    def _tell_unreadable(self, error: Exception) -> int:
        """Ends as a failure, for another start: a system on trial must not be kept for a page."""
        StatusFile(self.layout.status, self._status(Mode.DAMAGE)).write()
        self.notifier.ready(Damage.UNREADABLE.value)
        with alive_by_thread(self.notifier), self._stage() as (hall, _):
            told = show_unreadable(hall, error, translation(language_of(self.layout)))
        return FAILED if told else ENDED

    def _ask_for_reset(self) -> bool:
        """Whether this process is over: root erases, or it was told to stop."""
        with self._stage() as (hall, _):
            return self._answered(hall)

    def _erased_by_hand(self) -> bool:
        """The way in that needs no menu, no PIN and no key: both keys are down as the phone comes up."""
        pins = self._load_pins()
        with suppress(HardwareError):
            if not keys_down_now(pins.keypad) >= KEYS:
                return False
            self.notifier.ready("factory reset")
            with alive_by_thread(self.notifier), self._stage() as (hall, face):
                return held_long(hall, face.keys_down) and self._answered(hall)
        return False

    def _answered(self, hall: Hall) -> bool:
        try:
            if not ask_for_reset(hall, self.layout):
                return False
            hall.wait(_RESTARTS_S)
        except Ended:
            pass
        return True

    @contextmanager
    def _stage(self) -> Iterator[tuple[Hall, Face]]:
        hall = Hall(translation(language_of(self.layout)))
        with held(hall, Surroundings(), self._load_pins(), panel=self.panel) as face:
            yield hall, face

    def _pins_file(self) -> Path | None:
        own = self.layout.state / PINS
        return self.pins or (own if own.exists() else None)

    def _load_pins(self) -> Pins:
        """A table that is broken or out of reach must not keep the phone from telling so."""
        try:
            return load_pins(self._pins_file())
        except HardwareError:
            log.exception("the table that came along is used instead")
            return load_pins(self.pins)

    def _status(self, mode: Mode) -> Status:
        return Status(mode.value, release=release_build(self.layout))


def _desk(layout: Layout, leave: Callable[[str], None], post: Post) -> Device:
    facts = device_facts(Machine(), layout)
    return DeviceDesk(layout, facts, post, leave=leave, request=partial(ask_root, layout))


def _set_up(layout: Layout, *, panel: bool, pins: Path | None) -> bool:
    from kallphone.setup.app import run_setup

    return run_setup(layout, panel=panel, pins=pins)


def _examine(layout: Layout, *, panel: bool, pins: Path | None) -> bool:
    from kallphone.doctor.app import run_doctor_on_glass

    return run_doctor_on_glass(layout, panel=panel, pins=pins)
