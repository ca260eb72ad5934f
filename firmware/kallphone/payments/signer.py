from __future__ import annotations

import logging

from kallnet.account import Address
from kallnet.messages import Voucher
from kallnet.transfers import EPOCH
from kallphone.payments.channels import Channels
from kallphone.payments.courier import Courier
from kallphone.payments.errors import PaymentsError, for_people
from kallphone.payments.signatures import Signatures
from kallphone.payments.transfers import Transfers
from kallphone.phone.commands import SignVoucher
from kallphone.phone.events import VoucherRefused
from kallphone.ports import Post
from kallphone.storage.errors import StorageError
from kallphone.storage.receipts import Charge
from kallphone.storage.transfers import SignedTransfer
from kallphone.storage.vouchers import SignedVoucher, VoucherStore

log = logging.getLogger(__name__)


class Signer:
    """Signs a voucher or a transfer, commits it to disk, and only then lets it leave."""

    def __init__(
        self,
        client: Address,
        signatures: Signatures,
        vouchers: VoucherStore,
        transfers: Transfers,
        channels: Channels,
        courier: Courier,
        post: Post,
    ) -> None:
        self._client = client
        self._signatures = signatures
        self._vouchers = vouchers
        self._transfers = transfers
        self._channels = channels
        self._courier = courier
        self._post = post

    def sign(self, command: SignVoucher) -> None:
        try:
            signed = self._commit(command)
        except (PaymentsError, StorageError) as error:
            log.warning("voucher over %d not signed: %s", command.cumulative, error)
            self._post(VoucherRefused(command.call, command.cumulative, for_people(error)))
        else:
            self._courier.deliver(signed, command.call)

    def _commit(self, command: SignVoucher) -> SignedVoucher | SignedTransfer:
        provider = Address(command.provider)
        credit = self._channels.credit(provider)
        if credit is None or credit.epoch != command.epoch or command.cumulative > credit.deposited:
            raise PaymentsError(f"the channel does not cover {command.cumulative} in epoch {command.epoch}")
        charge = Charge(command.call, command.cumulative - credit.signed)
        if command.epoch == EPOCH:
            return self._transfers.sign(provider, command.cumulative, charge)
        voucher = Voucher(self._client, provider, command.epoch, command.cumulative)
        signed = SignedVoucher(voucher, self._signatures.voucher(voucher))
        self._vouchers.commit(signed, charge)
        return signed
