from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from kallphone.phone.causes import Cause
from kallphone.phone.commands import (
    Command,
    EndPayment,
    IdentifyCaller,
    OpenLine,
    OpenSession,
    RefreshCredit,
    RegisterSip,
    Resolve,
    SignVoucher,
)
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallerIdentified,
    CallId,
    CallMeasured,
    Credit,
    CreditChanged,
    Event,
    FarEndRinging,
    IncomingCall,
    KeyPressed,
    LineFailed,
    LineOpened,
    LineProgressed,
    MediaStarted,
    OffHook,
    OnHook,
    Route,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SessionRefused,
    SipRegistered,
    SipUnregistered,
    VoucherAccepted,
    VoucherRefused,
    Woken,
)
from kallphone.phone.machine import transition, wakeup_for
from kallphone.phone.states import (
    Answering,
    Calling,
    Dialing,
    DialTone,
    Idle,
    InCall,
    Phone,
    Ringing,
)

HOME = b"\x01" * 20
PEER = b"\x02" * 20
ME = b"\x03" * 20
NUMBER = "2345678900"
PRICE = 20_000


@dataclass
class World:
    """Everything around one phone: answers its commands late, out of order, wrongly or never."""

    random: Random
    now: float = 100.0
    phone: Phone = field(default_factory=Phone)
    deposited: int = PRICE * 40
    pending: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    visited: Counter[str] = field(default_factory=Counter)
    next_incoming: int = 2
    signed: dict[bytes, int] = field(default_factory=dict)

    def step(self) -> tuple[Event, Phone, tuple[Command, ...]]:
        event = self._choose()
        before = self.phone
        self.phone, commands = transition(before, event, self.now)
        for command in commands:
            self._react(command)
        self.commands.extend(commands)
        self.visited[type(self.phone.mode).__name__] += 1
        return event, before, commands

    def _choose(self) -> Event:
        self.now += self.random.choice([0.01, 0.1, 0.4, 1.0])
        wakeup = wakeup_for(self.phone)
        patience = 0.35 if isinstance(self.phone.mode, InCall) else 0.03
        if wakeup is not None and (wakeup <= self.now or self.random.random() < patience):
            self.now = max(self.now, wakeup)
            return Woken()
        if self.pending and self.random.random() < 0.75:
            return self.pending.pop(self.random.randrange(len(self.pending)))
        return self._hand_or_network()

    def _hand_or_network(self) -> Event:
        roll = self.random.random()
        if roll < 0.04:
            return self._stray()
        if roll < 0.06:
            return SipUnregistered(503, "connection broke")
        mode = self.phone.mode
        match mode:
            case Idle():
                return self.random.choice([OffHook(), OffHook(), self._incoming()])
            case Ringing():
                return self.random.choice([OffHook(), OffHook(), OffHook(), CallEnded(mode.call, 487, "")])
            case DialTone() | Dialing():
                digits = mode.digits if isinstance(mode, Dialing) else ""
                good = NUMBER[len(digits) : len(digits) + 1]
                return KeyPressed(good) if good and self.random.random() < 0.97 else OnHook()
            case Calling() | Answering():
                return self.random.choice([CallAnswered(mode.call)] * 6 + [self._code(mode.call), OnHook()])
            case InCall():
                talk: list[Event] = [
                    MediaStarted(mode.call, "opus/48000/2", "DTLS-SRTP"),
                    KeyPressed("5"),
                    Woken(),
                ]
                return self.random.choice(talk * 8 + [self._code(mode.call), OnHook(), self._incoming()])
            case _:
                return self.random.choice([OnHook(), Woken()])

    def _react(self, command: Command) -> None:
        match command:
            case OpenLine():
                opened = LineOpened(ME, NUMBER, 5 * PRICE, self._credit(), 0, 300.0)
                self.pending += [
                    LineProgressed("Registering"),
                    self._mostly(opened, LineFailed("no provider")),
                ]
            case RegisterSip():
                self.pending.append(self._mostly(SipRegistered(), SipUnregistered(403, "refused")))
            case RefreshCredit():
                self.deposited += self.random.choice([0, 0, PRICE * 4])
                self.pending.append(CreditChanged(0, self._credit()))
            case Resolve(call=call):
                route = Route(HOME, PEER, "sip:0x02@kall", self.random.choice([0, PRICE, PRICE]))
                self.pending.append(
                    self._mostly(RouteFound(call, route), RouteNotFound(call, Cause.NOT_LISTED))
                )
            case OpenSession(call=call):
                self.pending.append(
                    self._mostly(
                        SessionOpened(call, self._credit()), SessionRefused(call, Cause.PROVIDER_LOST)
                    )
                )
                self.pending.append(FarEndRinging(call))
            case IdentifyCaller(call=call):
                self.pending.append(CallerIdentified(call, NUMBER))
            case SignVoucher(call=call, cumulative=cumulative):
                self.signed[command.provider] = cumulative
                accepted = VoucherAccepted(call, cumulative)
                self.pending.append(self._mostly(accepted, VoucherRefused(call, cumulative, "no"), 0.98))
            case EndPayment(call=call):
                self.pending.append(CallMeasured(call, 0.1, 8.0, 30.0, self.random.choice([2.0, 60.0])))
            case _:
                pass

    def _mostly(self, good: Event, bad: Event, odds: float = 0.93) -> Event:
        return good if self.random.random() < odds else bad

    def _credit(self) -> Credit:
        # Late answers may carry an old view: sometimes a `signed` from before.
        signed = self.signed.get(HOME, 0)
        return Credit(HOME, 0, self.deposited, self.random.choice([signed, signed, max(0, signed - PRICE)]))

    def _incoming(self) -> Event:
        call = CallId(self.next_incoming)
        self.next_incoming += 2
        return IncomingCall(call, PEER)

    def _code(self, call: CallId) -> Event:
        return CallEnded(call, self.random.choice([200, 402, 404, 408, 480, 486, 503, 603]), "")

    def _stray(self) -> Event:
        call = CallId(self.random.randrange(1, max(3, self.phone.next_call + 3)))
        strays: list[Event] = [
            CallAnswered(call),
            CallEnded(call, 200, ""),
            CallMeasured(call, 0.0, 1.0, 0.0, 60.0),
            FarEndRinging(call),
            VoucherAccepted(call, 1),
            RouteNotFound(call, Cause.NO_ROUTE),
            KeyPressed(self.random.choice("0123456789*#")),
            OnHook(),
            OffHook(),
            SessionRefused(call, Cause.FAILED),
            LineFailed("late"),
            CallerIdentified(call, NUMBER),
        ]
        return self.random.choice(strays)


def ended_payments(commands: list[Command]) -> Counter[CallId]:
    return Counter(command.call for command in commands if isinstance(command, EndPayment))
