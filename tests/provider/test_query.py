from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from kallnet.account import Account, address_to_hex
from kallnet.entries import ClientEntry, Cost, ProviderRef, ServiceEntry
from kallnet.messages import CLIENT, SERVICE, Agreement
from kallnet.typed import digest, registry_domain
from kallprovider.query import QUERIES_PER_MINUTE, REMEMBERED_SECONDS
from tests.kallnet.fakes import HEAD, NOW, Published
from tests.kallnet.samples import DEPLOYMENT
from tests.provider.fakes import ALICE, BOB, PROVIDER
from tests.provider.test_http import Door

LABEL = UUID("8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69")
WHO = address_to_hex(ALICE.address)


def agreement(provider: Account, expiry: int = NOW + 1) -> ProviderRef:
    message = Agreement(provider.address, ALICE.address, "proxy", expiry)
    signature = provider.sign(digest(registry_domain(DEPLOYMENT), message))
    return ProviderRef(provider.address, "proxy", expiry, signature)


def client(**changes: object) -> ClientEntry:
    entry = ClientEntry(ALICE.public_key, (1,), providers=(agreement(PROVIDER),), uuid=LABEL.bytes)
    return replace(entry, **changes)


SERVICE_ENTRY = ServiceEntry(
    PROVIDER.public_key, (1,), "proxy", (Cost(5, 1, 100),), details={"domain": "phone.test"}
)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    door = Door(tmp_path)
    publish(door, client())
    door.chain.listed.published[SERVICE, PROVIDER.address] = Published(SERVICE_ENTRY.encode())
    return door


def publish(door: Door, entry: ClientEntry, expiry: int = HEAD.expiry) -> None:
    head = replace(HEAD, number=2_345_678_901, expiry=expiry)
    door.chain.listed.published[CLIENT, ALICE.address] = Published(entry.encode(), head)


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("uuid", "8f14e45f-ceea-467f-9b7a-1f2d3c4b5a69"),
        ("provider", address_to_hex(PROVIDER.address)),
        ("location", "phone.test"),
        ("number", "2345678901"),
        ("entry", "0x" + client().encode().hex()),
    ],
)
def test_200_with_the_answer(door: Door, kind: str, result: str) -> None:
    async def scenario(door: Door) -> None:
        expected = (200, {"type": kind, "address": WHO, "result": result})
        assert await door.get(f"/query/{kind}/{WHO}") == expected
        assert await door.get(f"/query/{kind}/{WHO.lower()}") == expected

    door.run(scenario)


def test_200_with_a_services_entry(door: Door) -> None:
    async def scenario(door: Door) -> None:
        status, body = await door.get(f"/query/service/{address_to_hex(PROVIDER.address)}")
        assert (status, body["result"]) == (200, "0x" + SERVICE_ENTRY.encode().hex())

    door.run(scenario)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"colour/{WHO}", "one of uuid, provider, location, number, entry, service"),
        (f"UUID/{WHO}", "no type 'UUID'"),
        ("uuid/0x12", "40 hexadecimal digits"),
        (f"uuid/{WHO[2:]}", "40 hexadecimal digits"),
        ("uuid/0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "checksum"),
    ],
)
def test_400_says_what_is_malformed(door: Door, path: str, words: str) -> None:
    async def scenario(door: Door) -> None:
        status, body = await door.get(f"/query/{path}")
        assert status == 400
        assert words in body["error"]
        assert door.chain.queries == []

    door.run(scenario)


@pytest.mark.parametrize(
    ("kind", "entry", "words"),
    [
        ("uuid", client(uuid=None), "names no uuid"),
        ("provider", client(providers=()), "has no provider"),
        ("location", client(providers=(agreement(PROVIDER, expiry=NOW),)), "has no provider"),
        ("location", client(providers=(agreement(BOB),)), "has no provider"),
        ("service", client(), "has no service entry"),
        ("uuid", client(public_key=BOB.public_key), "public key"),
    ],
)
def test_404_says_what_is_missing(door: Door, kind: str, entry: ClientEntry, words: str) -> None:
    async def scenario(door: Door) -> None:
        publish(door, entry)
        status, body = await door.get(f"/query/{kind}/{WHO}")
        assert status == 404
        assert words in body["error"]

    door.run(scenario)


def test_404_for_an_account_without_an_entry(door: Door) -> None:
    async def scenario(door: Door) -> None:
        status, body = await door.get(f"/query/uuid/{address_to_hex(BOB.address)}")
        assert (status, "has no client entry" in body["error"]) == (404, True)

    door.run(scenario)


def test_404_for_half_a_path_names_the_doors(door: Door) -> None:
    async def scenario(door: Door) -> None:
        status, body = await door.get("/query/uuid")
        assert (status, "/query/" in body["error"]) == (404, True)

    door.run(scenario)


def test_410_for_an_entry_that_has_lapsed(door: Door) -> None:
    async def scenario(door: Door) -> None:
        publish(door, client(), expiry=NOW)
        status, body = await door.get(f"/query/entry/{WHO}")
        assert (status, "lapsed on" in body["error"]) == (410, True)

    door.run(scenario)


def test_503_while_the_chain_is_away_is_not_remembered(door: Door) -> None:
    async def scenario(door: Door) -> None:
        door.chain.is_up = False
        assert (await door.get(f"/query/uuid/{WHO}"))[0] == 503
        door.chain.is_up = True
        assert (await door.get(f"/query/uuid/{WHO}"))[0] == 200

    door.run(scenario)


def test_an_answer_is_remembered_for_some_seconds(door: Door) -> None:
    async def scenario(door: Door) -> None:
        assert (await door.get(f"/query/uuid/{WHO}"))[0] == 200
        publish(door, client(uuid=None))
        door.clock.advance(REMEMBERED_SECONDS - 1)
        assert (await door.get(f"/query/uuid/{WHO}"))[0] == 200
        assert (await door.get(f"/query/number/{WHO}"))[0] == 200
        assert len(door.chain.queries) == 2
        door.clock.advance(1)
        assert (await door.get(f"/query/uuid/{WHO}"))[0] == 404

    door.run(scenario)


def test_a_refusal_is_remembered_as_well(door: Door) -> None:
    async def scenario(door: Door) -> None:
        answers = [await door.get(f"/query/service/{WHO}") for _ in range(3)]
        assert [status for status, _ in answers] == [404] * 3
        assert len({body["error"] for _, body in answers}) == 1
        assert len(door.chain.queries) == 1

    door.run(scenario)


def test_429_for_a_source_that_asks_too_often(door: Door) -> None:
    async def scenario(door: Door) -> None:
        for _ in range(QUERIES_PER_MINUTE):
            assert (await door.get(f"/query/uuid/{WHO}"))[0] == 200
        assert (await door.get(f"/query/uuid/{WHO}"))[0] == 429
        door.clock.advance(60)
        assert (await door.get(f"/query/uuid/{WHO}"))[0] == 200

    door.run(scenario)
