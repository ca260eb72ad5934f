from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Account, Address
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.routes import Route, rank_routes
from tests.kallnet.samples import ALICE, BOB

P1, P2, P3 = (Account(bytes([n]) * 32) for n in (1, 2, 3))


def ref(provider: Account, service_type: str = "proxy", expiry: int = 2_000) -> ProviderRef:
    return ProviderRef(provider.address, service_type, expiry, bytes(65))


def client(account: Account, *providers: ProviderRef, api: tuple[int, ...] = (1,)) -> ClientEntry:
    return ClientEntry(account.public_key, api, providers=providers)


def proxy(provider: Account, *costs: Cost, service_type: str = "proxy") -> ServiceEntry:
    versions = tuple(sorted({c.api_version for c in costs}))
    return ServiceEntry(provider.public_key, versions, service_type, costs)


SERVICES = {
    P1.address: proxy(P1, Cost(100, 1, 80)),
    P2.address: proxy(P2, Cost(100, 1, 50)),
    P3.address: proxy(P3, Cost(60, 1, 100)),
}


def providers(routes: list[Route]) -> list[Address]:
    return [route.provider for route in routes]


def test_cheapest_for_the_caller_comes_first() -> None:
    routes = rank_routes(client(BOB, ref(P1), ref(P2)), client(ALICE, ref(P3)), SERVICES, [1])
    assert [(r.provider, r.price) for r in routes] == [(P2.address, 50), (P3.address, 60), (P1.address, 80)]
    assert routes[0].service is SERVICES[P2.address]


def test_ties_keep_the_callee_s_order_and_then_the_caller_s() -> None:
    same = {p.address: proxy(p, Cost(10, 1, 100)) for p in (P1, P2, P3)}
    routes = rank_routes(client(BOB, ref(P3), ref(P1)), client(ALICE, ref(P2)), same, [1])
    assert providers(routes) == [P3.address, P1.address, P2.address]


def test_reputation_decides_between_equal_prices() -> None:
    offers = {p.address: proxy(p, Cost(10, 1, 100)) for p in (P1, P2)} | {P3.address: SERVICES[P3.address]}
    callee = client(BOB, ref(P1), ref(P2), ref(P3))

    def ranked(reputation: dict[Address, float]) -> list[Address]:
        return providers(rank_routes(callee, client(ALICE), offers, [1], reputation=reputation))

    assert ranked({P1.address: 2.0, P2.address: 4.2, P3.address: 5.0}) == [P2.address, P1.address, P3.address]
    assert ranked({P1.address: 2.0}) == [P2.address, P1.address, P3.address]
    assert ranked({P1.address: 4.2}) == [P1.address, P2.address, P3.address]
    assert ranked({}) == [P1.address, P2.address, P3.address]


def test_a_provider_of_both_is_one_route() -> None:
    routes = rank_routes(client(BOB, ref(P1)), client(ALICE, ref(P1)), SERVICES, [1])
    assert providers(routes) == [P1.address]


def test_the_cheapest_cost_in_a_common_version_counts() -> None:
    offers = {P1.address: proxy(P1, Cost(90, 1, 100), Cost(70, 1, 100), Cost(10, 2, 100), Cost(1, 3, 100))}
    callee, own = client(BOB, ref(P1), api=(1, 2)), client(ALICE)
    assert [r.cost for r in rank_routes(callee, own, offers, [1, 3])] == [Cost(70, 1, 100)]
    assert [r.cost for r in rank_routes(callee, own, offers, [1, 2, 3])] == [Cost(10, 2, 100)]
    assert rank_routes(callee, own, offers, [3]) == []


def test_other_services_lapsed_services_and_expired_agreements_are_left_out() -> None:
    callee = client(BOB, ref(P1, "gateway"), ref(P2, expiry=1_000), ref(P3))
    own = client(ALICE)
    assert providers(rank_routes(callee, own, SERVICES, [1], now=1_000)) == [P3.address]
    assert providers(rank_routes(callee, own, SERVICES, [1], now=999)) == [P2.address, P3.address]
    without = {k: v for k, v in SERVICES.items() if k != P3.address}
    assert rank_routes(callee, own, without, [1], now=1_000) == []
    machine = {P3.address: replace(SERVICES[P3.address], service_type="machine")}
    assert rank_routes(callee, own, machine, [1]) == []


def test_no_providers_no_routes() -> None:
    assert rank_routes(client(BOB), client(ALICE), SERVICES, [1]) == []


@given(
    st.lists(st.integers(0, 1000), min_size=3, max_size=3),
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
)
def test_prices_never_fall(prices: list[int], shares: list[int]) -> None:
    accounts = (P1, P2, P3)
    services = {
        p.address: proxy(p, Cost(price, 1, share))
        for p, price, share in zip(accounts, prices, shares, strict=True)
    }
    routes = rank_routes(client(BOB, *(ref(p) for p in accounts)), client(ALICE), services, {1})
    assert [r.price for r in routes] == sorted(c.costs[0].share("inviter") for c in services.values())
