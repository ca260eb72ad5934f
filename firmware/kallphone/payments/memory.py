from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.ledger import Channel
from kallphone.storage.settings import Settings

_NAME = "line"
_PROVIDERS = "providers"


@dataclass(frozen=True)
class Standing:
    """What the ledger said about this account and its provider. `balance` is in coins not on deposit."""

    provider: Address
    number: int
    channel: Channel
    balance: int


class LineMemory:
    """The last standing of this account with a provider, for a line that opens while the chain is away."""

    def __init__(self, settings: Settings, deployment: Deployment, account: Address) -> None:
        self._settings = settings
        self._origin = [
            deployment.chain_id,
            deployment.registry.hex(),
            deployment.escrow.hex(),
            account.hex(),
        ]

    def keep(self, standing: Standing) -> None:
        channel = standing.channel
        self._settings.write(
            _NAME,
            {
                "origin": self._origin,
                "provider": standing.provider.hex(),
                "number": standing.number,
                "channel": [channel.deposited, channel.claimed, channel.exit_at, channel.epoch],
                "balance": standing.balance,
            },
        )

    def recall(self, provider: Address) -> Standing | None:
        kept = self._settings.read(_NAME)
        if kept is None or kept.get("origin") != self._origin or kept.get("provider") != provider.hex():
            return None
        return _standing(provider, kept)


def _standing(provider: Address, kept: dict[str, Any]) -> Standing:
    return Standing(provider, kept["number"], Channel(*kept["channel"]), kept["balance"])


class KnownProviders:
    """With whom coins were ever put on deposit, so that the owner finds them again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def add(self, provider: Address) -> None:
        known = self.all()
        if provider not in known:
            self._settings.write(_PROVIDERS, {"known": [one.hex() for one in (*known, provider)]})

    def all(self) -> list[Address]:
        kept = (self._settings.read(_PROVIDERS) or {}).get("known", [])
        return [Address(bytes.fromhex(one)) for one in kept]
