from __future__ import annotations

from kallnet.errors import KallnetError, LedgerError
from kallphone.payments.errors import (
    NotAProvider,
    ProviderInvalid,
    ProviderRefused,
    ProviderUnreachable,
    ProviderUntrusted,
)
from kallphone.storage.errors import StorageError

_SIGNED_FOR_ANOTHER_TIME = 401


class NoMailbox(Exception):
    """There is nobody to send it to, or no provider that would keep it."""


def is_passing(error: Exception) -> bool:
    """Whether the same message may be taken later."""
    match error:
        case ProviderRefused(status=status):
            # A clock that was wrong is set in the end.
            return error.is_passing or status == _SIGNED_FOR_ANOTHER_TIME
        case LedgerError() | ProviderUnreachable() | ProviderUntrusted() | ProviderInvalid() | StorageError():
            return True
        case _:
            return False


def for_people(error: Exception) -> str:
    """Why a message was not sent, for the phone's display."""
    match error:
        case ProviderRefused(status=404) | NotAProvider():
            return "The other phone's provider takes no messages"
        case ProviderRefused(words=words):
            return f"The other phone's provider refused: {words}"
        case StorageError():
            return "This phone's memory card has a problem"
        case NoMailbox() | KallnetError():
            return str(error)
        case _:
            return "It could not be sent"
