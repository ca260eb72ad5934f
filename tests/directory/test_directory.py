from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from kallnet.account import Account, Address
from kallnet.deployment import Deployment
from kallnet.entries import PROXY, ClientEntry, Cost, ProviderRef, ServiceEntry, client_of
from kallnet.errors import EntryInvalid, LedgerInconsistent, LedgerUnreachable
from kallnet.ledger import Head
from kallnet.messages import Agreement
from kallnet.number import KallNumber, number_for
from kallnet.reputation import PRIOR
from kallnet.typed import digest, registry_domain
from kallphone.directory import Directory
from kallphone.phone.causes import Cause
from kallphone.phone.events import CallerIdentified, CallId, Event, Located, Route, RouteFound, RouteNotFound
from kallphone.reputations import Reputations

NOW = 1_800_000_000
LATER = NOW + 1000
CALL = CallId(1)
DEPLOYMENT = Deployment(31337, *(Address(bytes([i]) * 20) for i in range(1, 7)), block=1)


@dataclass
class Ledger:
    """Entries and heads in memory; a cleared `gate` holds every read."""

    numbers: dict[int, Address] = field(default_factory=dict)
    clients: dict[Address, ClientEntry] = field(default_factory=dict)
    services: dict[Address, ServiceEntry] = field(default_factory=dict)
    heads: dict[Address, Head] = field(default_factory=dict)
    invalid: set[Address] = field(default_factory=set)
    withheld: set[Address] = field(default_factory=set)
    away: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    reading: threading.Event = field(default_factory=threading.Event)

    def resolve(self, number: KallNumber) -> Address | None:
        self._read(number)
        return self.numbers.get(number)

    def client_entry(self, account: Address) -> ClientEntry | None:
        self._read(account)
        entry = self.clients.get(account)
        return entry and client_of(entry.encode(), account, registry_domain(DEPLOYMENT), int(NOW))

    def service_entry(self, account: Address) -> ServiceEntry | None:
        self._read(account)
        return self.services.get(account)

    def head(self, kind: int, account: Address) -> Head:
        self._read(account)
        return self.heads.get(account, Head(0, 0, 0, 0))

    def _read(self, what: object) -> None:
        self.reading.set()
        self.gate.wait()
        if self.away:
            raise LedgerUnreachable({"http://127.0.0.1:1": "can't connect"})
        if what in self.withheld:
            raise LedgerInconsistent("no endpoint shows it")
        if what in self.invalid:
            raise EntryInvalid("it is no CBOR")


class World:
    """A phone, a callee and their providers on a ledger."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.gate.set()
        self.own, self.callee = Account.generate(), Account.generate()
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.mos: dict[Address, float] = {}
        self.read: queue.SimpleQueue[Address] = queue.SimpleQueue()
        self.ratings_gate = threading.Event()
        self.ratings_gate.set()
        self.reputations = Reputations(self._mos)
        self.directory = Directory(
            self.own.address, self.ledger, self.ledger, self.events.put, self.reputations, clock=lambda: NOW
        )
        self.number = number_for(self.callee.address, 0)

    def provider(self, price: int, share: int = 100, **details: str) -> Account:
        account = Account.generate()
        self.ledger.services[account.address] = ServiceEntry(
            account.public_key, (1,), PROXY, (Cost(price, 1, share),),
            details={"domain": "phone.example", **details},
        )  # fmt: skip
        return account

    def list(
        self, client: Account, *providers: Account, expiry: int = LATER, signer: Account | None = None
    ) -> None:
        refs = []
        for provider in providers:
            message = Agreement(provider.address, client.address, PROXY, expiry)
            signature = (signer or provider).sign(digest(registry_domain(DEPLOYMENT), message))
            refs.append(ProviderRef(provider.address, PROXY, expiry, signature))
        entry = ClientEntry(client.public_key, (1,), providers=tuple(refs))
        self.ledger.clients[client.address] = entry
        self.ledger.numbers[number_for(client.address, 0)] = client.address

    def route(self, provider: Account, price: int) -> RouteFound:
        peer = self.callee.address
        return RouteFound(CALL, Route(provider.address, peer, f"sip:0x{peer.hex()}@phone.example", price))

    def look_up(self, number: int | None = None) -> Event:
        self.directory.resolve(CALL, str(number or self.number))
        return self.events.get(timeout=30)

    def look_up_knowing(self, *providers: Account) -> Event:
        """A second look-up, when what the first one asked for has been read."""
        self.look_up()
        assert {self.read.get(timeout=30) for _ in providers} == {p.address for p in providers}
        self.reputations.stop()
        return self.look_up()

    def _mos(self, service: Address) -> float:
        self.ratings_gate.wait()
        self.read.put(service)
        return self.mos.get(service, PRIOR.mos)

    def identify(self, caller: Address) -> str:
        self.directory.identify(CALL, caller)
        event = self.events.get(timeout=30)
        assert isinstance(event, CallerIdentified)
        return event.number


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    world.directory.start()
    yield world
    world.ledger.gate.set()
    world.ratings_gate.set()
    world.directory.stop()


def test_a_listed_callee_is_reached_by_its_proxy(world: World):
    provider = world.provider(price=1000, share=75)
    world.list(world.callee, provider)
    assert world.look_up() == world.route(provider, 750)


def test_the_cheapest_of_the_callees_proxies_is_taken(world: World):
    dear, cheap = world.provider(2000), world.provider(500)
    world.list(world.callee, dear, cheap)
    assert world.look_up() == world.route(cheap, 500)


def test_of_equal_prices_the_one_with_our_own_provider_wins(world: World):
    strange, ours = world.provider(500), world.provider(500)
    world.list(world.callee, strange, ours)
    world.list(world.own, ours)
    assert world.look_up() == world.route(ours, 500)


def test_of_equal_prices_the_best_by_reputation_wins(world: World):
    bad, good, cheap = world.provider(500), world.provider(500), world.provider(499)
    world.list(world.callee, bad, good)
    world.list(world.own, bad)
    world.mos = {bad.address: 2.0, good.address: 4.0, cheap.address: 1.0}
    assert world.look_up_knowing(bad, good) == world.route(good, 500)
    world.list(world.callee, bad, good, cheap)
    assert world.look_up() == world.route(cheap, 499)


def test_who_is_not_rated_stands_in_the_middle(world: World):
    unknown, good = world.provider(500), world.provider(500)
    world.list(world.callee, unknown, good)
    world.mos = {good.address: PRIOR.mos + 0.1}
    assert world.look_up_knowing(unknown, good) == world.route(good, 500)


@pytest.mark.parametrize(("mos", "wins"), [(PRIOR.mos + 0.09, False), (PRIOR.mos + 0.11, True)])
def test_a_difference_that_nobody_hears_is_not_worth_a_deposit_elsewhere(
    world: World, mos: float, wins: bool
):
    strange, ours = world.provider(500), world.provider(500)
    world.list(world.callee, strange, ours)
    world.list(world.own, ours)
    world.mos = {strange.address: mos}
    assert world.look_up_knowing(strange, ours) == world.route(strange if wins else ours, 500)


def test_dialling_does_not_wait_for_reputations(world: World):
    first, second = world.provider(500), world.provider(500)
    world.list(world.callee, first, second)
    world.mos = {second.address: 5.0}
    world.ratings_gate.clear()
    for _ in range(3):
        assert world.look_up() == world.route(first, 500)


def test_a_callee_with_one_proxy_has_nobodys_reputation_read(world: World):
    world.list(world.callee, world.provider(500))
    world.look_up()
    world.look_up()
    world.directory.stop()
    assert world.read.empty()


def test_the_callers_own_proxy_alone_carries_nothing(world: World):
    theirs, ours = world.provider(500), world.provider(1)
    world.list(world.callee, theirs)
    world.list(world.own, ours)
    assert world.look_up() == world.route(theirs, 500)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world, provider: world.list(world.callee, provider, expiry=NOW),
        lambda world, provider: world.list(world.callee, provider, signer=world.own),
        lambda world, provider: world.list(world.callee),
        lambda world, provider: world.ledger.services.clear(),
        lambda world, provider: world.ledger.invalid.add(provider.address),
    ],
    ids=["expired", "forged", "no proxy", "not in service", "unusable service"],
)
def test_a_proxy_that_does_not_stand_is_no_route(world: World, spoil: Callable[[World, Account], None]):
    provider = world.provider(1000)
    world.list(world.callee, provider)
    spoil(world, provider)
    assert world.look_up() == RouteNotFound(CALL, Cause.NO_ROUTE)


def test_a_proxy_without_a_domain_is_passed_over(world: World):
    cheap, good = world.provider(1), world.provider(1000)
    world.ledger.services[cheap.address] = ServiceEntry(cheap.public_key, (1,), PROXY, (Cost(1, 1, 100),))
    world.list(world.callee, cheap, good)
    assert world.look_up() == world.route(good, 1000)


def test_a_proxy_that_is_paid_in_a_way_not_known_here_is_passed_over(world: World):
    cheap, good = world.provider(1, rail="barter"), world.provider(1000, rail="transfers")
    world.list(world.callee, cheap, good)
    assert world.look_up() == world.route(good, 1000)


def test_what_leads_nowhere_has_its_cause(world: World):
    world.list(world.own, world.provider(1))
    assert world.look_up(number_for(world.own.address, 0)) == RouteNotFound(CALL, Cause.BUSY)
    assert world.look_up() == RouteNotFound(CALL, Cause.NOT_LISTED)
    assert world.look_up(world.number ^ 1) == RouteNotFound(CALL, Cause.WRONG_NUMBER)
    world.ledger.numbers[world.number] = world.callee.address
    assert world.look_up() == RouteNotFound(CALL, Cause.NOT_LISTED)
    world.ledger.invalid.add(world.callee.address)
    assert world.look_up() == RouteNotFound(CALL, Cause.NOT_LISTED)
    world.ledger.away = True
    assert world.look_up() == RouteNotFound(CALL, Cause.LEDGER_AWAY)


def test_a_look_up_that_was_given_up_does_not_delay_the_next(world: World):
    world.list(world.callee, world.provider(1000))
    world.ledger.gate.clear()
    world.directory.resolve(CallId(1), str(world.number))
    assert world.ledger.reading.wait(30)
    for call in (3, 5):
        world.directory.resolve(CallId(call), str(world.number))
    world.ledger.gate.set()
    answered = [world.events.get(timeout=30) for _ in range(2)]
    assert [event.call for event in answered if isinstance(event, RouteFound)] == [1, 5]


def test_a_number_is_located_where_it_would_be_called(world: World):
    number = str(world.number)
    world.directory.locate(number)
    assert world.events.get(timeout=30) == Located(number, "")
    world.list(world.callee, world.provider(1000))
    world.directory.locate(number)
    uri = f"sip:0x{world.callee.address.hex()}@phone.example"
    assert world.events.get(timeout=30) == Located(number, uri)


def test_a_ledger_that_is_away_locates_nobody(world: World):
    world.ledger.away = True
    world.directory.locate(str(world.number))
    assert world.look_up() == RouteNotFound(CALL, Cause.LEDGER_AWAY)


def test_who_calls_does_not_wait_for_numbers_to_be_located(world: World):
    world.list(world.callee, world.provider(1000))
    world.ledger.gate.clear()
    world.directory.identify(CALL, world.callee.address)
    assert world.ledger.reading.wait(30)
    world.directory.locate(str(world.number))
    world.directory.resolve(CALL, str(world.number))
    world.ledger.gate.set()
    answered = [world.events.get(timeout=30) for _ in range(2)]
    assert [type(event) for event in answered] == [CallerIdentified, RouteFound]


def test_a_caller_is_known_by_the_number_of_its_account(world: World):
    world.list(world.callee)
    assert world.identify(world.callee.address) == str(world.number)


def test_a_number_of_another_salt_is_found_by_the_head(world: World):
    other = number_for(world.callee.address, 3)
    world.ledger.heads[world.callee.address] = Head(other, LATER, 1, 1)
    assert world.identify(world.callee.address) == "", "a head alone proves nothing: it may have lapsed"
    world.ledger.numbers[other] = world.callee.address
    assert world.identify(world.callee.address) == str(other)


def test_a_caller_without_a_number_has_none(world: World):
    assert world.identify(world.callee.address) == ""
    world.ledger.numbers[world.number] = world.own.address
    assert world.identify(world.callee.address) == "", "somebody else's number"


def test_a_ledger_that_is_away_makes_nobody_anonymous(world: World):
    world.ledger.away = True
    world.directory.identify(CALL, world.callee.address)
    world.directory.resolve(CallId(CALL + 2), str(world.number))
    assert isinstance(world.events.get(timeout=30), RouteNotFound), "the first answer is that to the second"


def test_one_provider_that_can_t_be_read_does_not_spoil_the_others(world: World) -> None:
    good, gone = world.provider(5), world.provider(4)
    world.list(world.callee, gone, good)
    world.ledger.withheld = {gone.address}
    assert world.look_up() == world.route(good, 5)
    world.ledger.withheld = {gone.address, good.address}
    assert world.look_up() == RouteNotFound(CALL, Cause.LEDGER_AWAY)


def test_a_call_does_not_wait_for_our_own_entry(world: World) -> None:
    """It only ranks equal prices."""
    one, other = world.provider(5), world.provider(6)
    world.list(world.callee, one, other)
    world.ledger.withheld = {world.own.address}
    assert world.look_up() == world.route(one, 5)
