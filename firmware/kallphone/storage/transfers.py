from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Row

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.messages import TransferWithAuthorization
from kallnet.transfers import EPOCH, transfer_of
from kallphone.storage.database import Database
from kallphone.storage.errors import VoucherTooLow
from kallphone.storage.receipts import Charge, Charges

_HERE = "FROM transfers WHERE chain = ? AND coin = ? AND client = ? AND provider = ?"
_HIGHEST = f"SELECT max(cumulative) AS highest {_HERE}"
_AFTER = f"SELECT * {_HERE} AND cumulative > ? AND signature != x'' ORDER BY cumulative"
_INSERT = """INSERT INTO transfers
    (chain, coin, client, provider, cumulative, previous, valid_before, signature)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_OLD = f"DELETE {_HERE} AND cumulative <= ? AND valid_before < ?"


@dataclass(frozen=True)
class SignedTransfer:
    """Raises what its sender has paid the receiver in all to `cumulative`."""

    message: TransferWithAuthorization
    cumulative: int
    signature: bytes

    @property
    def provider(self) -> Address:
        return self.message.to

    @property
    def epoch(self) -> int:
        return EPOCH

    @property
    def previous(self) -> int:
        return self.cumulative - self.message.value


class TransferStore:
    """The transfers that this phone signed; what each of them adds to the sum is fixed for ever."""

    def __init__(self, database: Database, deployment: Deployment, client: Address) -> None:
        self._database = database
        self._charges = Charges(database)
        self._client = client
        self._payer = (deployment.chain_id, deployment.coin, client)

    def commit(self, signed: SignedTransfer, charge: Charge | None = None) -> None:
        """On disk when it returns, with the charge.

        Raises VoucherTooLow when it does not follow on the highest.
        """
        self._add(signed.provider, signed.previous, signed.cumulative, signed, charge)

    def begin_at(self, provider: Address, cumulative: int) -> None:
        """Takes over a sum that this disk has lost, so that the next transfer adds to it."""
        highest = self.highest(provider)
        if cumulative > highest:
            self._add(provider, highest, cumulative, None)

    def renew(self, signed: SignedTransfer) -> None:
        """The same transfer with a later end."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE transfers SET valid_before = ?, signature = ? WHERE chain = ? AND coin = ?"
                " AND client = ? AND provider = ? AND cumulative = ?",
                (
                    signed.message.valid_before,
                    signed.signature,
                    *self._payer,
                    signed.provider,
                    signed.cumulative,
                ),
            )

    def highest(self, provider: Address) -> int:
        return int(self._database.rows(_HIGHEST, *self._payer, provider)[0]["highest"] or 0)

    def after(self, provider: Address, cumulative: int) -> list[SignedTransfer]:
        """Lowest first."""
        rows = self._database.rows(_AFTER, *self._payer, provider, cumulative)
        return [self._signed(provider, row) for row in rows]

    def forget(self, provider: Address, settled: int, before: int) -> None:
        """Those that are mined and ended before that Unix time; never the highest."""
        settled = min(settled, self.highest(provider) - 1)
        with self._database.transaction() as connection:
            connection.execute(_OLD, (*self._payer, provider, settled, before))

    def _add(
        self,
        provider: Address,
        previous: int,
        cumulative: int,
        signed: SignedTransfer | None,
        charge: Charge | None = None,
    ) -> None:
        until, signature = (signed.message.valid_before, signed.signature) if signed else (0, b"")
        channel: Sequence[object] = (*self._payer, provider)
        with self._database.transaction() as connection:
            highest = connection.execute(_HIGHEST, channel).fetchone()["highest"] or 0
            if previous != highest or cumulative <= highest:
                raise VoucherTooLow(cumulative, highest)
            values = (*channel, cumulative, previous, until, signature)
            connection.execute(_INSERT, values)
            if charge is not None:
                self._charges.add(connection, charge, provider, EPOCH, cumulative)

    def _signed(self, provider: Address, row: Row) -> SignedTransfer:
        cumulative = int(row["cumulative"])
        message = transfer_of(
            self._client, provider, int(row["previous"]), cumulative, int(row["valid_before"])
        )
        return SignedTransfer(message, cumulative, bytes(row["signature"]))
