"""Who brings the owner's messages to the chain: a phone has no gas."""

from __future__ import annotations

from typing import Protocol

from kallnet.account import Address
from kallnet.messages import Session, StartExit, TransferWithAuthorization
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.signatures import Signatures


class Relay(Protocol):
    """Each returns when it is mined. Raises PaymentsError, KallnetError or CommandError."""

    def transfer(self, message: TransferWithAuthorization, signature: bytes) -> None: ...
    def start_exit(self, message: StartExit, signature: bytes) -> None: ...
    def exit(self, client: Address, provider: Address) -> None: ...


class HomeRelay:
    """The home provider, at its own cost."""

    def __init__(self, api: ProviderApi, home: Address, signatures: Signatures) -> None:
        self._api = api
        self._home = home
        self._signatures = signatures

    def transfer(self, message: TransferWithAuthorization, signature: bytes) -> None:
        self._api.relay("transfer", message, signature)

    def start_exit(self, message: StartExit, signature: bytes) -> None:
        self._api.relay("start_exit", message, signature)

    def exit(self, client: Address, provider: Address) -> None:
        session = Session(client, self._home, self._api.challenge(client))
        self._api.exit(session, self._signatures.session(session), provider)
