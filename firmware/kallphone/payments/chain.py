from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kallnet.account import Address
from kallnet.entries import ClientEntry, ServiceEntry
from kallnet.ledger import Channel, Head
from kallnet.number import KallNumber
from kallnet.reputation import LatestRating
from kallphone.payments.errors import NotSeen

DEADLINE_S = 600
"""How long a signed message stays good for the ledger, in seconds of chain time."""

_LOOK_AGAIN_S = 0.5
_LOOKS = 60

Pause = Callable[[float], None]


class Chain(Protocol):
    """What payments read from the ledger; kallnet.ledger.Ledger is one. Raises LedgerError."""

    def head(self, kind: int, account: Address) -> Head: ...
    def client_entry(self, account: Address) -> ClientEntry | None: ...
    def service_entry(self, account: Address) -> ServiceEntry | None: ...
    def resolve(self, number: KallNumber) -> Address | None: ...
    def channel(self, client: Address, provider: Address) -> Channel: ...
    def coin_balance(self, account: Address) -> int: ...
    def escrow_nonce(self, account: Address) -> int: ...
    def permit_nonce(self, account: Address) -> int: ...
    def latest_rating(self, service: Address, client: Address) -> LatestRating | None: ...
    def chain_time(self) -> int: ...


def wait_until(seen: Callable[[], bool], pause: Pause, what: str) -> None:
    """Our endpoint may lag behind the one that the provider used. Raises NotSeen after half a minute."""
    for _ in range(_LOOKS):
        if seen():
            return
        pause(_LOOK_AGAIN_S)
    raise NotSeen(f"{what} did not show up on the ledger in {_LOOKS * _LOOK_AGAIN_S:g} s")
