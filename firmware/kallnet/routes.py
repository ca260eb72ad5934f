from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from kallnet.account import Address
from kallnet.entries import PROXY, ClientEntry, Cost, ServiceEntry
from kallnet.reputation import PRIOR


@dataclass(frozen=True, slots=True)
class Route:
    """A call through `provider`. `price` is the caller's share, in base units per started period of 15 s."""

    provider: Address
    service: ServiceEntry
    cost: Cost
    price: int


def rank_routes(
    callee: ClientEntry,
    own: ClientEntry,
    services: Mapping[Address, ServiceEntry],
    api_versions: Collection[int],
    *,
    now: int = 0,
    reputation: Mapping[Address, float] | None = None,
) -> list[Route]:
    """The proxies that can carry the call, cheapest for the caller first.

    Of equal prices the one with the best `reputation` (MOS; who is missing has the prior's) comes first, and
    equals keep their order: the callee's providers as listed, then the caller's own. `api_versions` are those
    that the caller speaks; agreements that have expired by `now` (Unix seconds) are left out.
    """
    scores = reputation or {}
    spoken = set(api_versions) & set(callee.api_versions)
    routes = []
    for provider in _proxies((callee, own), now):
        service = services.get(provider)
        if service is not None and service.service_type == PROXY:
            routes += _cheapest(provider, service, spoken)
    return sorted(routes, key=lambda route: (route.price, -scores.get(route.provider, PRIOR.mos)))


def _proxies(entries: Iterable[ClientEntry], now: int) -> list[Address]:
    refs = (ref for entry in entries for ref in entry.providers)
    return list(dict.fromkeys(r.provider for r in refs if r.service_type == PROXY and r.expiry > now))


def _cheapest(provider: Address, service: ServiceEntry, spoken: set[int]) -> list[Route]:
    offers = [cost for cost in service.costs if cost.api_version in spoken]
    if not offers:
        return []
    cost = min(offers, key=lambda offer: offer.share("inviter"))
    return [Route(provider, service, cost, cost.share("inviter"))]
