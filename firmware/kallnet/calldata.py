"""Calldata of the contracts' functions, for whoever submits them and pays the gas."""

from collections.abc import Sequence
from dataclasses import astuple

from kallnet.abi import encode_call
from kallnet.account import Address
from kallnet.errors import BadSignature
from kallnet.messages import (
    Ballot,
    Delegation,
    Deposit,
    Interest,
    Permit,
    Proposal,
    Rating,
    Register,
    Release,
    StartExit,
    TransferWithAuthorization,
    Voucher,
)

_VOUCHER = "(address,address,uint256,uint256)"


def register(message: Register, signature: bytes) -> bytes:
    function = "register(uint8,address,bytes,uint256,uint256,uint256,bytes)"
    return encode_call(function, *astuple(message), signature)


def release(message: Release, signature: bytes) -> bytes:
    return encode_call("release(uint8,address,uint256,uint256,bytes)", *astuple(message), signature)


def krypton_deploy(message: Register, hostname: str, signature: bytes) -> bytes:
    """`hostname` is the entry's domain, the message's salt zero."""
    m = message
    function = "deploy(address,string,bytes,uint256,uint256,bytes)"
    return encode_call(function, m.account, hostname, m.entry, m.nonce, m.deadline, signature)


def krypton_undeploy(message: Release, signature: bytes) -> bytes:
    m = message
    return encode_call("undeploy(address,uint256,uint256,bytes)", m.account, m.nonce, m.deadline, signature)


def krypton_register(message: Register, provider: Address, uuid: bytes, signature: bytes) -> bytes:
    """`provider` is the entry's first proxy and `uuid` its uuid."""
    m = message
    function = "register(address,address,bytes16,bytes,uint256,uint256,uint256,bytes)"
    return encode_call(function, m.account, provider, uuid, m.entry, m.salt, m.nonce, m.deadline, signature)


def krypton_unregister(message: Release, signature: bytes) -> bytes:
    m = message
    return encode_call("unregister(address,uint256,uint256,bytes)", m.account, m.nonce, m.deadline, signature)


def krypton_query(kind: str, user: Address) -> bytes:
    """`kind` is uuid, location or provider."""
    return encode_call("query(string,address)", kind, user)


def krypton_publish(kind: int, account: Address, entry: bytes) -> bytes:
    """Brings the face the body of an entry that was registered by the registry's own door."""
    return encode_call("publish(uint8,address,bytes)", kind, account, entry)


def deposit(client: Address, provider: Address, amount: int) -> bytes:
    """The sender pays, by an allowance to the escrow."""
    return encode_call("deposit(address,address,uint256)", client, provider, amount)


def deposit_by_signature(message: Deposit, signature: bytes, permit_signature: bytes = b"") -> bytes:
    """The client pays; the permit is for the same amount and deadline, empty when an allowance stands."""
    function = "depositBySignature(address,address,uint256,uint256,uint256,bytes,bytes)"
    return encode_call(function, *astuple(message), signature, permit_signature)


def claim(voucher: Voucher, signature: bytes) -> bytes:
    return encode_call(f"claim({_VOUCHER},bytes)", astuple(voucher), signature)


def claim_batch(vouchers: Sequence[Voucher], signatures: Sequence[bytes]) -> bytes:
    return encode_call(f"claimBatch({_VOUCHER}[],bytes[])", [astuple(v) for v in vouchers], signatures)


def start_exit(message: StartExit, signature: bytes) -> bytes:
    return encode_call("startExit(address,address,uint256,uint256,bytes)", *astuple(message), signature)


def exit(client: Address, provider: Address) -> bytes:  # noqa: A001 - the contract's verb
    return encode_call("exit(address,address)", client, provider)


def rate(message: Rating, signature: bytes) -> bytes:
    *rating, deadline = astuple(message)
    function = "rate((address,address,uint32,uint16,uint16,uint16,uint16,uint32),uint256,bytes)"
    return encode_call(function, tuple(rating), deadline, signature)


def register_interest(message: Interest, signature: bytes) -> bytes:
    return encode_call("registerInterest(address,uint256,uint256,bytes)", *astuple(message), signature)


def propose(message: Proposal, signature: bytes) -> bytes:
    return encode_call("propose(address,uint256,bytes32,uint256,bytes)", *astuple(message), signature)


def cast(message: Ballot, signature: bytes) -> bytes:
    return encode_call("cast(address,uint256,bytes32,uint256,uint256,bytes)", *astuple(message), signature)


def count(vote: int) -> bytes:
    return encode_call("count(uint256)", vote)


def delegate_by_signature(message: Delegation, signature: bytes) -> bytes:
    function = "delegateBySig(address,uint256,uint256,uint8,bytes32,bytes32)"
    return encode_call(function, *astuple(message), *_vrs(signature))


def permit(message: Permit, signature: bytes) -> bytes:
    m = message
    function = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    return encode_call(function, m.owner, m.spender, m.value, m.deadline, *_vrs(signature))


def transfer_with_authorization(message: TransferWithAuthorization, signature: bytes) -> bytes:
    function = (
        "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)"
    )
    return encode_call(function, *astuple(message), *_vrs(signature))


def transfer(to: Address, amount: int) -> bytes:
    return encode_call("transfer(address,uint256)", to, amount)


def approve(spender: Address, amount: int) -> bytes:
    return encode_call("approve(address,uint256)", spender, amount)


def _vrs(signature: bytes) -> tuple[int, bytes, bytes]:
    if len(signature) != 65:
        raise BadSignature(f"a signature has 65 bytes, this one {len(signature)}")
    return signature[64], signature[:32], signature[32:64]
