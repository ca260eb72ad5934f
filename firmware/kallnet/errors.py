"""The errors of kallnet.

KallnetError
├── AddressInvalid      not an address, or its EIP-55 checksum is wrong
├── NumberInvalid       not a Kall number
├── MessageInvalid      a message's field does not fit its EIP-712 type
├── EntryInvalid        a client or service entry breaks its format
├── BadSignature        malformed, or not by whom it should be
├── AbiInvalid          bytes that are no answer of the function that was called
├── DeploymentInvalid   a deployment file that can't be used
├── NotListed           the ledger has no such entry, or the entry no such thing
├── EntryLapsed         the ledger has it, and nobody renewed it
└── LedgerError
    ├── LedgerUnreachable   no endpoint gave a usable answer: try again later
    ├── LedgerRefused       an endpoint answered with a JSON-RPC error
    └── LedgerInconsistent  the answers contradict each other or the request
"""

from collections.abc import Mapping
from datetime import UTC, datetime


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


class AbiInvalid(KallnetError):
    pass


class DeploymentInvalid(KallnetError):
    pass


class NotListed(KallnetError):
    pass


class EntryLapsed(KallnetError):
    """`expiry` is Unix seconds."""

    def __init__(self, what: str, expiry: int) -> None:
        when = datetime.fromtimestamp(expiry, UTC)
        super().__init__(f"{what} lapsed on {when:%Y-%m-%d %H:%M} UTC and was not renewed")
        self.expiry = expiry


class LedgerError(KallnetError):
    pass


class LedgerUnreachable(LedgerError):
    """`causes` maps each endpoint (scheme, host and port only) to what went wrong there."""

    def __init__(self, causes: Mapping[str, str]) -> None:
        detail = "; ".join(f"{endpoint}: {cause}" for endpoint, cause in causes.items())
        super().__init__(f"no ledger endpoint answers ({detail}): check the network and the addresses")
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
