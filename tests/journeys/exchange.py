"""A town of whole phones: the real engine and machine of each, joined by a fake network on one clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from kallphone.adapters import Adapters
from kallphone.engine import Engine
from kallphone.phone.causes import Cause
from kallphone.phone.commands import EndPayment, LogCall, SignVoucher
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallerIdentified,
    CallForwarded,
    CallId,
    CallTold,
    Credit,
    CreditChanged,
    Event,
    FarEndRinging,
    HookFlashed,
    IncomingCall,
    KeyHeld,
    KeyPressed,
    LineOpened,
    Located,
    MediaStarted,
    Note,
    OffHook,
    OnHook,
    Reachable,
    Route,
    RouteFound,
    RouteNotFound,
    SessionOpened,
    SipRegistered,
    VoucherAccepted,
    Woken,
)
from kallphone.phone.lamps import Light
from kallphone.phone.machine import wakeup_for
from kallphone.phone.screens import Screen
from kallphone.phone.settings import Settings
from kallphone.phone.sound import SILENCE, Ring, Sound
from kallphone.phone.states import Phone
from kallphone.ports import SipCredentials

HOME = b"\x01" * 20
PRICE = 20_000
DEPOSIT = 2_000_000


@dataclass
class Leg:
    """One side of a call; `far` is the other side."""

    phone: TownPhone
    call: CallId
    far: Leg | None = None
    answered: bool = False


class TownPhone:
    """A phone in the town, with a hand, an ear and an eye."""

    def __init__(self, town: Town, name: str, number: str) -> None:
        self.town, self.name, self.number = town, name, number
        self.account = number.encode().ljust(20, b"\0")
        self.legs: dict[CallId, Leg] = {}
        self.next_incoming = 2
        self.connected = True
        self.signs = True
        self.deposited = DEPOSIT
        self.signed = 0
        self.sound, self.screen = SILENCE, Screen(())
        self.ringing: Ring | None = None
        self.lamps = (Light.OFF, Light.OFF)
        self.notes: list[tuple[str, Any]] = []
        world: Any = self
        adapters = Adapters(
            world, (world,), world, world, world, world, world, world, world, world, world, world, world
        )
        self.engine = Engine(adapters, lambda: town.now, Phone(touched_at=town.now))

    # The hand.
    def lift(self) -> None:
        self.town.do(self, OffHook())

    def lower(self) -> None:
        self.town.do(self, OnHook())

    def flash(self) -> None:
        self.town.do(self, HookFlashed())

    def press(self, keys: str) -> None:
        for key in keys:
            self.town.do(self, KeyPressed(key))

    def hold(self, key: str) -> None:
        self.town.do(self, KeyPressed(key))
        self.town.do(self, KeyHeld(key))

    def call(self, other: TownPhone) -> None:
        self.lift()
        self.press(other.number)

    def choose(self, **changes: Any) -> None:
        """Other settings, as the menu would make them."""
        self.engine.phone = replace(self.engine.phone, settings=replace(self.settings, **changes))

    @property
    def uri(self) -> str:
        return f"sip:0x{self.account.hex()}@kall.test"

    @property
    def settings(self) -> Settings:
        return self.engine.phone.settings

    @property
    def phone(self) -> Phone:
        return self.engine.phone

    @property
    def text(self) -> str:
        return self.screen.text

    @property
    def tone(self) -> str:
        return self.sound.tone.name if self.sound.tone else ""

    @property
    def hears(self) -> set[str]:
        """Names of those whose voice reaches this ear, through conferences, too."""
        return {other.name for other in self.town.reached_from(self)} - {self.name}

    def noted(self, what: str) -> list[Any]:
        return [value for name, value in self.notes if name == what]

    def logged(self) -> list[LogCall]:
        return self.noted("log")

    # SIP.
    def register(self, credentials: SipCredentials) -> None:
        self.town.post(self, SipRegistered())

    def place(self, call: CallId, uri: str, diverted_from: str = "") -> None:
        self.town.connect(self, call, bytes.fromhex(uri[6:46]), diverted_from)

    def alert(self, call: CallId) -> None:
        self.town.tell_far(self, call, lambda far: FarEndRinging(far.call))

    def answer(self, call: CallId) -> None:
        self.town.answer(self, call)

    def reject(self, call: CallId, code: int, forward_to: str = "") -> None:
        self.notes.append(("reject", (code, forward_to)))
        leg = self.legs.pop(call, None)
        if leg is not None and leg.far is not None:
            far = leg.far
            far.phone.legs.pop(far.call, None)
            event = CallForwarded(far.call, forward_to) if forward_to else CallEnded(far.call, code, "")
            self.town.post(far.phone, event)

    def hang_up(self, call: CallId) -> None:
        self.town.hang_up(self, call)

    def send_digit(self, call: CallId, key: str) -> None:
        self.notes.append(("digit", key))

    def tell(self, call: CallId, note: Note) -> None:
        self.town.tell_far(self, call, lambda far: CallTold(far.call, note))

    def probe(self, number: str, uri: str) -> None:
        self.notes.append(("probe", number))
        self.town.post(self, Reachable(number, self.town.phones[number].connected))

    def hear(self, sound: Sound) -> None:
        self.sound = sound

    # The ledger.
    def resolve(self, call: CallId, number: str) -> None:
        other = self.town.phones.get(number)
        if other is None:
            self.town.post(self, RouteNotFound(call, Cause.NOT_LISTED))
            return
        self.town.post(self, RouteFound(call, Route(HOME, other.account, other.uri, self.town.price)))

    def locate(self, number: str) -> None:
        other = self.town.phones.get(number)
        self.town.post(self, Located(number, other.uri if other else ""))

    def identify(self, call: CallId, caller: bytes) -> None:
        found = next((one.number for one in self.town.phones.values() if one.account == caller), "")
        self.town.post(self, CallerIdentified(call, found, caller))

    # Money.
    def open_line(self) -> None:
        self.town.post(self, LineOpened(self.account, self.number, 0, self._credit(), 0, 1e6))

    def credentials(self) -> SipCredentials:
        return SipCredentials(self.account, "kall.test", "sip:kall.test", "user", "secret")

    def open_session(self, call: CallId, route: Route) -> None:
        self.town.post(self, SessionOpened(call, self._credit()))

    def sign_voucher(self, command: SignVoucher) -> None:
        self.signed = command.cumulative
        self.town.post(self, VoucherAccepted(command.call, command.cumulative))

    def end_payment(self, command: EndPayment) -> None:
        self.notes.append(("paid", command.paid))

    def refresh_credit(self) -> None: ...

    def top_up(self, amount: int) -> None:
        self.deposited += amount
        self.town.do(self, CreditChanged(0, self._credit()))

    def _credit(self) -> Credit:
        return Credit(HOME, 0, self.deposited, self.signed)

    # Face and memory.
    def show(self, screen: Screen) -> None:
        self.screen = screen

    def ring(self, ring: Ring | None) -> None:
        self.ringing = ring

    def light(self, *, line: Light, message: Light) -> None:
        self.lamps = (line, message)

    def log_call(self, record: LogCall) -> None:
        self.notes.append(("log", record))

    def __getattr__(self, name: str) -> Any:
        return lambda *values, **more: self.notes.append((name, (*values, *more.values())))


@dataclass
class Town:
    now: float = 1000.0
    price: int = PRICE
    phones: dict[str, TownPhone] = field(default_factory=dict)
    queue: deque[tuple[TownPhone, Event]] = field(default_factory=deque)

    def phone(self, name: str, number: str) -> TownPhone:
        """A phone whose line is up."""
        phone = self.phones[number] = TownPhone(self, name, number)
        self.do(phone, Woken())
        assert phone.phone.line.up
        return phone

    def do(self, phone: TownPhone, event: Event) -> None:
        self.post(phone, event)
        while self.queue:
            whose, what = self.queue.popleft()
            whose.engine.step(what)

    def post(self, phone: TownPhone, event: Event) -> None:
        self.queue.append((phone, event))

    def wait(self, seconds: float) -> None:
        """Lets time pass: every phone wakes when it asked for it."""
        until = self.now + seconds
        while True:
            times = [(at, one) for one in self.phones.values() if (at := wakeup_for(one.phone)) is not None]
            at, phone = min(times, key=lambda pair: pair[0], default=(until + 1, None))
            if phone is None or at > until:
                break
            self.now = max(self.now, at)
            self.do(phone, Woken())
        self.now = until

    def connect(self, caller: TownPhone, call: CallId, account: bytes, diverted_from: str) -> None:
        callee = next((one for one in self.phones.values() if one.account == account), None)
        if callee is None or not callee.connected:
            self.post(caller, CallEnded(call, 480, ""))
            return
        near, far = Leg(caller, call), Leg(callee, CallId(callee.next_incoming))
        callee.next_incoming += 2
        near.far, far.far = far, near
        caller.legs[call], callee.legs[far.call] = near, far
        self.post(callee, IncomingCall(far.call, caller.account, caller.signs, diverted_from))

    def answer(self, phone: TownPhone, call: CallId) -> None:
        leg = phone.legs.get(call)
        if leg is None or leg.far is None:
            return
        for one in (leg, leg.far):
            one.answered = True
            signed = one.far.phone.signs if one.far is not None else False
            self.post(one.phone, CallAnswered(one.call, signed))
            self.post(one.phone, MediaStarted(one.call, "opus/48000/2", "DTLS-SRTP"))

    def hang_up(self, phone: TownPhone, call: CallId) -> None:
        leg = phone.legs.pop(call, None)
        if leg is None or leg.far is None:
            return
        far = leg.far
        far.phone.legs.pop(far.call, None)
        self.post(far.phone, CallEnded(far.call, 200 if far.answered else 487, ""))

    def tell_far(self, phone: TownPhone, call: CallId, event: Any) -> None:
        leg = phone.legs.get(call)
        if leg is not None and leg.far is not None:
            self.post(leg.far.phone, event(leg.far))

    def reached_from(self, phone: TownPhone) -> set[TownPhone]:
        """Everybody in one conversation with this phone."""
        found, todo = {phone}, [phone]
        while todo:
            one = todo.pop()
            for call in one.sound.calls:
                far = one.legs[call].far if call in one.legs else None
                if far is not None and far.call in far.phone.sound.calls and far.phone not in found:
                    found.add(far.phone)
                    todo.append(far.phone)
        return found
