from dataclasses import replace
from uuid import UUID

import pytest

from kallnet.account import Account, Address, address_to_hex
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.errors import EntryInvalid, EntryLapsed, LedgerInconsistent, NotListed
from kallnet.messages import CLIENT, SERVICE, Agreement
from kallnet.number import number_for
from kallnet.query import QUERIES, client_entry, proxies, query
from kallnet.typed import digest, registry_domain
from tests.kallnet.fakes import HEAD, NOW, ChainInMemory, FakeEndpoint, Published, ledger_over
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT

LABEL = UUID("8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69")
DOMAIN = registry_domain(DEPLOYMENT)


def agreed(provider: Account, client: Address, kind: str = "proxy", expiry: int = NOW + 1) -> ProviderRef:
    message = Agreement(provider.address, client, kind, expiry)
    return ProviderRef(provider.address, kind, expiry, provider.sign(digest(DOMAIN, message)))


def proxy(provider: Account, domain: str | None, kind: str = "proxy") -> ServiceEntry:
    details = {} if domain is None else {"domain": domain}
    return ServiceEntry(provider.public_key, (1,), kind, (Cost(5, 1, 100),), details=details)


def client(*providers: ProviderRef) -> ClientEntry:
    return ClientEntry(ALICE.public_key, (1,), providers=providers, uuid=LABEL.bytes)


def chain(entry: ClientEntry, *services: tuple[Account, ServiceEntry]) -> ChainInMemory:
    head = replace(HEAD, number=number_for(ALICE.address, 0))
    published = {(CLIENT, ALICE.address): Published(entry.encode(), head)}
    for account, service in services:
        published[SERVICE, account.address] = Published(service.encode())
    return ChainInMemory(published=published)


def ask(rpc: ChainInMemory, kind: str, account: Address = ALICE.address) -> str:
    return query(ledger_over(FakeEndpoint(rpc)), kind, account)


def test_each_question_has_its_answer() -> None:
    entry, service = client(agreed(BOB, ALICE.address)), proxy(BOB, "proxy.example.org")
    rpc = chain(entry, (BOB, service))
    assert {kind: ask(rpc, kind) for kind in QUERIES if kind != "service"} == {
        "uuid": "8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69",
        "provider": address_to_hex(BOB.address),
        "location": "proxy.example.org",
        "number": str(number_for(ALICE.address, 0)),
        "entry": "0x" + entry.encode().hex(),
    }
    assert ask(rpc, "service", BOB.address) == "0x" + service.encode().hex()


@pytest.mark.parametrize("kind", QUERIES)
def test_nothing_is_said_of_an_account_that_never_registered(kind: str) -> None:
    with pytest.raises(NotListed, match=f"{address_to_hex(CAROL.address)} has no"):
        ask(chain(client()), kind, CAROL.address)


@pytest.mark.parametrize("kind", ["uuid", "provider", "location", "number", "entry"])
def test_a_lapsed_entry_answers_nothing(kind: str) -> None:
    rpc = chain(client(agreed(BOB, ALICE.address)), (BOB, proxy(BOB, "proxy.example.org")))
    entry = rpc.published[CLIENT, ALICE.address]
    entry.head = replace(entry.head, expiry=NOW)
    with pytest.raises(EntryLapsed, match="lapsed on 1970-01-12 13:46 UTC") as caught:
        ask(rpc, kind)
    assert caught.value.expiry == NOW


def test_an_entry_without_a_uuid_is_told_from_no_entry() -> None:
    with pytest.raises(NotListed, match="names no uuid"):
        ask(chain(replace(client(), uuid=None)), "uuid")


FORGED = replace(agreed(CAROL, ALICE.address), provider=BOB.address)


@pytest.mark.parametrize(
    ("ref", "service"),
    [
        (FORGED, proxy(BOB, "bob.example")),
        (agreed(BOB, CAROL.address), proxy(BOB, "bob.example")),
        (agreed(BOB, ALICE.address, expiry=NOW), proxy(BOB, "bob.example")),
        (agreed(BOB, ALICE.address, kind="gateway"), proxy(BOB, "bob.example")),
        (agreed(BOB, ALICE.address), proxy(BOB, "bob.example", kind="gateway")),
        (agreed(BOB, ALICE.address), proxy(BOB, None)),
        (agreed(BOB, ALICE.address), proxy(CAROL, "bob.example")),
        (agreed(BOB, ALICE.address), None),
    ],
    ids=[
        "forged agreement",
        "agreement for another client",
        "agreement that has ended",
        "agreement for another service",
        "service of another type",
        "service without a domain",
        "service with another's key",
        "service that is not deployed",
    ],
)
def test_a_provider_counts_only_when_all_of_it_holds(ref: ProviderRef, service: ServiceEntry | None) -> None:
    good = (CAROL, proxy(CAROL, "carol.example"))
    services = [good] if service is None else [good, (BOB, service)]
    for kind in ("provider", "location"):
        with pytest.raises(NotListed, match="has no provider"):
            ask(chain(client(ref), *services), kind)
    both = chain(client(ref, agreed(CAROL, ALICE.address)), *services)
    assert ask(both, "location") == "carol.example"


def test_a_lapsed_service_serves_nobody() -> None:
    rpc = chain(client(agreed(BOB, ALICE.address)), (BOB, proxy(BOB, "bob.example")))
    rpc.published[SERVICE, BOB.address].head = replace(HEAD, expiry=NOW)
    with pytest.raises(NotListed, match="has no provider"):
        ask(rpc, "location")


def test_providers_come_in_the_clients_order() -> None:
    entry = client(agreed(CAROL, ALICE.address), agreed(BOB, ALICE.address))
    rpc = chain(entry, (BOB, proxy(BOB, "b.example")), (CAROL, proxy(CAROL, "c.example")))
    ledger = ledger_over(FakeEndpoint(rpc))
    found = list(proxies(ledger, ALICE.address, client_entry(ledger, ALICE.address)))
    assert [p.location for p in found] == ["c.example", "b.example"]
    assert ask(rpc, "provider") == address_to_hex(CAROL.address)


def test_an_entry_with_anothers_key_is_no_answer() -> None:
    rpc = chain(replace(client(), public_key=BOB.public_key))
    with pytest.raises(EntryInvalid, match="public key"):
        ask(rpc, "uuid")


def test_a_withheld_entry_is_no_missing_entry() -> None:
    rpc = chain(client())
    rpc.published[CLIENT, ALICE.address].hash = bytes(32)
    with pytest.raises(LedgerInconsistent, match="no endpoint shows it"):
        ask(rpc, "entry")


def test_an_unknown_question_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="uuid, provider, location"):
        ask(chain(client()), "colour")
