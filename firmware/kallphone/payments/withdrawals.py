from __future__ import annotations

import secrets
from dataclasses import dataclass

from kallnet.account import Address
from kallnet.messages import TransferWithAuthorization
from kallphone.payments.chain import DEADLINE_S, Chain, Pause, wait_until
from kallphone.payments.errors import NotEnough
from kallphone.payments.relays import Relay
from kallphone.payments.signatures import Signatures
from kallphone.storage.settings import Settings

_NAME = "withdrawal"


@dataclass(frozen=True)
class _Attempt:
    """A withdrawal that was signed; `balance` is what the account had before it."""

    message: TransferWithAuthorization
    balance: int

    def is_made(self, balance: int) -> bool:
        return balance == self.balance - self.message.value


class Withdrawals:
    """Sends free coins of the account away, each withdrawal once.

    Its nonce is on disk before it leaves: whoever asks for the same again, because no answer came, signs the
    same transfer again, which can be mined once. Raises what the relay does, LedgerError and StorageError.
    """

    def __init__(
        self, client: Address, chain: Chain, signatures: Signatures, settings: Settings, pause: Pause
    ) -> None:
        self._client = client
        self._chain = chain
        self._signatures = signatures
        self._settings = settings
        self._pause = pause

    def send(self, relay: Relay, to: Address, amount: int, promised: int = 0) -> int:
        """What was sent: all that is free where `amount` is 0. What is `promised` to providers is not.

        Raises NotEnough.
        """
        balance = self._chain.coin_balance(self._client)
        free = max(0, balance - promised)
        amount = amount or free
        attempt = self._earlier(to, amount)
        if attempt is None or not attempt.is_made(balance):
            if not 0 < amount <= free:
                raise NotEnough(amount, free)
            if attempt is None or attempt.message.valid_before < self._chain.chain_time():
                attempt = self._attempt(to, amount, balance)
            self._make(relay, attempt, balance)
        self._settings.write(_NAME, {})
        return amount

    def _make(self, relay: Relay, attempt: _Attempt, balance: int) -> None:
        self._keep(attempt)
        relay.transfer(attempt.message, self._signatures.transfer(attempt.message))
        what = "the withdrawal"
        wait_until(lambda: self._chain.coin_balance(self._client) != balance, self._pause, what)

    def _attempt(self, to: Address, amount: int, balance: int) -> _Attempt:
        until, nonce = self._chain.chain_time() + DEADLINE_S, secrets.token_bytes(32)
        return _Attempt(TransferWithAuthorization(self._client, to, amount, 0, until, nonce), balance)

    def _earlier(self, to: Address, amount: int) -> _Attempt | None:
        """The latest one, of as much to the same account, if nobody saw its end."""
        kept = self._settings.read(_NAME) or {}
        known = (kept.get("from"), kept.get("to"), kept.get("amount"))
        if known != (self._client.hex(), to.hex(), amount):
            return None
        nonce = bytes.fromhex(kept["nonce"])
        message = TransferWithAuthorization(self._client, to, amount, 0, kept["until"], nonce)
        return _Attempt(message, kept["balance"])

    def _keep(self, attempt: _Attempt) -> None:
        message = attempt.message
        self._settings.write(
            _NAME,
            {
                "from": message.from_.hex(),
                "to": message.to.hex(),
                "amount": message.value,
                "until": message.valid_before,
                "nonce": message.nonce.hex(),
                "balance": attempt.balance,
            },
        )
