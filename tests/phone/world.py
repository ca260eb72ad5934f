from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from kallphone.phone.book import Book, Contact
from kallphone.phone.causes import Cause
from kallphone.phone.commands import (
    Command,
    EndPayment,
    IdentifyCaller,
    OpenLine,
    OpenSession,
    PlaceCall,
    RefreshCredit,
    RegisterSip,
    Resolve,
    SignVoucher,
)
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallerIdentified,
    CallForwarded,
    CallId,
    CallMeasured,
    CallTold,
    Credit,
    CreditChanged,
    Event,
    ExpectNote,
    FarEndRinging,
    HoldNote,
    HookFlashed,
    IncomingCall,
    KeyHeld,
    KeyPressed,
    LineFailed,
    LineOpened,
    LineProgressed,
    MediaStarted,
    OffHook,
    OnHook,
    RecordingLoaded,
    Route,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SessionRefused,
    SipRegistered,
    SipUnregistered,
    TransferNote,
    TransferRefusedNote,
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
    Listening,
    Over,
    Phone,
    Quoting,
    Ringing,
)
from kallphone.phone.talking import calls

HOME = b"\x01" * 20
PEER = b"\x02" * 20
ME = b"\x03" * 20
NUMBER = "2345678900"
OTHER = "3456789012"
FRIEND = Contact("4567890123", "Friend", b"\x04" * 20, auto_answer=True)
PRICE = 20_000


@dataclass
class World:
    """Everything around one phone: answers its commands late, out of order, wrongly or never."""

    random: Random
    now: float = 100.0
    phone: Phone = field(default_factory=lambda: Phone(book=Book((FRIEND,))))
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
        self._count_calls()
        return event, before, commands

    def _count_calls(self) -> None:
        phone = self.phone
        self.visited["held"] += bool(phone.aside) and not phone.joined
        self.visited["joined"] += phone.joined
        self.visited["waiting"] += phone.waiting is not None
        self.visited["hands free"] += phone.hands_free
        self.visited["put through"] += any(call.transferring for call in calls(phone))

    def _choose(self) -> Event:
        self.now += self.random.choice([0.01, 0.1, 0.4, 1.0])
        wakeup = wakeup_for(self.phone)
        patience = 0.35 if isinstance(self.phone.mode, InCall) or self.phone.retry else 0.03
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
            case Idle() if self.phone.retry and self.random.random() < 0.5:
                self.now = max(self.now, self.phone.retry.at)
                return Woken()
            case Idle():
                return self.random.choice([OffHook(), OffHook(), self._incoming()])
            case Ringing():
                gone = CallEnded(mode.caller.call, 487, "")
                return self.random.choice([OffHook(), OffHook(), OffHook(), gone, KeyPressed("*")])
            case DialTone() | Dialing():
                digits = mode.digits if isinstance(mode, Dialing) else ""
                good = NUMBER[len(digits) : len(digits) + 1]
                return KeyPressed(good) if good and self.random.random() < 0.97 else OnHook()
            case Calling(errand=of) | Answering(caller=of):
                return self.random.choice([CallAnswered(of.call)] * 6 + [self._code(of.call), OnHook()])
            case Quoting():
                return self.random.choice([KeyPressed("#"), KeyPressed("#"), OnHook()])
            case Listening():
                return self.random.choice([RecordingLoaded(mode.file, "sound"), OnHook()])
            case InCall() if self.phone.pages and self.random.random() < 0.4:
                return KeyPressed(self.random.choice("1233445607"))
            case InCall() if self.phone.aside and self.random.random() < 0.1:
                return HookFlashed()
            case InCall():
                talk: list[Event] = [
                    MediaStarted(mode.call, "opus/48000/2", "DTLS-SRTP"),
                    KeyPressed("5"),
                    Woken(),
                ]
                hand = [HookFlashed(), KeyHeld("#"), *map(KeyPressed, "1234560"), *self._notes(mode.call)]
                ends = [self._code(mode.call), OnHook(), self._incoming(), CallEnded(mode.call, 200, "")]
                return self.random.choice(talk * 8 + hand + ends)
            case Over():
                return self.random.choice([OnHook(), Woken(), HookFlashed(), *[KeyPressed("5")] * 2])
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
            case PlaceCall(call=call) if self.random.random() < 0.1:
                self.pending.append(CallForwarded(call, OTHER))
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
        return IncomingCall(call, self.random.choice([PEER, PEER, FRIEND.account]))

    def _notes(self, call: CallId) -> list[Event]:
        return [
            CallTold(call, note)
            for note in (TransferNote(OTHER), ExpectNote(PEER), HoldNote(held=True), TransferRefusedNote())
        ]

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


def open_calls(phone: Phone) -> list[CallId]:
    """Those that SIP has going on for the hand that holds the handset."""
    mode = phone.mode
    match mode:
        case Calling():
            return [mode.errand.call, *(call.call for call in phone.aside)]
        case Answering():
            return [mode.caller.call, *(call.call for call in phone.aside)]
        case _:
            return [call.call for call in calls(phone)]


def ended_payments(commands: list[Command]) -> Counter[CallId]:
    return Counter(command.call for command in commands if isinstance(command, EndPayment))
