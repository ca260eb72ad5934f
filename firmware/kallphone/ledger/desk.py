from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol, TypeVar

from kallnet.abi import decode, encode_call
from kallnet.account import Account, Address, address_to_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.entries import ClientEntry, ServiceEntry, own_entry
from kallnet.errors import AbiInvalid, EntryInvalid, LedgerInconsistent
from kallnet.ledger import Head, Ledger
from kallnet.rpc import JsonRpc
from kallnet.secret_file import load_account
from kallnet.typed import Domain, Message, digest, registry_domain
from kallnet.world_state import WorldState
from kallphone.ledger.agreements import Agreements
from kallphone.ledger.answer import Mined
from kallphone.ledger.errors import UsageError, WrongKey
from kallphone.ledger.settings import Settings, required

RPC_TIMEOUT_S = 5.0

E_ = TypeVar("E_", ClientEntry, ServiceEntry)


class Sender(Protocol):
    def transact(self, contract: Address, data: bytes) -> Mined: ...


class Desk:
    """What a verb works with; each part is made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def close(self) -> None:
        if "rpc" in self.__dict__:
            self.rpc.close()

    @cached_property
    def deployment(self) -> Deployment:
        return load_deployment(required(self.settings.deployment, "deployment"))

    @cached_property
    def rpc(self) -> JsonRpc:
        if not self.settings.rpc:
            raise UsageError("name an endpoint of the ledger with --rpc or KALLPHONE_RPC")
        if len(set(self.settings.rpc)) < len(self.settings.rpc):
            raise UsageError("--rpc: an endpoint is named twice, and would agree with itself")
        try:
            rpc = JsonRpc(self.settings.rpc, RPC_TIMEOUT_S)
        except ValueError as error:
            raise UsageError(f"--rpc: {error}") from None
        rpc.require_chain(self.deployment.chain_id)
        return rpc

    @cached_property
    def ledger(self) -> Ledger:
        rpc = self.rpc  # says what is wrong with its addresses
        state = WorldState(rpc.endpoints, self.deployment.chain_id, finality="latest")
        return Ledger(state, self.deployment)

    @cached_property
    def account(self) -> Account:
        return load_account(required(self.settings.key, "key"))

    @cached_property
    def agreements(self) -> Agreements:
        return Agreements(self.settings.agreements_folder(), self.deployment, self.settings.ca_file)

    @cached_property
    def sender(self) -> Sender:
        from kallphone.ledger.sending import TransactionSender  # takes its time, and reading needs none of it

        payer = self.account if self.settings.payer is None else load_account(self.settings.payer)
        return TransactionSender(self.rpc, self.deployment.chain_id, payer)

    def signer_for(self, account: Address) -> Account:
        """The key's account, which must be this one."""
        if self.account.address != account:
            raise WrongKey(required(self.settings.key, "key"), self.account.address, account)
        return self.account

    def current(
        self, kind: int, account: Address, decode_entry: Callable[[bytes], E_]
    ) -> tuple[Head, E_ | None]:
        """The entry to change; what lapsed or is unusable is replaced whole."""
        record, raw = self.ledger.live_entry(kind, account)
        try:
            return record.head, None if raw is None else own_entry(raw, account, decode_entry)
        except EntryInvalid:
            return record.head, None

    def signed(self, message: Message, domain: Domain | None = None) -> bytes:
        """For the registry, unless another contract's domain is given."""
        return self.account.sign(digest(domain or registry_domain(self.deployment), message))

    def view(
        self, contract: Address, function: str, answer: tuple[str, ...], *arguments: Any
    ) -> tuple[Any, ...]:
        """What an endpoint says that a contract says; nobody proves it."""
        call = {"to": address_to_hex(contract), "data": "0x" + encode_call(function, *arguments).hex()}
        said = self.rpc.call("eth_call", [call, "latest"])
        try:
            return decode(answer, bytes.fromhex(said.removeprefix("0x")))
        except (AbiInvalid, AttributeError, ValueError):
            where = address_to_hex(contract)
            raise LedgerInconsistent(
                f"{where} is not the contract it should be: check the deployment file"
            ) from None
