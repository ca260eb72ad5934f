from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from kallphone.phone.book import Book, Contact
from kallphone.phone.causes import Cause
from kallphone.phone.device import DeviceFacts
from kallphone.phone.events import CallId, Credit, Route
from kallphone.phone.messages import Message, Recording
from kallphone.phone.settings import Settings

# Every `since` is the engine's monotonic clock in seconds.


class LineStep(Enum):
    """How far the line has come."""

    DOWN = auto()
    OPENING = auto()
    REGISTERING = auto()
    UP = auto()


@dataclass(frozen=True)
class Line:
    """The subscriber's line. `retry_at` is when a line that is DOWN is opened again."""

    step: LineStep = LineStep.DOWN
    words: str = "Starting"
    account: bytes = b""
    number: str = ""
    balance: int = 0
    home: bytes = b""
    incoming_price: int = 0
    attempts: int = 0
    retry_at: float | None = 0.0
    renew_at: float | None = None
    refresh_at: float | None = None
    ratings_at: float = 0.0

    @property
    def up(self) -> bool:
        return self.step is LineStep.UP


@dataclass(frozen=True)
class Idle:
    """On-hook, nothing to do. `digits` are dialled before the handset is lifted."""

    digits: str = ""


@dataclass(frozen=True)
class Caller:
    """Who calls in. `looked_up`: the ledger has answered what number that account has."""

    call: CallId
    account: bytes
    number: str = ""
    verified: bool = True
    diverted_from: str = ""
    looked_up: bool = False


@dataclass(frozen=True)
class Ringing:
    """On-hook, a call is coming in; `silenced` by hand."""

    caller: Caller
    since: float
    silenced: bool = False


@dataclass(frozen=True)
class Reminding:
    """On-hook, the phone rings its own user: a busy number is to be tried again."""

    number: str
    since: float


@dataclass(frozen=True)
class Listening:
    """Off-hook, a recording plays once it is there as `sound`."""

    file: str
    since: float
    sound: str = ""


@dataclass(frozen=True)
class DialTone:
    """With a call aside this is the recall after a hook flash."""

    since: float


@dataclass(frozen=True)
class Dialing:
    digits: str
    since: float


@dataclass(frozen=True)
class Errand:
    """An attempt to reach a number.

    `via` are the numbers whose phones sent the call on, in their order. `transfer`: the far end of the call
    aside asked for this attempt; `agreed` is the price per period of the call that it replaces.
    """

    call: CallId
    number: str
    via: tuple[str, ...] = ()
    transfer: bool = False
    agreed: int = 0

    @property
    def diverted_from(self) -> str:
        return self.via[-1] if self.via else ""


@dataclass(frozen=True)
class Resolving:
    errand: Errand
    since: float


@dataclass(frozen=True)
class Opening:
    """A session with the provider of the route is being opened."""

    errand: Errand
    route: Route
    since: float


@dataclass(frozen=True)
class Quoting:
    """The price is shown, and nothing is spent before somebody agrees."""

    errand: Errand
    route: Route
    since: float


@dataclass(frozen=True)
class Calling:
    """The INVITE is on its way; `alerted` once the far phone rings."""

    errand: Errand
    route: Route
    since: float
    alerted: bool = False


Attempt = Resolving | Opening | Quoting | Calling


@dataclass(frozen=True)
class Answering:
    """The answer is not confirmed yet."""

    caller: Caller
    since: float


@dataclass(frozen=True)
class Heard:
    """How the far end sounds; see CallQuality."""

    loss: float = 0.0
    jitter: float = 0.0
    mos: float = 0.0


@dataclass(frozen=True)
class InCall:
    """Talking. `periods` are those that this phone has signed for, by its own clock.

    `remote_hold`: the far end has put us on hold. `expected` is an account that will call in this call's
    place; `transferring`: the far end was asked to call somebody else; `put_through`: somebody put us through
    to this one.
    """

    call: CallId
    outgoing: bool
    peer: bytes
    number: str
    provider: bytes
    price: int
    since: float
    now: float
    periods: int = 0
    paid: int = 0
    accepted: int = 0
    lost_since: float | None = None
    codec: str = ""
    srtp: str = ""
    verified: bool = True
    remote_hold: bool = False
    expected: bytes = b""
    transferring: bool = False
    put_through: bool = False
    heard: Heard | None = None


@dataclass(frozen=True)
class Over:
    """Off-hook with nothing going on any more; a tone and words say why.

    `again`: it will be tried again. `expected`: see InCall.
    """

    cause: Cause
    since: float
    number: str = ""
    howling: bool = False
    again: bool = False
    words: str = ""
    expected: bytes = b""


Mode = (
    Idle | Ringing | Reminding
    | Listening | DialTone | Dialing | Resolving | Opening | Quoting | Calling | Answering | InCall | Over
)  # fmt: skip
"""The hook is not stored beside the mode: Idle, Ringing and Reminding are on-hook, all others off-hook, but
for a call that the phone answered hands-free."""


@dataclass(frozen=True)
class Waiting:
    """A second caller, who hears ringback while we talk; or one whose number is looked up before it rings."""

    caller: Caller
    since: float


@dataclass(frozen=True)
class LastCall:
    """A call that is over and waits for what was measured of it."""

    call: CallId
    provider: bytes


@dataclass(frozen=True)
class Retry:
    """A busy number that is tried again at `at`."""

    number: str
    at: float
    left: int


@dataclass(frozen=True)
class Logged:
    """A line of the call log, as the phone shows it; `at` is local time in words."""

    outgoing: bool
    number: str
    peer: bytes
    cause: Cause | None
    at: str
    seconds: int
    paid: int


@dataclass(frozen=True)
class Wall:
    """The clock on the wall; see MinutePassed."""

    clock: str = ""
    date: str = ""
    day: int = 0
    at: int = 0
    offset_s: int = 0


@dataclass(frozen=True)
class Spent:
    """What calls cost today, in base units: in all, and with each number."""

    day: int = 0
    total: int = 0
    numbers: tuple[tuple[str, int], ...] = ()

    def on(self, number: str) -> int:
        return dict(self.numbers).get(number, 0)

    def plus(self, number: str, amount: int) -> Spent:
        sums = dict(self.numbers)
        sums[number] = sums.get(number, 0) + amount
        return Spent(self.day, self.total + amount, tuple(sums.items()))


@dataclass(frozen=True)
class Page:
    """One page of the menu: `name` says which, `cursor` is the row that is chosen.

    `text` is what was typed so far, which may be a PIN or a word of the backup, `subject` the number or id
    that the page is about, `chosen` what an earlier step of an entry brought. `since` is when the last key
    came; `keys` are the taps of the letter that is still open, `shift` says which letters come.
    """

    name: str
    cursor: int = 0
    text: str = field(default="", repr=False)
    subject: str = ""
    chosen: str = field(default="", repr=False)
    since: float = 0.0
    error: str = ""
    keys: str = ""
    shift: int = 0


@dataclass(frozen=True)
class Notice:
    """A line that is shown for a moment."""

    words: str
    until: float


@dataclass(frozen=True)
class Presence:
    """Whether a phone can be reached, asked at `since`; `reachable` is None while that is not known."""

    number: str
    since: float
    reachable: bool | None = None


@dataclass(frozen=True)
class Lock:
    """The keypad's lock. `checking` while a PIN is looked at; `until` is when the next one is."""

    locked: bool = False
    checking: bool = False
    until: float = 0.0


@dataclass(frozen=True)
class Phone:
    mode: Mode = field(default_factory=Idle)
    line: Line = field(default_factory=Line)
    credits: tuple[Credit, ...] = ()
    next_call: int = 1
    last_calls: tuple[LastCall, ...] = ()
    # Calls that are answered and not the mode's: on hold, or joined with it in a conference.
    aside: tuple[InCall, ...] = ()
    joined: bool = False
    waiting: Waiting | None = None
    arriving: Waiting | None = None
    # The next number that is dialled is where the call aside is put through to.
    putting_through: bool = False
    muted: bool = False
    hands_free: bool = False
    touched_at: float = 0.0
    asleep: bool = False
    missed: int = 0
    redial: str = ""
    retry: Retry | None = None
    notice: Notice | None = None
    settings: Settings = field(default_factory=Settings)
    book: Book = field(default_factory=Book)
    # The newest first.
    presences: tuple[Presence, ...] = ()
    log: tuple[Logged, ...] = ()
    messages: tuple[Message, ...] = ()
    recordings: tuple[Recording, ...] = ()
    next_message: int = 1
    # To whom a message was begun, and how far it is.
    draft: tuple[str, str] = ("", "")
    wall: Wall = field(default_factory=Wall)
    spent: Spent = field(default_factory=Spent)
    pages: tuple[Page, ...] = ()
    lock: Lock = field(default_factory=Lock)
    backup: tuple[str, ...] = field(default=(), repr=False)
    owner: bytes = b""
    # None on a bench.
    device: DeviceFacts | None = None

    @property
    def on_hook(self) -> bool:
        return isinstance(self.mode, Idle | Ringing | Reminding) or self.hands_free

    @property
    def unread(self) -> int:
        texts = sum(1 for one in self.messages if one.incoming and not one.read)
        return texts + sum(1 for one in self.recordings if not one.read)

    def credit_with(self, provider: bytes) -> Credit | None:
        return next((credit for credit in self.credits if credit.provider == provider), None)

    @property
    def home_credit(self) -> Credit | None:
        return self.credit_with(self.line.home)

    def contact(self, number: str, account: bytes = b"") -> Contact | None:
        return self.book.by_account(account) or self.book.by_number(number)

    def name_of(self, number: str, account: bytes = b"") -> str:
        """The contact's name, empty for a stranger."""
        contact = self.contact(number, account)
        return contact.name if contact else ""
