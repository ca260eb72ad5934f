from __future__ import annotations

from dataclasses import dataclass

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.messages import Voucher
from kallphone.storage.database import Database
from kallphone.storage.errors import VoucherTooLow
from kallphone.storage.receipts import Charge, Charges

_HIGHEST = """SELECT cumulative, signature FROM vouchers
    WHERE chain = ? AND escrow = ? AND client = ? AND provider = ? AND epoch = ?"""
_INSERT = """INSERT OR REPLACE INTO vouchers
    (chain, escrow, client, provider, epoch, cumulative, signature) VALUES (?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True)
class SignedVoucher:
    voucher: Voucher
    signature: bytes

    @property
    def provider(self) -> Address:
        return self.voucher.provider

    @property
    def epoch(self) -> int:
        return self.voucher.epoch

    @property
    def cumulative(self) -> int:
        return self.voucher.cumulative


class VoucherStore:
    """The highest voucher that this phone signed in each epoch of each channel of one escrow."""

    def __init__(self, database: Database, deployment: Deployment) -> None:
        self._database = database
        self._charges = Charges(database)
        self._escrow = (deployment.chain_id, deployment.escrow)

    def commit(self, signed: SignedVoucher, charge: Charge | None = None) -> None:
        """On disk when it returns, with the charge. An equal voucher changes nothing; a lower one raises
        VoucherTooLow.
        """
        voucher = signed.voucher
        channel = self._channel(voucher.client, voucher.provider, voucher.epoch)
        with self._database.transaction() as connection:
            row = connection.execute(_HIGHEST, channel).fetchone()
            highest = int(row["cumulative"]) if row else 0
            if voucher.cumulative < highest:
                raise VoucherTooLow(voucher.cumulative, highest)
            connection.execute(_INSERT, (*channel, voucher.cumulative, signed.signature))
            if charge is not None:
                self._charges.add(connection, charge, voucher.provider, voucher.epoch, voucher.cumulative)

    def highest(self, client: Address, provider: Address, epoch: int) -> SignedVoucher | None:
        rows = self._database.rows(_HIGHEST, *self._channel(client, provider, epoch))
        if not rows:
            return None
        voucher = Voucher(client, provider, epoch, int(rows[0]["cumulative"]))
        return SignedVoucher(voucher, bytes(rows[0]["signature"]))

    def _channel(self, client: Address, provider: Address, epoch: int) -> tuple[object, ...]:
        return (*self._escrow, client, provider, epoch)
