from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from kallphone.phone.book import Contact
from kallphone.phone.commands import EndPayment, LogCall, RateService, SignVoucher
from kallphone.phone.device import DeviceAction, DeviceFacts
from kallphone.phone.events import CallId, Event, Note, Route
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen
from kallphone.phone.settings import Settings
from kallphone.phone.sound import Levels, Ring, Sound

Post = Callable[[Event], None]
"""The one door from foreign threads into the engine; never blocks."""


@dataclass(frozen=True)
class SipCredentials:
    """What one session with a provider is worth to SIP and TURN (auth_ephemeral, use-auth-secret)."""

    account: bytes
    domain: str
    proxy: str
    username: str
    password: str = field(repr=False)
    turn: tuple[str, ...] = ()


class Sip(Protocol):
    """Every method returns at once; what comes of it arrives as events."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def register(self, credentials: SipCredentials) -> None: ...
    def place(self, call: CallId, uri: str, diverted_from: str = "") -> None:
        """`diverted_from`: the number whose phone sent the call on."""

    def alert(self, call: CallId) -> None: ...
    def answer(self, call: CallId) -> None: ...
    def reject(self, call: CallId, code: int, forward_to: str = "") -> None:
        """`forward_to` with 302: the Kall number to try instead."""

    def hang_up(self, call: CallId) -> None: ...
    def send_digit(self, call: CallId, key: str) -> None: ...
    def tell(self, call: CallId, note: Note) -> None: ...
    def probe(self, number: str, uri: str) -> None:
        """Answered by Reachable, or by nothing."""

    def reopen_sound(self) -> None: ...


class Handset(Protocol):
    def hear(self, sound: Sound) -> None:
        """The tone in the earpiece, and the call joined to ear and microphone, if any."""


class Directory(Protocol):
    """The ledger as a telephone book, on its own worker."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def resolve(self, call: CallId, number: str) -> None:
        """Answered by RouteFound or RouteNotFound."""

    def identify(self, call: CallId, caller: bytes) -> None:
        """Answered by CallerIdentified."""

    def locate(self, number: str) -> None:
        """Answered by Located, or by nothing while the ledger is away or somebody calls."""


class Payments(Protocol):
    """Sessions, deposits, vouchers and ratings, on their own worker."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def open_line(self) -> None:
        """Answered by any number of LineProgressed, then LineOpened or LineFailed."""

    def credentials(self) -> SipCredentials | None:
        """Of the last LineOpened."""

    def open_session(self, call: CallId, route: Route) -> None:
        """Answered by SessionOpened or SessionRefused."""

    def sign_voucher(self, command: SignVoucher) -> None:
        """Committed to disk, then sent; answered by VoucherAccepted or VoucherRefused."""

    def end_payment(self, command: EndPayment) -> None: ...
    def refresh_credit(self) -> None: ...
    def rate_service(self, command: RateService) -> None:
        """Kept on disk until the ledger has it."""

    def send_ratings(self) -> None:
        """Puts a rating that is due on the ledger, as far as that can be done now."""

    def withdraw(self, amount: int) -> None:
        """To the owner's account; answered by Withdrawn."""


class Mail(Protocol):
    """Sealed messages, on a worker of their own: MessageArrived, RecordingArrived and MessageSent."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def send(self, id: int, number: str, text: str) -> None: ...  # noqa: A002 - as in SendText
    def mark_read(self, id: int) -> None: ...  # noqa: A002
    def delete(self, id: int) -> None: ...  # noqa: A002


class Keeping(Protocol):
    """What is kept on the phone, on a worker of its own; StorageFailed where the disk won't."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def save_settings(self, settings: Settings) -> None: ...
    def save_contact(self, contact: Contact, replaces: str) -> None: ...
    def delete_contact(self, number: str) -> None: ...
    def load_recording(self, file: str) -> None:
        """Answered by RecordingLoaded."""

    def load_spent(self) -> None:
        """Answered by SpentLoaded."""

    def check_pin(self, pin: str) -> None:
        """Answered by PinChecked."""

    def set_pin(self, pin: str) -> None: ...
    def read_words(self) -> None:
        """Answered by WordsRead."""


class Speech(Protocol):
    def say(self, text: str, *, aloud: bool) -> None:
        """In the handset, or through the loudspeaker; never blocks."""


class Device(Protocol):
    """The box, where this is a flashed phone."""

    @property
    def facts(self) -> DeviceFacts | None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def ask(self, action: DeviceAction) -> None:
        """Answered by DeviceAnswered, or by the end of this phone; never blocks."""


class NoDevice:
    """Of a phone on a bench."""

    facts: DeviceFacts | None = None

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def ask(self, action: DeviceAction) -> None: ...


class Journal(Protocol):
    def call_started(self, call: CallId, *, outgoing: bool, number: str) -> None: ...
    def log_call(self, record: LogCall) -> None: ...
    def missed_calls(self) -> int: ...
    def forget_missed(self) -> None: ...


class Display(Protocol):
    def show(self, screen: Screen) -> None: ...


class Ringer(Protocol):
    def ring(self, ring: Ring | None) -> None: ...


class Lamps(Protocol):
    def light(self, *, line: Light, message: Light) -> None: ...


class Mixer(Protocol):
    def set(self, levels: Levels) -> None: ...
