from __future__ import annotations

import time
from functools import cached_property
from pathlib import Path

from kallnet.account import Account, Address, address_from_hex
from kallnet.deployment import Deployment, load_deployment
from kallnet.errors import EntryInvalid
from kallnet.ledger import Ledger, open_ledger
from kallnet.rpc import JsonRpc
from kallnet.secret_file import load_account
from kallnet.transfers import TRANSFERS
from kallphone.config import PhoneConfig
from kallphone.ledger.errors import CommandError
from kallphone.owner.payer import PayersRelay
from kallphone.owner.search import depositories
from kallphone.payments.answers import Terms
from kallphone.payments.exits import Exits
from kallphone.payments.memory import KnownProviders
from kallphone.payments.provider_api import ProviderApi
from kallphone.payments.relays import HomeRelay, Relay
from kallphone.payments.session import sign_in
from kallphone.payments.signatures import Signatures
from kallphone.payments.withdrawals import Withdrawals
from kallphone.storage.database import Database
from kallphone.storage.key import KeyFile, key_in
from kallphone.storage.settings import Settings
from kallphone.storage.transfers import TransferStore

RPC_TIMEOUT_S = 5.0
HOME = "home"


class OwnersDesk:
    """What the owner's commands work with, beside a phone that may be running; made when first asked for.

    `payer`: the key file of who pays the gas, in place of the home provider.
    """

    def __init__(self, config: PhoneConfig, payer: Path | None = None) -> None:
        self.config = config
        self._payer = payer

    def close(self) -> None:
        for name in ("database", "ledger", "_home_api", "_rpc"):
            if name in self.__dict__:
                self.__dict__[name].close()

    @cached_property
    def key(self) -> KeyFile:
        return key_in(self.config.state)

    @cached_property
    def account(self) -> Account:
        return self.key.open()

    @cached_property
    def database(self) -> Database:
        path = self.config.state / "phone.sqlite"
        if not path.exists():
            raise CommandError(f"{path} does not exist: run the phone once, as the same user")
        return Database(path)

    @cached_property
    def deployment(self) -> Deployment:
        return load_deployment(self.config.deployment)

    @cached_property
    def ledger(self) -> Ledger:
        config = self.config
        return open_ledger(config.rpc, self.deployment, agree=config.agree, finality="latest")

    @cached_property
    def signatures(self) -> Signatures:
        return Signatures(self.account, self.deployment)

    @cached_property
    def home(self) -> Terms:
        terms = self._home_api.terms()
        if (terms.chain_id, terms.escrow) != (self.deployment.chain_id, self.deployment.escrow):
            raise CommandError("the home provider works with other contracts: check [ledger] and [provider]")
        return terms

    @cached_property
    def relay(self) -> Relay:
        if self._payer is None:
            return HomeRelay(self._home_api, self.home.provider, self.signatures)
        return PayersRelay(self._rpc, self.deployment, load_account(self._payer))

    @cached_property
    def withdrawals(self) -> Withdrawals:
        kept = Settings(self.database)
        return Withdrawals(self.account.address, self.ledger, self.signatures, kept, time.sleep)

    @cached_property
    def exits(self) -> Exits:
        return Exits(self.account.address, self.ledger, self.signatures, time.sleep)

    def promised(self) -> int:
        """Coins in transfers to the home provider that, as far as it says, are not mined yet.

        Whoever pays for their own transaction may have no provider to ask.
        """
        if self._payer is not None:
            return 0
        home = self.home
        if home.rail != TRANSFERS:
            return 0
        grant = sign_in(self._home_api, self.account.address, home.provider, self.signatures)
        signed = TransferStore(self.database, self.deployment, self.account.address).highest(home.provider)
        return max(0, signed - grant.channel.claimed)

    def provider(self, name: str) -> Address:
        """An address, or `home`."""
        return self.home.provider if name == HOME else address_from_hex(name)

    def providers(self) -> list[Address]:
        """Those with whom this phone may have a deposit: of its entry, and whom it visited."""
        try:
            entry = self.ledger.client_entry(self.account.address)
        except EntryInvalid:
            entry = None
        named = [ref.provider for ref in entry.providers] if entry else []
        return list(dict.fromkeys([*named, *KnownProviders(Settings(self.database)).all()]))

    def search(self) -> None:
        """Goes through the ledger's events for providers that this phone has forgotten."""
        known = KnownProviders(Settings(self.database))
        for provider in depositories(self._rpc, self.deployment, self.account.address):
            known.add(provider)

    @cached_property
    def _home_api(self) -> ProviderApi:
        return ProviderApi(self.config.provider_api, self.config.ca_file)

    @cached_property
    def _rpc(self) -> JsonRpc:
        rpc = JsonRpc(self.config.rpc, RPC_TIMEOUT_S)
        rpc.require_chain(self.deployment.chain_id)
        return rpc
