"""The provider's answers, version 1 of its HTTP API, checked field by field."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kallnet.account import Address, address_from_hex
from kallnet.errors import AddressInvalid
from kallnet.mail_names import MAX_SIZE, message_id
from kallnet.transfers import EPOCH, ESCROW, RAILS
from kallphone.payments.errors import ProviderInvalid

MAX_AMOUNT = 2**63 - 1
MAX_TIME = 2**40 - 1


@dataclass(frozen=True)
class Terms:
    """`price` is in base units per period; the inviter pays `inviter_share` percent of it.

    `rail` says how, one of kallnet.transfers.RAILS.
    """

    provider: Address
    chain_id: int
    registry: Address
    escrow: Address
    coin: Address
    domain: str
    price: int
    inviter_share: int
    api_version: int
    period: int
    rail: str


@dataclass(frozen=True)
class AgreementGrant:
    service_type: str
    expiry: int
    agreement: bytes


@dataclass(frozen=True)
class ChannelReport:
    """The channel as the provider sees it; `voucher` is the highest cumulative sum it holds.

    `signature` is the one that makes it believable, empty where there is none.
    """

    epoch: int
    deposited: int
    claimed: int
    voucher: int
    signature: bytes = b""


@dataclass(frozen=True)
class TransferReport:
    """The sum of the transfers that a provider holds, and of those that are mined."""

    cumulative: int
    settled: int


@dataclass(frozen=True)
class SessionGrant:
    """Credentials for SIP and TURN until `expires` (Unix seconds)."""

    username: str
    password: str = field(repr=False)
    expires: int
    domain: str
    sip: str
    turn: tuple[str, ...]
    channel: ChannelReport


@dataclass(frozen=True)
class HeldMessage:
    """A sealed message in our mailbox."""

    id: bytes
    sealed: bytes = field(repr=False)


class Answer:
    """One JSON object; each getter raises ProviderInvalid naming the field, never its value."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    def text(self, name: str) -> str:
        value = self._body.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= 512 or not value.isprintable():
            raise ProviderInvalid(f"the provider's answer has no text {name!r}")
        return value

    def number(self, name: str, largest: int) -> int:
        value = self._body.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
            raise ProviderInvalid(f"the provider's answer has no whole number {name!r} up to {largest}")
        return value

    def address(self, name: str) -> Address:
        try:
            return address_from_hex(self.text(name))
        except AddressInvalid:
            raise ProviderInvalid(f"the provider's answer has no address {name!r}") from None

    def data(self, name: str, size: int) -> bytes:
        try:
            value = bytes.fromhex(self.text(name).removeprefix("0x"))
        except ValueError:
            raise ProviderInvalid(f"the provider's answer has no hexadecimal {name!r}") from None
        if len(value) != size:
            raise ProviderInvalid(f"the provider's {name!r} has {len(value)} bytes, not {size}")
        return value

    def optional_data(self, name: str, size: int) -> bytes:
        return self.data(name, size) if name in self._body else b""

    def blob(self, name: str, longest: int) -> bytes:
        value = self._body.get(name)
        try:
            data = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
        except ValueError:
            data = b""
        if not 0 < len(data) <= longest:
            raise ProviderInvalid(f"the provider's answer has no {name!r} of up to {longest} bytes")
        return data

    def base64(self, name: str, longest: int) -> bytes:
        value = self._body.get(name)
        try:
            data = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
        except ValueError:
            data = b""
        if not 0 < len(data) <= longest:
            raise ProviderInvalid(f"the provider's answer has no {name!r} of up to {longest} bytes")
        return data

    def objects(self, name: str) -> list[Answer]:
        value = self._body.get(name)
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise ProviderInvalid(f"the provider's answer has no list of objects {name!r}")
        return [Answer(v) for v in value]

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._body.get(name)
        if not isinstance(value, list) or not all(isinstance(v, str) and v.isprintable() for v in value):
            raise ProviderInvalid(f"the provider's answer has no list of texts {name!r}")
        return tuple(value)

    def rail(self) -> str:
        value = self._body.get("rail", ESCROW)
        if value not in RAILS:
            raise ProviderInvalid("the provider is paid in a way that this phone does not know: update it")
        return str(value)

    def object(self, name: str) -> Answer:
        value = self._body.get(name)
        if not isinstance(value, dict):
            raise ProviderInvalid(f"the provider's answer has no object {name!r}")
        return Answer(value)


def terms(answer: Answer) -> Terms:
    return Terms(
        provider=answer.address("provider"),
        chain_id=answer.number("chain_id", MAX_AMOUNT),
        registry=answer.address("registry"),
        escrow=answer.address("escrow"),
        coin=answer.address("coin"),
        domain=answer.text("domain"),
        price=answer.number("price", MAX_AMOUNT),
        inviter_share=answer.number("inviter_share", 100),
        api_version=answer.number("api_version", 2**32 - 1),
        period=answer.number("period", 86_400),
        rail=answer.rail(),
    )


def agreement(answer: Answer) -> AgreementGrant:
    return AgreementGrant(
        answer.text("service_type"), answer.number("expiry", MAX_TIME), answer.data("agreement", 65)
    )


def transfer(answer: Answer) -> TransferReport:
    return TransferReport(answer.number("cumulative", MAX_AMOUNT), answer.number("settled", MAX_AMOUNT))


def session(answer: Answer) -> SessionGrant:
    channel = answer.object("channel")
    return SessionGrant(
        username=answer.text("username"),
        password=answer.text("password"),
        expires=answer.number("expires", MAX_TIME),
        domain=answer.text("domain"),
        sip=answer.text("sip"),
        turn=answer.texts("turn"),
        channel=ChannelReport(
            epoch=channel.number("epoch", EPOCH),
            deposited=channel.number("deposited", MAX_AMOUNT),
            claimed=channel.number("claimed", MAX_AMOUNT),
            voucher=channel.number("voucher", MAX_AMOUNT),
            signature=channel.optional_data("signature", 65),
        ),
    )


def mail(answer: Answer) -> list[HeldMessage]:
    return [_held(one) for one in answer.objects("mail")]


def _held(one: Answer) -> HeldMessage:
    held = HeldMessage(one.data("id", 32), one.base64("sealed", MAX_SIZE))
    if message_id(held.sealed) != held.id:
        raise ProviderInvalid("the provider's mail has an 'id' that is not the message's")
    return held
