import asyncio
import sqlite3
from collections.abc import Iterator

import pytest

from tests.provider.kamailio import Kamailio, account, run, running_kamailio
from tests.provider.sip_client import Phone

pytestmark = pytest.mark.provider


@pytest.fixture
def kamailio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with running_kamailio(tmp_path_factory.mktemp("kamailio")) as kamailio:
        yield kamailio


async def rows(kamailio: Kamailio, database: str, query: str, *values: str) -> int:
    """Waits for the first row: Kamailio writes behind."""
    while True:
        connection = sqlite3.connect(kamailio.config.state / "kamailio" / f"{database}.sqlite", timeout=20)
        try:
            if count := int(connection.execute(query, values).fetchone()[0]):
                return count
        finally:
            connection.close()
        await asyncio.sleep(0.05)


async def restart(kamailio: Kamailio) -> None:
    kamailio.server.kill()
    await asyncio.to_thread(kamailio.start)


def test_registrations_survive_a_kill(kamailio: Kamailio) -> None:
    """The callee only opens its connection again, from the same port, and rings."""

    async def scenario() -> None:
        async with kamailio.phones(2) as (callee,):
            await rows(kamailio, "usrloc", "SELECT count(*) FROM location WHERE username = ?", account(2))
            await restart(kamailio)
            await callee.close()
            async with kamailio.phones(1) as (caller,), kamailio.service(), callee:
                response = await caller.invite(callee.account)
                assert response.code == 200
                assert (await callee.requests.get()).call_id == response.call_id

    run(scenario())


async def two_calls(kamailio: Kamailio, caller: Phone, callee: Phone) -> tuple[str, str]:
    """Answered, and in the database."""
    async with kamailio.service() as service:
        first, second = [(await caller.invite(callee.account)).call_id for _ in range(2)]
        await service.call(second)
        await rows(kamailio, "dialog", "SELECT count(*) > 1 FROM dialog WHERE state = 4")
    return first, second


def test_after_a_kill_phones_on_new_connections_can_hang_up(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(1, 2) as (caller, callee):
            first, second = await two_calls(kamailio, caller, callee)
            await restart(kamailio)
            for phone in (caller, callee):
                await phone.close()
                phone.source_port = 0
            async with caller, callee, kamailio.service() as service:
                assert (await caller.register()).code == (await callee.register()).code == 200
                assert {first, second} <= set(service.listings[0])
                assert (await callee.dialogs[first].request("BYE")).code == 200
                assert (await caller.dialogs[second].request("BYE")).code == 200
                assert first in caller.byes
                assert second in callee.byes
                assert await service.end(first) == "callee"
                assert await service.end(second) == "caller"

    run(scenario())


def test_after_a_kill_the_provider_can_cut(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(1, 2) as (caller, callee):
            calls = await two_calls(kamailio, caller, callee)
            await restart(kamailio)
            await caller.close()
            await callee.close()
            async with caller, callee, kamailio.service() as service:
                for call_id in calls:
                    service.link.cut(call_id, 402, "Credit ended")
                    assert await service.end(call_id) == "cut:402"
                    await caller.until(lambda call_id=call_id: call_id in caller.byes)
                    await callee.until(lambda call_id=call_id: call_id in callee.byes)

    run(scenario())


def test_the_link_comes_back_by_itself(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service:
            await restart(kamailio)
            await service.until(lambda: len(service.listings) > 1)
            async with kamailio.phones(1, 2) as (caller, callee):
                assert (await caller.invite(callee.account)).code == 200

    run(scenario())
