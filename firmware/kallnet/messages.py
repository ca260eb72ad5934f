"""What accounts sign. Amounts are kallCoin base units, times are Unix seconds.

Register and Release go to the registry's domain, as do Agreement, Session, CallIdentity, CallNote, Sealed
and Mail, which never reach the chain; Voucher, Deposit and StartExit to the escrow's; Rating to the rating's;
Interest, Proposal and Ballot to the spec's; Permit (EIP-2612), TransferWithAuthorization (EIP-3009) and
Delegation (OpenZeppelin's Votes) to the coin's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from kallnet.account import Address, address_from_hex, address_to_hex
from kallnet.errors import MessageInvalid
from kallnet.typed import Message, members

CLIENT = 1
SERVICE = 2


@dataclass(frozen=True, slots=True)
class Register:
    TYPE: ClassVar[str] = (
        "Register(uint8 kind,address account,bytes entry,uint256 salt,uint256 nonce,uint256 deadline)"
    )
    kind: int
    account: Address
    entry: bytes
    salt: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Release:
    TYPE: ClassVar[str] = "Release(uint8 kind,address account,uint256 nonce,uint256 deadline)"
    kind: int
    account: Address
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """A provider's word, inside a client's entry, that it serves this client."""

    TYPE: ClassVar[str] = "Agreement(address provider,address client,string serviceType,uint256 expiry)"
    provider: Address
    client: Address
    service_type: str
    expiry: int


@dataclass(frozen=True, slots=True)
class Session:
    """A client's answer to a provider's challenge."""

    TYPE: ClassVar[str] = "Session(address client,address provider,bytes32 challenge)"
    client: Address
    provider: Address
    challenge: bytes


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Who is at this end of a call: `fingerprint` is the SHA-256 of the signer's DTLS certificate."""

    TYPE: ClassVar[str] = (
        "CallIdentity(address signer,address peer,string callId,uint256 time,bytes32 fingerprint)"
    )
    signer: Address
    peer: Address
    call_id: str
    time: int
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a sealed message says and to whom; `kind` is one of kallnet.sealed's."""

    TYPE: ClassVar[str] = "Sealed(address sender,address recipient,string kind,uint256 time,bytes body)"
    sender: Address
    recipient: Address
    kind: str
    time: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """Who hands a sealed message to the recipient's provider; `id` is keccak-256 of it."""

    TYPE: ClassVar[str] = "Mail(address sender,address recipient,bytes32 id,uint256 time)"
    sender: Address
    recipient: Address
    id: bytes
    time: int


@dataclass(frozen=True, slots=True)
class CallNote:
    """What a phone says to the other within a call; `count` grows with each of the signer's notes."""

    TYPE: ClassVar[str] = "CallNote(address signer,address peer,string callId,uint256 count,string note)"
    signer: Address
    peer: Address
    call_id: str
    count: int
    note: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """`cumulative` is the total owed in this epoch of the channel, so a newer voucher replaces the older."""

    TYPE: ClassVar[str] = "Voucher(address client,address provider,uint256 epoch,uint256 cumulative)"
    client: Address
    provider: Address
    epoch: int
    cumulative: int


@dataclass(frozen=True, slots=True)
class Deposit:
    TYPE: ClassVar[str] = (
        "Deposit(address client,address provider,uint256 amount,uint256 nonce,uint256 deadline)"
    )
    client: Address
    provider: Address
    amount: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class StartExit:
    TYPE: ClassVar[str] = "StartExit(address client,address provider,uint256 nonce,uint256 deadline)"
    client: Address
    provider: Address
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Permit:
    TYPE: ClassVar[str] = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    owner: Address
    spender: Address
    value: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class TransferWithAuthorization:
    """`nonce` is 32 random bytes, valid once, not a sequence."""

    TYPE: ClassVar[str] = (
        "TransferWithAuthorization(address from,address to,uint256 value,"
        "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    )
    from_: Address
    to: Address
    value: int
    valid_after: int
    valid_before: int
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Delegation:
    """The signer's votes go to `delegatee`, itself included: without one, coins have no votes."""

    TYPE: ClassVar[str] = "Delegation(address delegatee,uint256 nonce,uint256 expiry)"
    delegatee: Address
    nonce: int
    expiry: int


@dataclass(frozen=True, slots=True)
class Rating:
    """What a client measured on its calls through a service in one epoch.

    `loss` in hundredths of a percent, `jitter` and one-way `delay` in ms, `mos` in hundredths (100 to 500),
    `duration` in seconds of conversation.
    """

    TYPE: ClassVar[str] = (
        "Rating(address client,address service,uint32 epoch,uint16 loss,uint16 jitter,uint16 delay,"
        "uint16 mos,uint32 duration,uint256 deadline)"
    )
    client: Address
    service: Address
    epoch: int
    loss: int
    jitter: int
    delay: int
    mos: int
    duration: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Interest:
    """Whoever wants a say in a vote registers for it."""

    TYPE: ClassVar[str] = "Interest(address account,uint256 vote,uint256 deadline)"
    account: Address
    vote: int
    deadline: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Puts the account's power behind a specification; `spec_hash` is keccak-256 of its text."""

    TYPE: ClassVar[str] = "Proposal(address account,uint256 vote,bytes32 specHash,uint256 deadline)"
    account: Address
    vote: int
    spec_hash: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class Ballot:
    """`ranking`: the options' numbers from the first preference on, one hexadecimal digit each. `options`:
    keccak-256 of the proposals' hashes, so that the numbers mean these and no others."""

    TYPE: ClassVar[str] = (
        "Ballot(address account,uint256 vote,bytes32 options,uint256 ranking,uint256 deadline)"
    )
    account: Address
    vote: int
    options: bytes
    ranking: int
    deadline: int


M = TypeVar("M", bound=Message)


def to_json(message: Message) -> dict[str, Any]:
    """The message as a JSON object: integers, text, and 0x strings for addresses and bytes."""
    names, pairs = _json_names(type(message)), members(message.TYPE)
    values = (getattr(message, f.name) for f in fields(message))
    return {name: _to_json(k, v) for name, (k, _), v in zip(names, pairs, values, strict=True)}


def from_json(message: type[M], body: Mapping[str, Any]) -> M:
    """Raises MessageInvalid for a field that is missing, unknown or of another type."""
    names = _json_names(message)
    if unknown := sorted(set(body) - set(names)):
        raise MessageInvalid(str(unknown[0])[:64], f"is no field of {message.__name__}")
    return message(*(_field(n, k, body) for n, (k, _) in zip(names, members(message.TYPE), strict=True)))


def _json_names(message: type[Message]) -> list[str]:
    return [f.name.removesuffix("_") for f in fields(message)]


def _to_json(kind: str, value: Any) -> Any:
    if kind == "address":
        return address_to_hex(value)
    return "0x" + value.hex() if isinstance(value, bytes) else value


def _field(name: str, kind: str, body: Mapping[str, Any]) -> Any:
    if name not in body:
        raise MessageInvalid(name, "is missing")
    value = body[name]
    if kind.startswith("uint"):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << int(kind[4:]):
            raise MessageInvalid(name, f"must be a whole number that fits {kind}")
        return value
    if not isinstance(value, str):
        raise MessageInvalid(name, "must be a string")
    return value if kind == "string" else _from_hex(name, kind, value)


def _from_hex(name: str, kind: str, text: str) -> bytes:
    if kind == "address":
        return address_from_hex(text)
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise MessageInvalid(name, "must be 0x and hexadecimal digits") from None
    if kind != "bytes" and len(raw) != int(kind.removeprefix("bytes")):
        raise MessageInvalid(name, f"must have {kind.removeprefix('bytes')} bytes, not {len(raw)}")
    return raw
