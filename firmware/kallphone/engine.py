from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from kallphone.phone.commands import (
    AlertCaller,
    AnswerCall,
    Command,
    EndPayment,
    HangUp,
    IdentifyCaller,
    LogCall,
    OpenLine,
    OpenSession,
    PlaceCall,
    RateService,
    RefreshCredit,
    RegisterSip,
    RejectCall,
    Resolve,
    SendDigit,
    SendRatings,
    SignVoucher,
)
from kallphone.phone.events import Event, SipUnregistered, Woken
from kallphone.phone.lamps import LampState, lamps_for
from kallphone.phone.machine import transition, wakeup_for
from kallphone.phone.screens import Screen, screen_for
from kallphone.phone.sound import Ring, Sound, ring_for, sound_for
from kallphone.phone.states import Calling, Idle, Phone, Ringing
from kallphone.ports import Directory, Display, Handset, Journal, Lamps, Payments, Ringer, Sip

log = logging.getLogger(__name__)

Observer = Callable[[Event | Command], None]
"""Sees every event and command as it happens, on the main thread; must not block."""


@dataclass(frozen=True)
class Adapters:
    """The world around the pure phone."""

    sip: Sip
    handsets: tuple[Handset, ...]
    directory: Directory
    payments: Payments
    journal: Journal
    display: Display
    ringer: Ringer
    lamps: Lamps


@dataclass
class _Shown:
    """What was last sent to each output, so that only changes are sent."""

    screen: Screen | None = None
    sound: Sound | None = None
    ring: Ring | None = None
    lamps: LampState | None = None


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
            self._carry_out(command)
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
        if isinstance(mode, Calling | Ringing) and type(before.mode) is not type(mode):
            outgoing = isinstance(mode, Calling)
            self.adapters.journal.call_started(mode.call, outgoing=outgoing, number=mode.number)
        if isinstance(before.mode, Idle) and before.missed and not self.phone.on_hook:
            self.adapters.journal.forget_missed()

    def _carry_out(self, command: Command) -> None:
        world = self.adapters
        match command:
            case OpenLine():
                world.payments.open_line()
            case RegisterSip():
                self._register()
            case RefreshCredit():
                world.payments.refresh_credit()
            case SendRatings():
                world.payments.send_ratings()
            case Resolve(call=call, number=number):
                world.directory.resolve(call, number)
            case IdentifyCaller(call=call, caller=caller):
                world.directory.identify(call, caller)
            case OpenSession(call=call, route=route):
                world.payments.open_session(call, route)
            case SignVoucher():
                world.payments.sign_voucher(command)
            case EndPayment():
                world.payments.end_payment(command)
            case RateService():
                world.payments.rate_service(command)
            case LogCall():
                world.journal.log_call(command)
            case (
                PlaceCall()
                | AlertCaller()
                | AnswerCall()
                | RejectCall()
                | HangUp()
                | SendDigit()
            ):
                self._signal(command)
            case _:
                pass

    def _signal(
        self, command: PlaceCall | AlertCaller | AnswerCall | RejectCall | HangUp | SendDigit
    ) -> None:
        sip = self.adapters.sip
        match command:
            case PlaceCall(call=call, uri=uri):
                sip.place(call, uri)
            case AlertCaller(call=call):
                sip.alert(call)
            case AnswerCall(call=call):
                sip.answer(call)
            case RejectCall(call=call, code=code):
                sip.reject(call, code)
            case HangUp(call=call):
                sip.hang_up(call)
            case SendDigit(call=call, key=key):
                sip.send_digit(call, key)

    def _register(self) -> None:
        credentials = self.adapters.payments.credentials()
        if credentials is None:
            self.post_from_loop(SipUnregistered(0, "No credentials yet"))
        else:
            self.adapters.sip.register(credentials)

    def _show(self) -> None:
        """Send what follows from the state, where it changed. Sound first: ears notice sooner."""
        sound, ring = sound_for(self.phone), ring_for(self.phone)
        screen, lamps = screen_for(self.phone), lamps_for(self.phone)
        if sound != self._shown.sound:
            for handset in self.adapters.handsets:
                handset.hear(sound)
        if ring != self._shown.ring:
            self.adapters.ringer.ring(ring)
        if screen != self._shown.screen:
            self.adapters.display.show(screen)
        if lamps != self._shown.lamps:
            self.adapters.lamps.light(line=lamps.line, message=lamps.message)
        self._shown = _Shown(screen, sound, ring, lamps)
