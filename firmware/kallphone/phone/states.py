from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from kallphone.phone.causes import Cause
from kallphone.phone.events import CallId, Credit, Route

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
    """On-hook, nothing to do."""

    missed: int = 0


@dataclass(frozen=True)
class Ringing:
    """On-hook, a call is coming in."""

    call: CallId
    caller: bytes
    number: str
    since: float
    missed: int = 0


@dataclass(frozen=True)
class DialTone:
    since: float


@dataclass(frozen=True)
class Dialing:
    digits: str
    since: float


@dataclass(frozen=True)
class Resolving:
    call: CallId
    number: str
    since: float


@dataclass(frozen=True)
class Opening:
    """A session with the provider of the route is being opened."""

    call: CallId
    number: str
    route: Route
    since: float


@dataclass(frozen=True)
class Calling:
    """The INVITE is on its way; `alerted` once the far phone rings."""

    call: CallId
    number: str
    route: Route
    since: float
    alerted: bool = False


@dataclass(frozen=True)
class Answering:
    """Lifted while ringing; the answer is not confirmed yet."""

    call: CallId
    caller: bytes
    number: str
    since: float


@dataclass(frozen=True)
class InCall:
    """Talking. `periods` are those that this phone has signed for, by its own clock."""

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


@dataclass(frozen=True)
class Over:
    """Off-hook with nothing going on any more; a tone and words say why."""

    cause: Cause
    since: float
    number: str = ""
    howling: bool = False


Mode = (
    Idle | Ringing | DialTone | Dialing | Resolving | Opening | Calling | Answering | InCall | Over
)
"""The hook is not stored beside the mode: Idle and Ringing are on-hook, all others off-hook."""


@dataclass(frozen=True)
class LastCall:
    """A call that is over and waits for what was measured of it."""

    call: CallId
    provider: bytes


@dataclass(frozen=True)
class Phone:
    mode: Mode = field(default_factory=Idle)
    line: Line = field(default_factory=Line)
    credits: tuple[Credit, ...] = ()
    next_call: int = 1
    last_call: LastCall | None = None

    @property
    def on_hook(self) -> bool:
        return isinstance(self.mode, Idle | Ringing)

    def credit_with(self, provider: bytes) -> Credit | None:
        return next((credit for credit in self.credits if credit.provider == provider), None)

    @property
    def home_credit(self) -> Credit | None:
        return self.credit_with(self.line.home)
