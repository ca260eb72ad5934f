from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TypeAlias

from kallnet import calldata
from kallnet.account import Address, address_to_hex, recover
from kallnet.deployment import Deployment
from kallnet.entries import decode_client, own_entry
from kallnet.errors import BadSignature, EntryInvalid
from kallnet.messages import (
    CLIENT,
    Deposit,
    Rating,
    Register,
    Release,
    StartExit,
    TransferWithAuthorization,
)
from kallnet.typed import Domain, coin_domain, digest, escrow_domain, rating_domain, registry_domain
from kallprovider.agreements import Agreements
from kallprovider.chain import Chain, Receipt
from kallprovider.channels import Channels
from kallprovider.clock import Clock
from kallprovider.errors import BadRequest, ChainAway, Forbidden, TooMany, Unauthorized
from kallprovider.rate import RateLimit

log = logging.getLogger(__name__)

Relayed: TypeAlias = Register | Release | Deposit | StartExit | TransferWithAuthorization | Rating

CALLS: dict[str, type[Relayed]] = {
    "register": Register,
    "release": Release,
    "deposit": Deposit,
    "start_exit": StartExit,
    "transfer": TransferWithAuthorization,
    "rate": Rating,
}
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class RelayRequest:
    message: Relayed
    signature: bytes
    permit_signature: bytes = b""


class Relay:
    """Submits its clients' signed messages at this provider's cost, so that no phone needs gas."""

    def __init__(
        self,
        provider: Address,
        deployment: Deployment,
        agreements: Agreements,
        channels: Channels,
        chain: Chain,
        limit: int,
        clock: Clock,
        *,
        takes_deposits: bool = True,
    ) -> None:
        self._provider = provider
        self._deployment = deployment
        self._agreements = agreements
        self._channels = channels
        self._chain = chain
        self._takes_deposits = takes_deposits
        self._by_source = RateLimit(limit, HOUR, clock.monotonic)
        self._by_account = RateLimit(limit, HOUR, clock.monotonic)

    async def submit(self, request: RelayRequest, source: str) -> Receipt:
        account = signer_of(request.message)
        domain, data = routed(request, self._deployment)
        self._require_signature(domain, request, account)
        await self._require_client(account)
        self._require_ours(request.message)
        self._count(source, account)
        receipt = await self._chain.transact(domain.contract, data)
        log.info("relayed %s for %s", type(request.message).__name__, address_to_hex(account))
        if isinstance(request.message, Deposit | StartExit | TransferWithAuthorization):
            await self._refresh(account)
        return receipt

    async def exit(self, client: Address, provider: Address, source: str) -> Receipt:
        """Ends the client's channel with any provider: its own may be gone. The money can only go back to it.

        The contract needs no signature; whoever asks must have proved that it is the client.
        """
        await self._require_client(client)
        self._count(source, client)
        receipt = await self._chain.transact(self._deployment.escrow, calldata.exit(client, provider))
        log.info("ended a channel of %s", address_to_hex(client))
        await self._refresh(client)
        return receipt

    async def _require_client(self, account: Address) -> None:
        if not await self._agreements.is_client(account):
            raise Forbidden("this account is not a client of this provider: ask for an agreement first")

    async def _refresh(self, client: Address) -> None:
        try:
            await self._channels.refresh(client)
        except ChainAway:
            log.warning("the channel of %s is read later", address_to_hex(client))

    def _require_signature(self, domain: Domain, request: RelayRequest, account: Address) -> None:
        """Before anything is counted: nobody can use up another's allowance."""
        try:
            signer = recover(digest(domain, request.message), request.signature)
        except BadSignature as error:
            raise Unauthorized(str(error)) from None
        if signer != account:
            raise Unauthorized(f"the message is not signed by {address_to_hex(account)}")

    def _require_ours(self, message: Relayed) -> None:
        match message:
            case Register() | Release() if message.kind != CLIENT:
                raise BadRequest("only client entries are relayed: a service pays for its own")
            case Register():
                self._require_named(message)
            case Deposit() if not self._takes_deposits:
                raise BadRequest("this provider takes no deposits: it is paid by transfers")
            case Deposit() if message.provider != self._provider:
                raise BadRequest("this provider relays deposits only for its own channels")

    def _require_named(self, message: Register) -> None:
        try:
            entry = own_entry(message.entry, message.account, decode_client)
        except EntryInvalid as error:
            raise BadRequest(str(error)) from None
        if not self._agreements.names_us(message.account, entry):
            raise BadRequest("the entry does not carry this provider's agreement: ask for one and include it")

    def _count(self, source: str, account: Address) -> None:
        wait = max(self._by_source.wait(source), self._by_account.wait(account))
        if wait:
            raise TooMany(f"the free relays of this hour are used up: try again in {wait / 60:.0f} minutes")
        self._by_source.allow(source)
        self._by_account.allow(account)


def signer_of(message: Relayed) -> Address:
    match message:
        case Register() | Release():
            return message.account
        case Deposit() | StartExit() | Rating():
            return message.client
        case TransferWithAuthorization():
            return message.from_


def routed(request: RelayRequest, deployment: Deployment) -> tuple[Domain, bytes]:
    """The domain, whose contract takes the call, and the call."""
    signature = request.signature
    match request.message:
        case Register() as message:
            return registry_domain(deployment), calldata.register(message, signature)
        case Release() as message:
            return registry_domain(deployment), calldata.release(message, signature)
        case Deposit() as message:
            data = calldata.deposit_by_signature(message, signature, request.permit_signature)
            return escrow_domain(deployment), data
        case StartExit() as message:
            return escrow_domain(deployment), calldata.start_exit(message, signature)
        case TransferWithAuthorization() as message:
            return coin_domain(deployment), calldata.transfer_with_authorization(message, signature)
        case Rating() as message:
            return rating_domain(deployment), calldata.rate(message, signature)
