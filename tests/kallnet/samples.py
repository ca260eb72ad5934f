"""Accounts, domains and message strategies that several tests share."""

from dataclasses import fields
from typing import Any

from eth_account import Account as Oracle
from eth_account.messages import encode_typed_data
from hypothesis import strategies as st

from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import Deployment
from kallnet.messages import (
    Agreement,
    Ballot,
    CallIdentity,
    CallNote,
    Delegation,
    Deposit,
    Interest,
    Mail,
    Permit,
    Proposal,
    Rating,
    Register,
    Release,
    Sealed,
    Session,
    StartExit,
    TransferWithAuthorization,
    Voucher,
)
from kallnet.typed import Domain, Message, members

ALICE = Account(b"\x0a" * 32)
BOB = Account(b"\x0b" * 32)
CAROL = Account(b"\x0c" * 32)
DEPLOYMENT = Deployment(31337, *(Address(bytes([i]) * 20) for i in range(0x11, 0x77, 0x11)), block=1)

MESSAGES: tuple[type[Any], ...] = (
    Register,
    Release,
    Agreement,
    Session,
    Voucher,
    Deposit,
    StartExit,
    Permit,
    TransferWithAuthorization,
    Delegation,
    CallIdentity,
    CallNote,
    Sealed,
    Mail,
    Rating,
    Interest,
    Proposal,
    Ballot,
)

DOMAIN_MEMBERS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]


def value_of(kind: str) -> st.SearchStrategy[Any]:
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind == "string":
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
    if kind == "bytes":
        return st.binary(max_size=200)
    size = 20 if kind == "address" else int(kind.removeprefix("bytes"))
    return st.binary(min_size=size, max_size=size)


def any_message(message: type[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(*(value_of(kind) for kind, _ in members(message.TYPE))).map(lambda v: message(*v))


any_domain = st.builds(
    Domain,
    name=st.sampled_from(["KallRegistry", "KallEscrow", "KallRating", "KallSpec", "kallCoin"]),
    version=st.just("1"),
    chain_id=st.integers(1, 2**64),
    contract=st.binary(min_size=20, max_size=20).map(Address),
)


def oracle_sign(domain: Domain, message: Message, key: bytes) -> tuple[bytes, bytes]:
    """Digest and signature by eth_account."""
    name = type(message).__name__
    named = [(kind, member) for kind, member in members(message.TYPE)]
    values = [getattr(message, f.name) for f in fields(message)]
    signed = Oracle.sign_message(
        encode_typed_data(
            full_message={
                "primaryType": name,
                "types": {
                    "EIP712Domain": DOMAIN_MEMBERS,
                    name: [{"name": member, "type": kind} for kind, member in named],
                },
                "domain": {
                    "name": domain.name,
                    "version": domain.version,
                    "chainId": domain.chain_id,
                    "verifyingContract": address_to_hex(domain.contract),
                },
                "message": {
                    member: address_to_hex(value) if kind == "address" else value
                    for (kind, member), value in zip(named, values, strict=True)
                },
            }
        ),
        key,
    )
    return bytes(signed.message_hash), bytes(signed.signature)
