import asyncio
from collections.abc import Iterator

import pytest

from kallprovider import render
from tests.provider.kamailio import Kamailio, run, running_kamailio

pytestmark = pytest.mark.provider

CALLS = 50


@pytest.fixture(scope="module")
def kamailio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with running_kamailio(tmp_path_factory.mktemp("kamailio")) as kamailio:
        yield kamailio


def test_cut_ends_both_legs_of_every_call(kamailio: Kamailio) -> None:
    """Each call with its own Reason; afterwards Kamailio holds none of them."""

    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            invites = await asyncio.gather(*(caller.invite(callee.account) for _ in range(CALLS)))
            call_ids = [response.call_id for response in invites]
            assert {response.code for response in invites} == {200}
            for number, call_id in enumerate(call_ids):
                await service.call(call_id)
                service.link.cut(call_id, 402, f"Credit {number} ended")
            assert {await service.end(call_id) for call_id in call_ids} == {"cut:402"}
            await caller.until(lambda: len(caller.byes) == CALLS)
            await callee.until(lambda: len(callee.byes) == CALLS)
            for number, call_id in enumerate(call_ids):
                reason = f'SIP;cause=402;text="Credit {number} ended"'
                assert caller.byes[call_id].get("Reason") == reason
                assert callee.byes[call_id].get("Reason") == reason
                assert len(caller.byes[call_id].all("Content-Length")) == 1
            service.listings.clear()
            service.link.list_dialogs()
            await service.until(lambda: service.listings)
            assert set(service.listings[0]).isdisjoint(call_ids)

    run(scenario())


def test_hang_up_and_cut_at_once_end_the_call_once(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            invites = await asyncio.gather(*(caller.invite(callee.account) for _ in range(20)))
            hang_ups = []
            for response in invites:
                await service.call(response.call_id)
                service.link.cut(response.call_id, 402, "Credit ended")
                hang_ups.append(asyncio.create_task(caller.dialogs[response.call_id].request("BYE")))
            codes = {response.code for response in await asyncio.gather(*hang_ups)}
            assert codes <= {200, 404, 481}
            for response in invites:  # gone: the cut's worker spoke before the hang-up's
                assert await service.end(response.call_id) in ("caller", "cut:402", "gone")
                await callee.until(lambda call_id=response.call_id: call_id in callee.byes)

    run(scenario())


def test_a_ringing_call_is_refused_with_the_reason(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            callee.answers = False
            invite = asyncio.create_task(caller.invite(callee.account))
            ringing = await callee.requests.get()
            await callee.reply(ringing, 180, "Ringing")
            await caller.until(lambda: caller.provisional(ringing.call_id, 180))
            service.link.cut(ringing.call_id, 402, "Deposit is gone")
            response = await invite
            assert (response.code, response.reason) == (402, "Deposit is gone")
            assert (await callee.requests.get()).method == "CANCEL"
            assert await service.end(ringing.call_id) == "cut:402"

    run(scenario())


def test_cutting_what_is_not_there_is_told(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service:
            service.link.cut("no-such-call", 402, "Credit ended")
            assert await service.end("no-such-call") == "gone"

    run(scenario())


def test_a_cut_said_while_kamailio_was_away_is_said_again(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            call_id = (await caller.invite(callee.account)).call_id
            await service.call(call_id)
            service.link.drop()
            service.link.cut(call_id, 402, "Credit ended")
            assert await service.end(call_id) == "cut:402"
            await caller.until(lambda: call_id in caller.byes)
            await callee.until(lambda: call_id in callee.byes)

    run(scenario())


def test_the_backstop_ends_both_legs_when_nobody_cuts(tmp_path_factory: pytest.TempPathFactory) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            invites = await asyncio.gather(*(caller.invite(callee.account) for _ in range(20)))
            for response in invites:
                assert await service.end(response.call_id) == "cut:408"
            await caller.until(lambda: len(caller.byes) == 20)
            await callee.until(lambda: len(callee.byes) == 20)
            assert {bye.get("Reason") for bye in (*caller.byes.values(), *callee.byes.values())} == {
                'SIP;cause=408;text="Longest call reached"'
            }

    limits = render.Limits(flood=100_000, longest_call=2)
    with running_kamailio(tmp_path_factory.mktemp("backstop"), limits) as kamailio:
        run(scenario())
