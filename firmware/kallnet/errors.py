"""The errors of kallnet.

KallnetError
├── AddressInvalid      not an address, or its EIP-55 checksum is wrong
├── NumberInvalid       not a Kall number
├── MessageInvalid      a message's field does not fit its EIP-712 type
├── EntryInvalid        a client or service entry breaks its format
├── BadSignature        malformed, or not by whom it should be
├── IdentityInvalid     a call's identity does not hold
├── SealInvalid         a sealed message that does not open, or is not what it says
├── AbiInvalid          bytes that are no answer of the function that was called
├── RlpInvalid          bytes that are no recursive length prefix
├── HeaderInvalid       a block that is not what its hash says
├── ProofInvalid        nodes that do not lead from the trusted root to the key
├── SecretFileInvalid   a key file that is missing, readable by others, or malformed
├── DeploymentInvalid   a deployment file that can't be used
├── NotListed           the ledger has no such entry, or the entry no such thing
├── EntryLapsed         the ledger has it, and nobody renewed it
└── LedgerError
    ├── LedgerUnreachable   no endpoint gave a usable answer: try again later
    ├── LedgerRefused       an endpoint answered with a JSON-RPC error
    ├── LedgerInconsistent  the answers contradict each other or the request
    ├── LedgerLied          no endpoint proves its answer, and at least one forged it
    ├── LedgerDisputed      the endpoints don't agree on a block
    └── LedgerStale         the newest block that they agree on is too old
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_YEAR_9999 = 253_402_300_799  # the last second that datetime knows


class KallnetError(Exception):
    pass


class AddressInvalid(KallnetError):
    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text[:64]!r} is not an address: {reason}")
        self.text = text
        self.reason = reason


class NumberInvalid(KallnetError):
    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text[:32]!r} is not a Kall number: {reason}")
        self.text = text
        self.reason = reason


class MessageInvalid(KallnetError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class EntryInvalid(KallnetError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"invalid entry: {reason}")
        self.reason = reason


class BadSignature(KallnetError):
    pass


class IdentityInvalid(KallnetError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"the identity of the far end does not hold: {reason}")
        self.reason = reason


class SealInvalid(KallnetError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"the sealed message does not open: {reason}")
        self.reason = reason


class AbiInvalid(KallnetError):
    pass


class RlpInvalid(KallnetError):
    pass


class HeaderInvalid(KallnetError):
    pass


class ProofInvalid(KallnetError):
    pass


class SecretFileInvalid(KallnetError):
    pass


class DeploymentInvalid(KallnetError):
    pass


class NotListed(KallnetError):
    pass


class EntryLapsed(KallnetError):
    """`expiry` is Unix seconds."""

    def __init__(self, what: str, expiry: int) -> None:
        when = datetime.fromtimestamp(min(expiry, _YEAR_9999), UTC)
        super().__init__(f"{what} lapsed on {when:%Y-%m-%d %H:%M} UTC and was not renewed")
        self.expiry = expiry


class LedgerError(KallnetError):
    pass


class LedgerUnreachable(LedgerError):
    """`causes` maps each endpoint (scheme, host and port only) to what went wrong there."""

    def __init__(self, causes: Mapping[str, str]) -> None:
        super().__init__(
            f"no ledger endpoint answers ({listed(causes)}): check the network and the addresses"
        )
        self.causes = dict(causes)


class LedgerRefused(LedgerError):
    """`data` holds the revert data of the contract's error when there is any."""

    def __init__(self, endpoint: str, method: str, code: int, message: str, data: bytes = b"") -> None:
        super().__init__(f"{endpoint} refused {method}: {message} (code {code})")
        self.endpoint = endpoint
        self.method = method
        self.code = code
        self.message = message
        self.data = data


class LedgerInconsistent(LedgerError):
    pass


class LedgerLied(LedgerError):
    """`lies` maps endpoints to what is wrong with their answers, `causes` others to why they have none."""

    def __init__(self, lies: Mapping[str, str], causes: Mapping[str, str]) -> None:
        super().__init__(f"a ledger endpoint lies or is broken ({listed({**lies, **causes})}): use another")
        self.lies = dict(lies)
        self.causes = dict(causes)


class LedgerDisputed(LedgerError):
    """`reports` maps each endpoint to what it says."""

    def __init__(self, agree: int, reports: Mapping[str, str]) -> None:
        super().__init__(
            f"{agree} of {len(reports)} ledger endpoints must agree on a block, and they don't"
            f" ({listed(reports)}): one of them lies, lags or follows another chain"
        )
        self.reports = dict(reports)


class LedgerStale(LedgerError):
    """`age` in seconds."""

    def __init__(self, block: int, age: float, endpoints: Sequence[str]) -> None:
        super().__init__(
            f"the newest block of {', '.join(endpoints)} is {block}, {age / 60:.0f} minutes old:"
            " they lag or withhold what is newer, or this machine's clock is wrong"
        )
        self.block = block
        self.age = age


def listed(words: Mapping[str, str]) -> str:
    return "; ".join(f"{endpoint}: {cause}" for endpoint, cause in words.items())
