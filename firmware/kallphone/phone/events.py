from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType

from kallphone.phone.causes import Cause
from kallphone.phone.device import DeviceAction
from kallphone.phone.messages import Message, MessageState, Recording

CallId = NewType("CallId", int)
"""Outgoing calls get odd ids from the machine, incoming calls even ids from the SIP adapter."""


TRANSFERS_EPOCH = 2**40
"""Above every epoch of the escrow: of a provider that is paid by transfers, the coins being the deposit."""


@dataclass(frozen=True)
class Credit:
    """One payment channel as the phone sees it, in kallCoin base units of one escrow epoch.

    `signed` is the highest cumulative voucher this phone ever committed to disk.
    """

    provider: bytes
    epoch: int
    deposited: int
    signed: int

    @property
    def available(self) -> int:
        return max(0, self.deposited - self.signed)


@dataclass(frozen=True)
class Route:
    """A way to a callee: who carries the call, the callee's SIP URI, the caller's price per period."""

    provider: bytes
    peer: bytes
    uri: str
    price: int


# The hand on the phone.
@dataclass(frozen=True)
class OffHook:
    pass


@dataclass(frozen=True)
class OnHook:
    pass


@dataclass(frozen=True)
class HookFlashed:
    """The hook switch was opened for a moment (register recall)."""


@dataclass(frozen=True)
class KeyPressed:
    key: str


@dataclass(frozen=True)
class KeyHeld:
    """A key that is still down; its KeyPressed came before."""

    key: str


@dataclass(frozen=True)
class Woken:
    """The time that `wakeup_for` asked for has come; carries nothing, the step's clock says when."""


# The line: account, ledger, provider, SIP registration.
@dataclass(frozen=True)
class LineProgressed:
    words: str


@dataclass(frozen=True)
class LineOpened:
    """The account is on the ledger and the provider gave credentials, good for `lifetime_s`."""

    account: bytes
    number: str
    balance: int
    credit: Credit
    incoming_price: int
    lifetime_s: float


@dataclass(frozen=True)
class LineFailed:
    words: str


@dataclass(frozen=True)
class SipRegistered:
    pass


@dataclass(frozen=True)
class SipUnregistered:
    """The registration failed or its connection broke; `code` is SIP's, 0 where there was no answer."""

    code: int
    words: str


@dataclass(frozen=True)
class CreditChanged:
    balance: int
    credit: Credit


# A call going out.
@dataclass(frozen=True)
class RouteFound:
    call: CallId
    route: Route


@dataclass(frozen=True)
class RouteNotFound:
    call: CallId
    cause: Cause


@dataclass(frozen=True)
class SessionOpened:
    call: CallId
    credit: Credit


@dataclass(frozen=True)
class SessionRefused:
    call: CallId
    cause: Cause


@dataclass(frozen=True)
class FarEndRinging:
    call: CallId


@dataclass(frozen=True)
class CallForwarded:
    """The far phone sends its callers on to another Kall number (302)."""

    call: CallId
    number: str


# A call coming in.
@dataclass(frozen=True)
class IncomingCall:
    """`verified`: signed by the caller's account end to end. `diverted_from`: whose phone sent it on."""

    call: CallId
    caller: bytes
    verified: bool = True
    diverted_from: str = ""


@dataclass(frozen=True)
class CallRefused:
    """A call whose identity does not hold was turned away before anything rang."""

    caller: bytes
    words: str


@dataclass(frozen=True)
class CallerIdentified:
    """The ledger's answer about a caller; `number` is empty where the account has none."""

    call: CallId
    number: str
    account: bytes = b""


# Any call.
@dataclass(frozen=True)
class CallAnswered:
    """`verified`: the far phone's account signed its answer."""

    call: CallId
    verified: bool = True


@dataclass(frozen=True)
class MediaStarted:
    call: CallId
    codec: str
    srtp: str


@dataclass(frozen=True)
class CallEnded:
    """`code` is the SIP final status, or the cause of the far side's Reason header (RFC 3326)."""

    call: CallId
    code: int
    words: str


@dataclass(frozen=True)
class CallMeasured:
    """What came in over a call, told after its end and only where sound came.

    `loss` is a fraction, `jitter` (RFC 3550) and `delay` (one way, 0 where no round trip was measured) are in
    ms, `seconds` run from the first sound to the end.
    """

    call: CallId
    loss: float
    jitter: float
    delay: float
    seconds: float


@dataclass(frozen=True)
class CallQuality:
    """How a call sounds now; `loss` is a fraction, `jitter` in ms, `mos` 1 to 5 (ITU-T G.107)."""

    call: CallId
    loss: float
    jitter: float
    mos: float


@dataclass(frozen=True)
class HoldNote:
    held: bool


@dataclass(frozen=True)
class TransferNote:
    """Please call this Kall number; our call ends when it answers."""

    number: str


@dataclass(frozen=True)
class ExpectNote:
    """This account is about to call you in our call's place: take it without ringing."""

    account: bytes


@dataclass(frozen=True)
class TransferRefusedNote:
    pass


Note = HoldNote | TransferNote | ExpectNote | TransferRefusedNote


@dataclass(frozen=True)
class CallTold:
    """The far phone says something within a call."""

    call: CallId
    note: Note


@dataclass(frozen=True)
class VoucherAccepted:
    call: CallId
    cumulative: int


@dataclass(frozen=True)
class VoucherRefused:
    call: CallId
    cumulative: int
    words: str


# A contact's phone, while somebody looks at its page.
@dataclass(frozen=True)
class Located:
    """Where the number would be called; `uri` is empty where nothing leads there."""

    number: str
    uri: str


@dataclass(frozen=True)
class Reachable:
    """Whether a phone is registered there now, as its provider says."""

    number: str
    reachable: bool


# What is kept on the phone, and around it.
@dataclass(frozen=True)
class MinutePassed:
    """`clock` as hours and minutes, `day` counts from the epoch, both of local time, which is
    `offset_s` ahead of `at`, Unix seconds."""

    clock: str
    date: str
    day: int
    at: int = 0
    offset_s: int = 0


@dataclass(frozen=True)
class MessageArrived:
    message: Message


@dataclass(frozen=True)
class RecordingArrived:
    recording: Recording


@dataclass(frozen=True)
class MessageSent:
    """A message written here has come further; `words` say why it failed."""

    id: int
    state: MessageState
    words: str = ""


@dataclass(frozen=True)
class RecordingLoaded:
    """`sound` is a file that the handset plays; empty with `trouble` where there is none."""

    file: str
    sound: str
    trouble: str = ""


@dataclass(frozen=True)
class RecordingEnded:
    file: str


@dataclass(frozen=True)
class PinChecked:
    """`wait_s`: no other PIN is looked at for so long."""

    ok: bool
    wait_s: int = 0


@dataclass(frozen=True)
class WordsRead:
    """The backup of the account's key; empty with `trouble` where it has none."""

    words: tuple[str, ...] = field(default=(), repr=False)
    trouble: str = ""


@dataclass(frozen=True)
class Withdrawn:
    """Coins went to the owner's account, or `trouble` says why not."""

    amount: int
    trouble: str = ""


@dataclass(frozen=True)
class SoundCardsChanged:
    names: tuple[str, ...]


@dataclass(frozen=True)
class SpentLoaded:
    """`day` as in MinutePassed; base units in all, and with each number."""

    day: int
    total: int
    numbers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class StorageFailed:
    words: str


@dataclass(frozen=True)
class DeviceAnswered:
    """What came of something that the box was asked for; `words` for its reader."""

    action: DeviceAction
    words: str


Event = (
    OffHook | OnHook | HookFlashed | KeyPressed | KeyHeld | Woken
    | LineProgressed | LineOpened | LineFailed | SipRegistered | SipUnregistered | CreditChanged
    | RouteFound | RouteNotFound | SessionOpened | SessionRefused | FarEndRinging | CallForwarded
    | IncomingCall | CallRefused | CallerIdentified
    | CallAnswered | MediaStarted | CallEnded | CallMeasured | CallQuality | CallTold
    | VoucherAccepted | VoucherRefused
    | Located | Reachable
    | MinutePassed | MessageArrived | RecordingArrived | MessageSent
    | RecordingLoaded | RecordingEnded
    | PinChecked | WordsRead | Withdrawn | SoundCardsChanged | SpentLoaded | StorageFailed
    | DeviceAnswered
)
