"""Hand-written adapters that note what they were told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kallphone.adapters import Adapters
from kallphone.phone.commands import EndPayment, LogCall, RateService, SignVoucher
from kallphone.phone.events import CallId, Note, Route
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen
from kallphone.phone.sound import Ring, Sound
from kallphone.ports import SipCredentials

ACCOUNT = b"\x03" * 20


@dataclass
class Notes:
    told: list[tuple[str, object]] = field(default_factory=list)

    def note(self, what: str, value: object = None) -> None:
        self.told.append((what, value))

    def of(self, what: str) -> list[object]:
        return [value for name, value in self.told if name == what]


@dataclass
class FakeSip:
    notes: Notes

    def start(self) -> None:
        self.notes.note("sip started")

    def stop(self) -> None:
        self.notes.note("sip stopped")

    def register(self, credentials: SipCredentials) -> None:
        self.notes.note("register", credentials.username)

    def place(self, call: CallId, uri: str, diverted_from: str = "") -> None:
        self.notes.note("place", (call, uri))

    def alert(self, call: CallId) -> None:
        self.notes.note("alert", call)

    def answer(self, call: CallId) -> None:
        self.notes.note("answer", call)

    def reject(self, call: CallId, code: int, forward_to: str = "") -> None:
        self.notes.note("reject", (call, code, forward_to))

    def tell(self, call: CallId, note: Note) -> None:
        self.notes.note("tell", (call, note))

    def probe(self, number: str, uri: str) -> None:
        self.notes.note("probe", (number, uri))

    def hang_up(self, call: CallId) -> None:
        self.notes.note("hang up", call)

    def send_digit(self, call: CallId, key: str) -> None:
        self.notes.note("digit", key)

    def hear(self, sound: Sound) -> None:
        self.notes.note("hear", sound)


@dataclass
class FakeDirectory:
    notes: Notes

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def resolve(self, call: CallId, number: str) -> None:
        self.notes.note("resolve", (call, number))

    def identify(self, call: CallId, caller: bytes) -> None:
        self.notes.note("identify", caller)

    def locate(self, number: str) -> None:
        self.notes.note("locate", number)


@dataclass
class FakePayments:
    notes: Notes
    held: SipCredentials | None = None

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def open_line(self) -> None:
        self.notes.note("open line")

    def credentials(self) -> SipCredentials | None:
        return self.held

    def open_session(self, call: CallId, route: Route) -> None:
        self.notes.note("open session", route)

    def sign_voucher(self, command: SignVoucher) -> None:
        self.notes.note("sign", command.cumulative)

    def end_payment(self, command: EndPayment) -> None:
        self.notes.note("end payment", command.call)

    def refresh_credit(self) -> None:
        self.notes.note("refresh")

    def rate_service(self, command: RateService) -> None:
        self.notes.note("rate", command.provider)

    def send_ratings(self) -> None:
        self.notes.note("send ratings")


@dataclass
class FakeJournal:
    notes: Notes

    def call_started(self, call: CallId, *, outgoing: bool, number: str) -> None:
        self.notes.note("call started", (call, outgoing))

    def log_call(self, record: LogCall) -> None:
        self.notes.note("logged", record)

    def missed_calls(self) -> int:
        return 0

    def forget_missed(self) -> None:
        self.notes.note("missed calls seen")


@dataclass
class FakePanel:
    """Display, ringer and lamps."""

    notes: Notes

    def show(self, screen: Screen) -> None:
        self.notes.note("screen", screen)

    def ring(self, ring: Ring | None) -> None:
        self.notes.note("ring", ring is not None)

    def light(self, *, line: Light, message: Light) -> None:
        self.notes.note("lamps", (line, message))


@dataclass
class FakeKeeping:
    """Mail, keeping, speech, mixer and box: notes whatever is asked of it."""

    notes: Notes

    def __getattr__(self, name: str) -> Any:
        return lambda *values, **more: self.notes.note(name, (*values, *more.values()))


def fake_adapters() -> tuple[Adapters, Notes, FakePayments]:
    notes = Notes()
    panel = FakePanel(notes)
    payments = FakePayments(notes)
    sip, journal = FakeSip(notes), FakeJournal(notes)
    rest = FakeKeeping(notes)
    seen = (panel, panel, panel)
    adapters = Adapters(
        sip, (sip,), FakeDirectory(notes), payments, journal, *seen, rest, rest, rest, rest, rest
    )
    return adapters, notes, payments
