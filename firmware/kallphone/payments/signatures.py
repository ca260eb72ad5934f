from __future__ import annotations

from kallnet.account import Account, recover
from kallnet.deployment import Deployment
from kallnet.errors import BadSignature
from kallnet.messages import (
    Deposit,
    Permit,
    Rating,
    Register,
    Session,
    StartExit,
    TransferWithAuthorization,
    Voucher,
)
from kallnet.typed import coin_domain, digest, escrow_domain, rating_domain, registry_domain


class Signatures:
    """The account's signatures, each under the domain of the contract that it is for."""

    def __init__(self, account: Account, deployment: Deployment) -> None:
        self._account = account
        self._registry = registry_domain(deployment)
        self._escrow = escrow_domain(deployment)
        self._coin = coin_domain(deployment)
        self._rating = rating_domain(deployment)

    def session(self, message: Session) -> bytes:
        return self._account.sign(digest(self._registry, message))

    def register(self, message: Register) -> bytes:
        return self._account.sign(digest(self._registry, message))

    def deposit(self, message: Deposit) -> bytes:
        return self._account.sign(digest(self._escrow, message))

    def permit(self, message: Permit) -> bytes:
        return self._account.sign(digest(self._coin, message))

    def transfer(self, message: TransferWithAuthorization) -> bytes:
        return self._account.sign(digest(self._coin, message))

    def voucher(self, message: Voucher) -> bytes:
        return self._account.sign(digest(self._escrow, message))

    def start_exit(self, message: StartExit) -> bytes:
        return self._account.sign(digest(self._escrow, message))

    def is_ours(self, message: Voucher, signature: bytes) -> bool:
        """Whether this account signed the voucher."""
        try:
            return recover(digest(self._escrow, message), signature) == self._account.address
        except BadSignature:
            return False

    def rating(self, message: Rating) -> bytes:
        return self._account.sign(digest(self._rating, message))
