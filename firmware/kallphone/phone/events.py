from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

from kallphone.phone.causes import Cause

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
class KeyPressed:
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


# A call coming in.
@dataclass(frozen=True)
class IncomingCall:
    call: CallId
    caller: bytes


@dataclass(frozen=True)
class CallerIdentified:
    """The ledger's answer about a caller; `number` is empty where the account has none."""

    call: CallId
    number: str


# Any call.
@dataclass(frozen=True)
class CallAnswered:
    call: CallId


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
class VoucherAccepted:
    call: CallId
    cumulative: int


@dataclass(frozen=True)
class VoucherRefused:
    call: CallId
    cumulative: int
    words: str


Event = (
    OffHook | OnHook | KeyPressed | Woken
    | LineProgressed | LineOpened | LineFailed | SipRegistered | SipUnregistered | CreditChanged
    | RouteFound | RouteNotFound | SessionOpened | SessionRefused | FarEndRinging
    | IncomingCall | CallerIdentified
    | CallAnswered | MediaStarted | CallEnded | VoucherAccepted | VoucherRefused
)
