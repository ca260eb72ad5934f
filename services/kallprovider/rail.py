from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from kallnet.account import Address
from kallnet.deployment import Deployment
from kallnet.entries import Cost
from kallnet.transfers import TRANSFERS
from kallnet.typed import coin_domain, escrow_domain
from kallprovider.agreements import Agreements
from kallprovider.balances import Balances
from kallprovider.books import Books
from kallprovider.chain import Chain
from kallprovider.channels import Channels
from kallprovider.clock import Clock
from kallprovider.collector import Collector
from kallprovider.config import ProviderConfig, Terms
from kallprovider.errors import ConfigError
from kallprovider.follower import Follower
from kallprovider.settler import Settler
from kallprovider.store import Store
from kallprovider.transfers import TransferDesk
from kallprovider.vouchers import VoucherDesk

Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Rail:
    """The parts that depend on how phones pay; `work` runs in the background, by name."""

    channels: Channels
    desk: VoucherDesk | TransferDesk
    work: dict[str, Work]


def open_rail(
    config: ProviderConfig,
    deployment: Deployment,
    provider: Address,
    store: Store,
    chain: Chain,
    books: Books,
    agreements: Agreements,
    clock: Clock,
) -> Rail:
    """Raises ConfigError while payments of the other rail are not in."""
    require_paid_in(store, config.terms.rail)
    confirmations = config.ledger.confirmations
    if config.terms.rail == TRANSFERS:
        balances = Balances(chain, books, store, clock)
        collector = Collector(deployment.coin, chain, balances, books, store, confirmations, clock)
        desk = TransferDesk(
            provider,
            coin_domain(deployment),
            config.terms.price,
            least_share(config.terms),
            books,
            store,
            balances,
            agreements.is_client,
            collector.hurry,
            clock,
        )
        return Rail(balances, desk, {"collector": collector.run})
    channels = Channels(chain, books, confirmations)
    settler = Settler(deployment.escrow, chain, channels, store, config.claims, books.is_idle, clock)
    channels.on_change(settler.channel_changed)
    follower = Follower(chain, channels, store, deployment.block, confirmations)
    vouchers = VoucherDesk(provider, escrow_domain(deployment), books, channels, clock)
    return Rail(channels, vouchers, {"follower": follower.run, "settler": settler.run})


def least_share(terms: Terms) -> int:
    """What the side of a call that pays less pays for a period, unless that is nothing."""
    cost = Cost(terms.price, terms.api_version, terms.inviter_share)
    return min((share for share in (cost.share("inviter"), cost.share("invitee")) if share), default=0)


def require_paid_in(store: Store, rail: str) -> None:
    if rail == TRANSFERS:
        if store.unclaimed():
            raise ConfigError(
                'vouchers are not claimed: serve with rail = "escrow" and claims.minimum = 1 until they are'
            )
    elif store.transfers.clients_under_way():
        raise ConfigError('transfers are not mined yet: serve with rail = "transfers" until they are')
    store.forget_channels(transfers=rail != TRANSFERS)
