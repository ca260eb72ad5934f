import re
from collections.abc import Callable
from typing import Any

from kallnet.abi import decode, selector, split_types
from kallnet.account import Address, address_to_hex
from kallnet.errors import AbiInvalid

_STALE = "sign it again with a later deadline"

# What the contracts' custom errors mean to the person at the phone; {0} is the error's first value.
_WORDS = {
    "BadSignature(address,address)": "the signature is not that of {0}",
    "MessageExpired(uint256,uint256)": f"the message was good until {{0}} and it is {{1}}: {_STALE}",
    "InvalidAccountNonce(address,uint256)": "the message was used or replaced: sign it again with nonce {1}",
    "UnknownKind(uint8)": "there is no registrar of kind {0}",
    "EntrySize(uint256,uint256)": "the entry has {0} bytes, 1 to {1} are allowed",
    "SaltTooLarge(uint256,uint256)": "the salt {0} is too large",
    "NotRegistered(uint8,address)": "{1} is not registered: there is nothing to release",
    "NumberTaken(uint256,address)": "the number {0} belongs to {1}: take another salt",
    "NothingToDeposit(address,address)": "the deposit is zero: choose an amount",
    "InvalidParty(address)": "{0} can't hold a deposit",
    "NothingToExit(address,address)": "there is no deposit to take back",
    "ExitAlreadyStarted(uint256)": "the deposit is being paid back already, at {0}",
    "ExitNotStarted(address,address)": "no exit was started",
    "ExitTooEarly(uint256,uint256)": "the deposit can be paid back from {0} on and it is {1}: wait",
    "WrongEpoch(uint256,uint256)": "the voucher is of epoch {1}, the channel in epoch {0}",
    "NothingToClaim(uint256,uint256)": "{0} is claimed already, the voucher is for {1}",
    "LengthMismatch(uint256,uint256)": "{0} vouchers with {1} signatures",
    "ERC20InsufficientBalance(address,uint256,uint256)": "{0} owns {1} and {2} is needed: top up",
    "ERC20InsufficientAllowance(address,uint256,uint256)": (
        "the permit did not hold and the allowance is {1} of {2}: sign the permit again"
    ),
    "ERC20InvalidReceiver(address)": "{0} can't receive kallCoin",
    "ERC2612ExpiredSignature(uint256)": f"the permit was good until {{0}}: {_STALE}",
    "ERC2612InvalidSigner(address,address)": "the permit is not signed by {1}",
    "ERC3009InvalidAuthorizationTime(uint256,uint256)": "the transfer is good from {0} to {1} only",
    "ERC3009InvalidSignature()": "the transfer is not signed by its sender",
    "ERC3009UsedAuthorization(address,bytes32)": "the transfer was made or cancelled already",
    "ECDSAInvalidSignature()": "the signature belongs to no key",
    "ECDSAInvalidSignatureLength(uint256)": "the signature has {0} bytes, 65 are needed",
    "ECDSAInvalidSignatureS(bytes32)": "the signature is not in its canonical form",
    "SafeERC20FailedOperation(address)": "the coin refused the transfer",
    "SafeCastOverflowedUintDowncast(uint8,uint256)": "{1} is too large",
    "Error(string)": "{0}",
    "Panic(uint256)": "the contract panicked with code {0}",
}


def _types(signature: str) -> tuple[str, ...]:
    return split_types(signature[signature.index("(") + 1 : -1])


_NO_WORDS = "the contract refuses without saying why"
_BY_SELECTOR = {selector(signature): (_types(signature), words) for signature, words in _WORDS.items()}


def words_of(revert_data: bytes) -> str:
    """What a contract's error says, with its values."""
    known = _BY_SELECTOR.get(revert_data[:4])
    if known is None:
        return f"the contract refuses with {_shown(revert_data[:4])}" if revert_data else _NO_WORDS
    types, words = known
    try:
        values = decode(types, revert_data[4:])
    except AbiInvalid:
        return f"the contract refuses with a damaged error {_shown(revert_data[:4])}"
    return words.format(*(_PRINTED[type(value)](value) for value in values))


def _shown(value: bytes) -> str:
    return address_to_hex(Address(value)) if len(value) == 20 else "0x" + value.hex()


def _plain(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "?", text)[:200]


_PRINTED: dict[type, Callable[[Any], str]] = {int: str, bytes: _shown, str: _plain, bool: str}
