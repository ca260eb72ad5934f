from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from kallphone.adapters import Adapters, carry_out
from kallphone.phone.commands import Command, RegisterSip
from kallphone.phone.events import Event, SipUnregistered, Woken
from kallphone.phone.lamps import LampState, lamps_for
from kallphone.phone.machine import transition, wakeup_for
from kallphone.phone.pictures import screen_for
from kallphone.phone.screens import Screen
from kallphone.phone.sound import Levels, Ring, Sound, levels_for, ring_for, sound_for
from kallphone.phone.states import Calling, Phone, Ringing
from kallphone.phone.words import ENGLISH, Words

log = logging.getLogger(__name__)

Observer = Callable[[Event | Command], None]
"""Sees every event and command as it happens, on the main thread; must not block."""


@dataclass
class _Shown:
    """What was last sent to each output, so that only changes are sent."""

    screen: Screen | None = None
    sound: Sound | None = None
    ring: Ring | None = None
    lamps: LampState | None = None
    levels: Levels | None = None


@dataclass
class Engine:
    """Owns the phone's state and is its only writer, on the asyncio main thread.

    `clock` is monotonic, in seconds; it must be the running loop's own clock, since wake-ups are
    scheduled on it.
    """

    adapters: Adapters
    clock: Callable[[], float]
    phone: Phone = field(default_factory=Phone)
    observers: list[Observer] = field(default_factory=list)
    words: Callable[[str], Words] = lambda language: ENGLISH  # noqa: ARG005
    _shown: _Shown = field(default_factory=_Shown)
    _inbox: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)

    def post_from_loop(self, event: Event) -> None:
        self._inbox.put_nowait(event)

    async def run(self) -> None:
        """Until cancelled: take the next event, or wake the phone when it asked for it."""
        self._show()
        while True:
            self.step(await self._next_event())

    def step(self, event: Event) -> None:
        before = self.phone
        self._observe(event)
        self.phone, commands = transition(before, event, self.clock())
        if type(before.mode) is not type(self.phone.mode):
            log.info("%s -> %s", type(before.mode).__name__, type(self.phone.mode).__name__)
        self._keep_journal(before)
        for command in commands:
            self._observe(command)
            if isinstance(command, RegisterSip):
                self._register()
            else:
                carry_out(self.adapters, command)
        self._show()

    def _observe(self, happening: Event | Command) -> None:
        for observer in self.observers:
            observer(happening)

    async def _next_event(self) -> Event:
        wakeup = wakeup_for(self.phone)
        if wakeup is None:
            return await self._inbox.get()
        try:
            async with asyncio.timeout_at(wakeup):
                return await self._inbox.get()
        except TimeoutError:
            return Woken()

    def _keep_journal(self, before: Phone) -> None:
        mode = self.phone.mode
        if type(before.mode) is type(mode):
            return
        if isinstance(mode, Calling):
            errand = mode.errand
            self.adapters.journal.call_started(errand.call, outgoing=True, number=errand.number)
        elif isinstance(mode, Ringing):
            caller = mode.caller
            self.adapters.journal.call_started(caller.call, outgoing=False, number=caller.number)

    def _register(self) -> None:
        credentials = self.adapters.payments.credentials()
        if credentials is None:
            self.post_from_loop(SipUnregistered(0, "No credentials yet"))
        else:
            self.adapters.sip.register(credentials)

    def _show(self) -> None:
        """Send what follows from the state, where it changed. Sound first: ears notice sooner."""
        world, shown = self.adapters, self._shown
        new = _Shown(
            screen_for(self.phone, self.words(self.phone.settings.language)),
            sound_for(self.phone),
            ring_for(self.phone),
            lamps_for(self.phone),
            levels_for(self.phone),
        )
        if new.levels is not None and new.levels != shown.levels:
            world.mixer.set(new.levels)
        if new.sound is not None and new.sound != shown.sound:
            for handset in world.handsets:
                handset.hear(new.sound)
        if new.ring != shown.ring:
            world.ringer.ring(new.ring)
        if new.screen is not None and new.screen != shown.screen:
            world.display.show(new.screen)
        if new.lamps is not None and new.lamps != shown.lamps:
            world.lamps.light(line=new.lamps.line, message=new.lamps.message)
        self._shown = new
