import re
from collections.abc import Callable
from typing import Any

from kallnet.abi import decode, selector, split_types
from kallnet.account import Address, address_to_hex
from kallnet.errors import AbiInvalid

_STALE = "sign it again with a later deadline"
_MALFORMED = "the entry is no CBOR that an account may publish"

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
    "WrongEpoch(uint256,uint256)": "the message is for epoch {1}, the channel is in epoch {0}",
    "NothingToClaim(uint256,uint256)": "{0} is claimed already, the voucher is for {1}",
    "LengthMismatch(uint256,uint256)": "{0} vouchers with {1} signatures",
    "ProviderNotDeployed(address)": "the provider {0} is not deployed: choose another, or have it deploy",
    "NotAProxy(address,string)": "{0} offers {1!r}, and users register with a proxy",
    "BadHostname(address,string)": "{1!r} is no host name for {0}",
    "HostnameDiffers(string,string)": "the entry says {0!r}, the call {1!r}: sign another entry",
    "NoProxy(address)": "the entry of {0} names no proxy",
    "ProviderDiffers(address,address)": "the entry's first proxy is {0}, the call's {1}: sign another entry",
    "BadUuid(address,bytes16)": "the entry of {0} has no version 4 UUID",
    "UuidDiffers(bytes16,bytes16)": "the entry says {0}, the call {1}: sign another entry",
    "AgreementExpired(address,address,uint256)": (
        "the agreement of {0} with {1} was good until {2}: ask the provider for a new one"
    ),
    "NotAgreed(address,address,uint256)": "{0} did not agree to serve {1}: ask it for its agreement",
    "NotPublished(uint8,address)": "the entry of {1} is not known here: publish it first",
    "OtherEntry(bytes32,bytes32)": "the registered entry has the hash {0}, this one {1}",
    "UnknownQuery(string)": "there is no {0!r} to query: ask for uuid, location or provider",
    "UnknownFormat(uint256)": "the entry is of format {0}, which is not known here",
    "FieldMissing(bytes)": "the entry lacks the field {0}",
    "Truncated(uint256,uint256,uint256)": f"{_MALFORMED}: it ends in the middle of the item at {{0}}",
    "TrailingBytes(uint256,uint256)": f"{_MALFORMED}: it goes on behind its end at {{0}}",
    "NoDefiniteLength(uint256,uint256)": f"{_MALFORMED}: no definite length at {{0}}",
    "NotShortest(uint256,uint256)": f"{_MALFORMED}: a longer form than needed at {{0}}",
    "KeysDoNotRise(uint256)": f"{_MALFORMED}: its keys do not rise at {{0}}",
    "TooDeep(uint256,uint256)": f"{_MALFORMED}: it nests deeper than {{1}}",
    "Unsupported(uint256,uint256)": f"{_MALFORMED}: no item of type {{1}} belongs at {{0}}",
    "WrongType(uint256,uint256,uint256)": f"{_MALFORMED}: type {{2}} in place of {{1}} at {{0}}",
    "WrongLength(uint256,uint256,uint256)": f"{_MALFORMED}: length {{2}} in place of {{1}} at {{0}}",
    "LossOutOfRange(uint256,uint256)": "a loss of {0} is more than the {1} that there can be",
    "MosOutOfRange(uint256,uint256,uint256)": "a MOS of {0} is not between {1} and {2}",
    "NoConversation(address,address)": "{0} did not talk through {1}: there is nothing to rate",
    "AlreadyRated(address,address,uint256)": "{0} has rated {1} in epoch {2} already",
    "RatesItself(address)": "{0} can't rate itself",
    "NothingClaimed(address,address)": "{1} has claimed nothing from {0}: only who paid rates",
    "NothingClaimedSince(uint256)": "nothing was claimed since the last rating: rate after the next claim",
    "WrongPhase(uint256,uint8,uint256,uint8)": (
        "this is for phase {1} of vote {0}, it is phase {3} of vote {2} (0 proposing, 1 voting, 2 counting)"
    ),
    "NoPower(address,uint256)": "{0} had no votes at block {1}: delegate them before a vote, also your own",
    "AlreadyRegistered(address,uint256)": "{0} is registered for vote {1} already",
    "NotRegistered(address,uint256)": "{0} has not registered for vote {1}",
    "AlreadyProposed(address,uint256)": "{0} has proposed in vote {1} already",
    "AlreadyCast(address,uint256)": "{0} has cast its ballot in vote {1} already",
    "OptionsDiffer(bytes32,bytes32)": (
        "the ballot's proposals have the hash {0}, the message is for {1}: look at the vote and cast again"
    ),
    "SpecRefused(bytes32)": "{0} can't be proposed: it is empty or the specification in force",
    "AlreadyCounted(uint256,uint256)": "vote {0} is closed: {1} is the next to count",
    "MalformedRanking(uint256,uint256)": "a ranking names each of the options 1 to {1} at most once",
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
