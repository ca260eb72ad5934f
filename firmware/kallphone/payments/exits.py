from __future__ import annotations

from kallnet.account import Address, address_to_hex
from kallnet.messages import StartExit
from kallphone.payments.chain import DEADLINE_S, Chain, Pause, wait_until
from kallphone.payments.errors import NothingOnDeposit
from kallphone.payments.relays import Relay
from kallphone.payments.signatures import Signatures


class Exits:
    """Takes deposits back: announced at first, paid back after the escrow's delay.

    Raises what the relay does, and LedgerError.
    """

    def __init__(self, client: Address, chain: Chain, signatures: Signatures, pause: Pause) -> None:
        self._client = client
        self._chain = chain
        self._signatures = signatures
        self._pause = pause

    def start(self, relay: Relay, provider: Address) -> int:
        """When the deposit can be paid back, in Unix seconds; an exit that runs already is left alone."""
        channel = self._chain.channel(self._client, provider)
        if channel.exit_at:
            return channel.exit_at
        if not channel.deposited:
            raise NothingOnDeposit(f"nothing is on deposit with {address_to_hex(provider)}")
        deadline = self._chain.chain_time() + DEADLINE_S
        message = StartExit(self._client, provider, self._chain.escrow_nonce(self._client), deadline)
        relay.start_exit(message, self._signatures.start_exit(message))
        wait_until(lambda: self._exit_at(provider) > 0, self._pause, "the exit")
        return self._exit_at(provider)

    def finish(self, relay: Relay, provider: Address) -> int:
        """What came back. Asked before its time, the contract refuses."""
        channel = self._chain.channel(self._client, provider)
        relay.exit(self._client, provider)
        wait_until(lambda: self._epoch(provider) > channel.epoch, self._pause, "the end of the exit")
        return channel.deposited - channel.claimed

    def _exit_at(self, provider: Address) -> int:
        return self._chain.channel(self._client, provider).exit_at

    def _epoch(self, provider: Address) -> int:
        return self._chain.channel(self._client, provider).epoch
