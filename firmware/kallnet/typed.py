"""EIP-712 typed data, for flat messages only: none of the network's messages nests another."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any, ClassVar, Protocol

from kallnet.abi import encode_word, split_types
from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.errors import MessageInvalid
from kallnet.keccak import keccak256

_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"


class Message(Protocol):
    """A frozen dataclass whose fields follow the members of TYPE, its EIP-712 type, in order."""

    TYPE: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Domain:
    name: str
    version: str
    chain_id: int
    contract: Address

    def separator(self) -> bytes:
        return _struct_hash(_DOMAIN_TYPE, (self.name, self.version, self.chain_id, self.contract))


def registry_domain(deployment: Deployment) -> Domain:
    return Domain("KallRegistry", "1", deployment.chain_id, deployment.registry)


def escrow_domain(deployment: Deployment) -> Domain:
    return Domain("KallEscrow", "1", deployment.chain_id, deployment.escrow)


def rating_domain(deployment: Deployment) -> Domain:
    return Domain("KallRating", "1", deployment.chain_id, deployment.rating)


def spec_domain(deployment: Deployment) -> Domain:
    return Domain("KallSpec", "1", deployment.chain_id, deployment.spec)


def coin_domain(deployment: Deployment) -> Domain:
    return Domain("kallCoin", "1", deployment.chain_id, deployment.coin)


def digest(domain: Domain, message: Message) -> bytes:
    """The 32 bytes to sign; raises MessageInvalid when a field does not fit its type."""
    return keccak256(b"\x19\x01" + domain.separator() + struct_hash(message))


def struct_hash(message: Message) -> bytes:
    return _struct_hash(message.TYPE, tuple(getattr(message, f.name) for f in fields(message)))


@cache
def members(type_: str) -> tuple[tuple[str, str], ...]:
    """(type, name) of each member of an EIP-712 type such as `Mail(address to,string text)`."""
    listing = type_[type_.index("(") + 1 : -1]
    pairs = (member.split(" ") for member in split_types(listing))
    return tuple((kind, name) for kind, name in pairs)


def _struct_hash(type_: str, values: tuple[Any, ...]) -> bytes:
    words = [keccak256(type_.encode())]
    for (kind, name), value in zip(members(type_), values, strict=True):
        words.append(_word(kind, name, value))
    return keccak256(b"".join(words))


def _word(kind: str, name: str, value: Any) -> bytes:
    if kind == "string" and isinstance(value, str):
        return keccak256(value.encode())
    if kind == "bytes" and isinstance(value, bytes):
        return keccak256(value)
    try:
        return encode_word(kind, value)
    except MessageInvalid as error:
        raise MessageInvalid(name, f"{kind}: {error.reason}") from None
