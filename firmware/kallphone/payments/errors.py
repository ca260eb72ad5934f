"""What can go wrong between the phone and a provider. Words are for logs; `for_people` shortens them.

PaymentsError
├── WrongNetwork          the provider works with other contracts than this phone
├── NoFreeNumber          all sixteen numbers of this account are taken
├── NotSeen               a transaction did not show up on the ledger in time
├── NotAProvider          the ledger lists no proxy behind an account
├── NotEnough             more is to be withdrawn than is free
├── NothingOnDeposit      there is no deposit to take back
├── NoOwner               no account is set that coins may be withdrawn to
└── ProviderError
    ├── ProviderUnreachable   no connection, no answer in time
    ├── ProviderUntrusted     its TLS certificate is no good
    ├── ProviderInvalid       its answer is unusable
    └── ProviderRefused       it says no: HTTP status and its own words
"""

from __future__ import annotations

from kallnet.errors import KallnetError, LedgerError
from kallphone.phone.words import N_
from kallphone.storage.errors import StorageError


class PaymentsError(Exception):
    pass


class WrongNetwork(PaymentsError):
    def __init__(self, what: str, theirs: object, ours: object) -> None:
        super().__init__(f"the provider's {what} is {theirs}, this phone's {ours}: check both configurations")


class NoFreeNumber(PaymentsError):
    pass


class NotSeen(PaymentsError):
    pass


class NotAProvider(PaymentsError):
    pass


class NotEnough(PaymentsError):
    def __init__(self, wanted: int, free: int) -> None:
        words = f"{free} base units are free and {wanted} were asked for" if free else "no coins are free"
        super().__init__(f"{words}: what is on deposit comes back by an exit")
        self.free = free


class NothingOnDeposit(PaymentsError):
    pass


class NoOwner(PaymentsError):
    pass


class ProviderError(PaymentsError):
    pass


class ProviderUnreachable(ProviderError):
    pass


class ProviderUntrusted(ProviderError):
    pass


class ProviderInvalid(ProviderError):
    pass


class ProviderRefused(ProviderError):
    """`held` is the sum that the provider holds, where it says so."""

    def __init__(self, status: int, words: str, held: int | None = None) -> None:
        super().__init__(f"the provider refused ({status}): {words}")
        self.status = status
        self.words = words
        self.held = held

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status == 429 or self.status >= 500

    @property
    def is_certain(self) -> bool:
        """Whether the request was turned away before anything was done."""
        return 400 <= self.status < 500


def for_people(error: Exception) -> str:
    """A sentence or two for the phone's display."""
    match error:
        case ProviderRefused(status=429):
            return N_("Your provider is busy. Trying again soon")
        case ProviderRefused(words=words):
            return f"Your provider refused: {words}"
        case ProviderUntrusted():
            return N_("Your provider's certificate is not trusted")
        case ProviderUnreachable():
            return N_("Your provider does not answer")
        case ProviderInvalid():
            return N_("Your provider gave a strange answer")
        case WrongNetwork():
            return N_("Your provider uses another ledger than this phone")
        case NotEnough(free=0):
            return N_("No coins are free")
        case NotEnough():
            return N_("Not that many coins are free")
        case NoOwner():
            return N_("No owner's account is set in kallphone.toml")
        case NoFreeNumber():
            return N_("No number is free for this account")
        case LedgerError() | NotSeen():
            return N_("The ledger does not answer")
        case StorageError():
            return N_("This phone's memory card has a problem")
        case PaymentsError() | KallnetError():
            return N_("The line could not be opened")
        case _:
            return N_("Something went wrong. Trying again soon")
