from __future__ import annotations

from functools import cached_property

from kallnet import calldata
from kallnet.account import Account, Address
from kallnet.deployment import Deployment
from kallnet.messages import StartExit, TransferWithAuthorization
from kallnet.rpc import JsonRpc
from kallphone.ledger.desk import Sender


class PayersRelay:
    """Somebody with gas of their own, where no provider helps. Raises CommandError and LedgerError."""

    def __init__(self, rpc: JsonRpc, deployment: Deployment, payer: Account) -> None:
        self._rpc = rpc
        self._deployment = deployment
        self._payer = payer

    def transfer(self, message: TransferWithAuthorization, signature: bytes) -> None:
        data = calldata.transfer_with_authorization(message, signature)
        self._sender.transact(self._deployment.coin, data)

    def start_exit(self, message: StartExit, signature: bytes) -> None:
        self._sender.transact(self._deployment.escrow, calldata.start_exit(message, signature))

    def exit(self, client: Address, provider: Address) -> None:
        self._sender.transact(self._deployment.escrow, calldata.exit(client, provider))

    @cached_property
    def _sender(self) -> Sender:
        from kallphone.ledger.sending import TransactionSender  # its libraries only where they are used

        return TransactionSender(self._rpc, self._deployment.chain_id, self._payer)
