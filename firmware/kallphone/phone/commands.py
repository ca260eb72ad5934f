from __future__ import annotations

from dataclasses import dataclass, field

from kallphone.phone.book import Contact
from kallphone.phone.causes import Cause
from kallphone.phone.device import DeviceAction
from kallphone.phone.events import CallId, Note, Route
from kallphone.phone.settings import Settings


@dataclass(frozen=True)
class OpenLine:
    """Account on the ledger, agreement, deposit, credentials: answered by LineOpened or LineFailed."""


@dataclass(frozen=True)
class RegisterSip:
    """Register with the credentials that the last LineOpened brought."""


@dataclass(frozen=True)
class RefreshCredit:
    """Look for money that came in and put it on deposit: answered by CreditChanged, or by nothing."""


@dataclass(frozen=True)
class SendRatings:
    """A good time to put on the ledger what calls measured: answered by nothing."""


@dataclass(frozen=True)
class Resolve:
    call: CallId
    number: str


@dataclass(frozen=True)
class AskReachable:
    """Where that number's phone would be called: answered by Located, or by nothing."""

    number: str


@dataclass(frozen=True)
class Probe:
    """Is a phone registered there now? Answered by Reachable, or by nothing."""

    number: str
    uri: str


@dataclass(frozen=True)
class OpenSession:
    call: CallId
    route: Route


@dataclass(frozen=True)
class PlaceCall:
    """`diverted_from`: the number that was dialled, where its phone sent the call on."""

    call: CallId
    uri: str
    diverted_from: str = ""


@dataclass(frozen=True)
class AlertCaller:
    """Tell the caller that it rings here (180)."""

    call: CallId


@dataclass(frozen=True)
class IdentifyCaller:
    """Answered by CallerIdentified, or by nothing while the ledger is away."""

    call: CallId
    caller: bytes


@dataclass(frozen=True)
class AnswerCall:
    call: CallId


@dataclass(frozen=True)
class RejectCall:
    """`forward_to` with code 302: the Kall number that the caller should try."""

    call: CallId
    code: int
    forward_to: str = ""


@dataclass(frozen=True)
class HangUp:
    call: CallId


@dataclass(frozen=True)
class SendDigit:
    call: CallId
    key: str


@dataclass(frozen=True)
class TellPeer:
    call: CallId
    note: Note


@dataclass(frozen=True)
class SignVoucher:
    """Commit, then send; `cumulative` is the new total of the channel's epoch."""

    call: CallId
    provider: bytes
    epoch: int
    cumulative: int


@dataclass(frozen=True)
class EndPayment:
    """The call is over for money: nothing is signed for it afterwards."""

    call: CallId
    provider: bytes
    periods: int
    paid: int


@dataclass(frozen=True)
class RateService:
    """What a call through `provider` measured, in CallMeasured's units."""

    call: CallId
    provider: bytes
    loss: float
    jitter: float
    delay: float
    seconds: float


@dataclass(frozen=True)
class LogCall:
    """One line of the call log; `seconds` of talk, `paid` in base units."""

    call: CallId
    outgoing: bool
    number: str
    peer: bytes
    cause: Cause
    seconds: int
    paid: int


@dataclass(frozen=True)
class Speak:
    """Say it in the handset, or through the loudspeaker."""

    text: str
    aloud: bool = False


@dataclass(frozen=True)
class ReopenSound:
    """A sound card came or went: the handset's may be another one now."""


@dataclass(frozen=True)
class LoadRecording:
    """Answered by RecordingLoaded."""

    file: str


@dataclass(frozen=True)
class SaveSettings:
    settings: Settings


@dataclass(frozen=True)
class SaveContact:
    """`replaces`: the number under which the contact was kept before."""

    contact: Contact
    replaces: str = ""


@dataclass(frozen=True)
class DeleteContact:
    number: str


@dataclass(frozen=True)
class SendText:
    id: int
    number: str
    text: str


@dataclass(frozen=True)
class MarkRead:
    """Of a message or a recording."""

    id: int


@dataclass(frozen=True)
class DeleteMessage:
    """Of a message or a recording."""

    id: int


@dataclass(frozen=True)
class ForgetMissed:
    pass


@dataclass(frozen=True)
class LoadSpent:
    """What calls cost today, from the disk: answered by SpentLoaded."""


@dataclass(frozen=True)
class CheckPin:
    """Answered by PinChecked."""

    pin: str = field(repr=False)


@dataclass(frozen=True)
class SetPin:
    """An empty PIN takes the lock away."""

    pin: str = field(repr=False)


@dataclass(frozen=True)
class ReadWords:
    """Answered by WordsRead."""


@dataclass(frozen=True)
class Withdraw:
    """All free coins to the owner's account: answered by Withdrawn."""

    amount: int


@dataclass(frozen=True)
class AskDevice:
    """Answered by DeviceAnswered, by the end of this phone, or by nothing."""

    action: DeviceAction


Command = (
    OpenLine | RegisterSip | RefreshCredit | SendRatings
    | Resolve | OpenSession | PlaceCall | AskReachable | Probe
    | AlertCaller | IdentifyCaller | AnswerCall | RejectCall
    | HangUp | SendDigit | TellPeer | Speak | ReopenSound
    | SignVoucher | EndPayment | RateService | LogCall
    | SaveSettings | SaveContact | DeleteContact | SendText | MarkRead | DeleteMessage | ForgetMissed
    | LoadRecording | LoadSpent | CheckPin | SetPin | ReadWords | Withdraw
    | AskDevice
)
