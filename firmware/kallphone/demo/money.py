from __future__ import annotations

import asyncio
import secrets

from kallnet import calldata
from kallnet.account import Account, Address, address_from_hex, address_to_hex
from kallnet.messages import StartExit, TransferWithAuthorization
from kallnet.typed import coin_domain, digest, escrow_domain
from kallphone.demo.network import Network
from kallphone.demo.stage import DemoPhone
from kallphone.parts import open_account

EXIT_DELAY_S = 10
"""How long a deposit of the demo is on its way back: the provider has time to claim."""

_DEADLINE_S = 600
_NEWEST_S = 0.5


async def take_all(network: Network, phone: DemoPhone) -> None:
    """What an owner does who empties a phone: its coins leave, then its deposit, signed with its own key."""
    account = await asyncio.to_thread(open_account, phone.folder / "state")
    owner = _Owner(network, account)
    await asyncio.to_thread(owner.empty_purse)
    if await asyncio.to_thread(owner.ask_for_deposit):
        await asyncio.sleep(EXIT_DELAY_S)
        while not await asyncio.to_thread(owner.leave):
            await asyncio.sleep(_NEWEST_S)
        await asyncio.to_thread(owner.empty_purse)


class _Owner:
    def __init__(self, network: Network, account: Account) -> None:
        self._network = network
        self._deployment = network.deployment
        self._account = account
        self._bank = address_from_hex(network.chain.accounts[0].address)

    def empty_purse(self) -> None:
        ledger, own = self._network.ledger, self._account.address
        amount = ledger.coin_balance(own)
        if amount == 0:
            return
        until = ledger.chain_time() + _DEADLINE_S
        message = TransferWithAuthorization(own, self._bank, amount, 0, until, secrets.token_bytes(32))
        signature = self._account.sign(digest(coin_domain(self._deployment), message))
        self._submit(self._deployment.coin, calldata.transfer_with_authorization(message, signature))

    def ask_for_deposit(self) -> bool:
        """False where there is none."""
        ledger, own, provider = self._network.ledger, self._account.address, self._network.provider
        channel = ledger.channel(own, provider)
        if channel.deposited == 0:
            return False
        if channel.exit_at == 0:
            until = ledger.chain_time() + _DEADLINE_S
            message = StartExit(own, provider, ledger.escrow_nonce(own), until)
            signature = self._account.sign(digest(escrow_domain(self._deployment), message))
            self._submit(self._deployment.escrow, calldata.start_exit(message, signature))
        return True

    def leave(self) -> bool:
        """False where it is too early."""
        own, provider = self._account.address, self._network.provider
        channel = self._network.ledger.channel(own, provider)
        if channel.exit_at and self._network.ledger.chain_time() < channel.exit_at:
            return False
        if channel.exit_at:
            self._submit(self._deployment.escrow, calldata.exit(own, provider))
        return True

    def _submit(self, contract: Address, data: bytes) -> None:
        self._network.chain.transact(address_to_hex(contract), data)
