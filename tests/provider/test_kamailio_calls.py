import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from kallprovider import secret_files
from kallprovider.evapi import Ask, Decision
from kallprovider.netstrings import Decoder, encode
from tests.provider.kamailio import (
    DOMAIN,
    FakeService,
    Kamailio,
    account,
    address,
    run,
    running_kamailio,
)
from tests.provider.sip_client import Message, Phone

pytestmark = pytest.mark.provider


@pytest.fixture(scope="module")
def kamailio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with running_kamailio(tmp_path_factory.mktemp("kamailio")) as kamailio:
        yield kamailio


def test_a_call_asks_starts_and_ends(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            call_id = (await caller.invite(callee.account)).call_id
            assert service.asks == [Ask(call_id, address(1), address(2))]
            call = await service.call(call_id)
            assert (call.caller, call.callee) == (address(1), address(2))
            assert call.start > 0
            assert (await caller.dialogs[call_id].request("BYE")).code == 200
            assert call_id in callee.byes
            assert await service.end(call_id) == "caller"

    run(scenario())


def test_the_callee_can_hang_up(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            call_id = (await caller.invite(callee.account)).call_id
            assert (await callee.dialogs[call_id].request("BYE")).code == 200
            assert call_id in caller.byes
            assert await service.end(call_id) == "callee"

    run(scenario())


def test_the_callee_is_who_is_called_whatever_to_says(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            call_id = (await caller.invite(callee.account, to=f"sip:{account(7)}@{DOMAIN}")).call_id
            assert (await service.call(call_id)).callee == service.asks[0].callee == address(2)

    run(scenario())


def test_requests_within_a_call_reach_the_other_side_both_ways(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service(), kamailio.phones(1, 2) as (caller, callee):
            call_id = (await caller.invite(callee.account)).call_id
            assert (await callee.dialogs[call_id].request("UPDATE")).code == 200
            assert (await caller.requests.get()).method == "UPDATE"
            assert (await caller.dialogs[call_id].request("INVITE")).code == 200
            assert [(await callee.requests.get()).method for _ in range(3)] == ["INVITE", "ACK", "INVITE"]

    run(scenario())


def test_no_reaches_the_caller_with_its_reason(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        service = FakeService(Decision(402, "Deposit is used up: top up 0.5 kallCoin"))
        async with kamailio.service(service), kamailio.phones(1, 2) as (caller, callee):
            response = await caller.invite(callee.account)
            assert response.code == 402
            assert response.reason == "Deposit is used up: top up 0.5 kallCoin"
            service.decision = Decision()
            honest = await caller.invite(callee.account)
            assert (await callee.requests.get()).call_id == honest.call_id

    run(scenario())


def test_a_failing_decision_refuses(kamailio: Kamailio) -> None:
    class Failing(FakeService):
        async def ask(self, ask: Ask) -> Decision:
            raise RuntimeError("no database")

    async def scenario() -> None:
        async with kamailio.service(Failing()), kamailio.phones(1, 2) as (caller, callee):
            assert (await caller.invite(callee.account)).code == 503
            assert callee.requests.empty()

    run(scenario())


def test_a_slow_decision_refuses_in_time(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service(FakeService(hung=True)), kamailio.phones(1, 2) as (caller, callee):
            assert (await caller.invite(callee.account)).code == 503
            assert callee.requests.empty()

    run(scenario())


def test_without_the_service_nothing_rings(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(1, 2) as (caller, callee):
            response = await caller.invite(callee.account)
            assert (response.code, response.reason) == (503, "Provider is not answering")
            assert callee.requests.empty()

    run(scenario())


@contextlib.asynccontextmanager
async def silent_service(kamailio: Kamailio, token: str | None = None) -> AsyncIterator[asyncio.StreamReader]:
    """Connected, alive by its token, and then mute."""
    reader, writer = await asyncio.open_connection("127.0.0.1", kamailio.config.evapi_port)
    writer.write(encode(token or secret_files.read(kamailio.config.evapi_token_path)))
    try:
        yield reader
    finally:
        writer.close()
        await writer.wait_closed()


def test_a_hung_service_stops_no_worker_and_rings_nobody(kamailio: Kamailio) -> None:
    """More calls than workers wait; each is refused by Kamailio itself, and registrations go on meanwhile."""

    async def scenario() -> None:
        async with kamailio.phones(1, 2) as (caller, callee), silent_service(kamailio) as mute:
            invites = [asyncio.create_task(caller.invite(callee.account)) for _ in range(12)]
            asked, decoder = [], Decoder()
            while not asked:
                asked += decoder.feed(await mute.read(4096))
            assert (await callee.register()).code == 200
            assert {response.code for response in await asyncio.gather(*invites)} == {503}
            assert callee.requests.empty()

    run(scenario())


def test_a_wrong_token_opens_nothing(kamailio: Kamailio) -> None:
    """It neither counts as the service nor hears of calls, and the real one is served all the same."""

    async def scenario() -> None:
        async with kamailio.phones(1, 2) as (caller, callee), silent_service(kamailio, "wrong") as wrong:
            assert (await caller.invite(callee.account)).code == 503
            heard = asyncio.create_task(wrong.read(1))
            async with kamailio.service() as service:
                call_id = (await caller.invite(callee.account)).call_id
                await caller.dialogs[call_id].request("BYE")
                await service.end(call_id)
            assert not heard.done()
            heard.cancel()

    run(scenario())


def test_an_account_that_is_not_registered_is_unavailable(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1) as (caller,):
            response = await caller.invite(account(77))
            assert response.code == 480
            assert await service.end(response.call_id) == "failed:480"

    run(scenario())


@pytest.mark.parametrize("user", ["alice", "0x12", "0X" + "A" * 40])
def test_what_is_no_account_is_not_found(kamailio: Kamailio, user: str) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1) as (caller,):
            assert (await caller.invite(f"sip:{user}@{DOMAIN}")).code == 404
            assert service.asks == []

    run(scenario())


def test_a_phone_whose_connection_is_gone_is_unavailable(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            await callee.close()
            response = await caller.invite(callee.account)
            assert response.code == 480
            assert await service.end(response.call_id) == "failed:480"

    run(scenario())


async def probe(asker: Phone, uri: str) -> Message:
    return await asker.request("OPTIONS", uri, asker.address, uri)


def test_who_is_reachable_is_told_without_asking_a_phone(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (asker, other):
            assert (await probe(asker, other.address)).code == 200
            assert (await probe(asker, f"sip:{account(77)}@{DOMAIN}")).code == 480
            assert (await probe(asker, f"sip:alice@{DOMAIN}")).code == 404
            assert (await probe(asker, f"sip:{account(2)}@elsewhere.example")).code == 403
            assert (await asker.register()).code == 200
            assert other.requests.empty()
            assert (service.asks, service.calls) == ([], {})

    run(scenario())


def test_a_phone_whose_connection_is_gone_is_not_reachable(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(1, 2, 2) as (asker, desk, hall):
            await hall.close()
            assert (await probe(asker, desk.address)).code == 200
            await desk.close()
            while (await probe(asker, desk.address)).code != 480:
                pass

    run(scenario())


def test_a_stranger_is_not_told_who_is_reachable(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(2) as (phone,), kamailio.stranger(9) as stranger:
            assert (await probe(stranger, phone.address)).code == 407

    run(scenario())


def test_busy_ends_the_question(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            callee.answers = False
            invite = asyncio.create_task(caller.invite(callee.account))
            await callee.reply(await callee.requests.get(), 486, "Busy Here")
            response = await invite
            assert response.code == 486
            assert await service.end(response.call_id) == "failed:486"
            assert response.call_id not in service.calls

    run(scenario())


def test_all_phones_of_an_account_ring(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service(), kamailio.phones(1, 2, 2) as (caller, desk, hall):
            hall.answers = desk.answers = False
            invite = asyncio.create_task(caller.invite(desk.account))
            await desk.reply(await desk.requests.get(), 180, "Ringing")
            await hall.answer(await hall.requests.get())
            assert (await invite).code == 200
            assert (await desk.requests.get()).method == "CANCEL"

    run(scenario())


async def start_invite(caller: Phone, callee: str) -> tuple[Message, "asyncio.Task[Message]"]:
    """An authorized INVITE under way, so that it can be cancelled."""
    uri = f"sip:{callee}@{DOMAIN}"
    message = caller.message("INVITE", uri, caller.address, uri, [("Contact", caller.contact)])
    invite = caller.authorized(message, await caller.transact(message))
    return invite, asyncio.create_task(caller.transact(invite))


async def cancel(caller: Phone, invite: Message) -> Message:
    headers = [(n, v) for n, v in invite.headers if n in ("Via", "Max-Forwards", "From", "To", "Call-ID")]
    headers.append(("CSeq", invite.get("CSeq").replace("INVITE", "CANCEL")))
    return await caller.transact(Message(f"CANCEL {invite.uri} SIP/2.0", headers))


def test_a_ringing_call_can_be_cancelled(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            callee.answers = False
            invite, response = await start_invite(caller, callee.account)
            ringing = await callee.requests.get()
            await callee.reply(ringing, 180, "Ringing")
            assert (await cancel(caller, invite)).code == 200
            assert (await callee.requests.get()).method == "CANCEL"
            await callee.reply(ringing, 487, "Request Terminated")
            assert (await response).code == 487
            assert await service.end(invite.call_id) == "failed:487"

    run(scenario())


def test_a_call_cancelled_before_the_decision_never_rings(kamailio: Kamailio) -> None:
    class Waiting(FakeService):
        async def ask(self, ask: Ask) -> Decision:
            self.asks.append(ask)
            self.changed.set()
            await self.go.wait()
            return Decision()

    async def scenario() -> None:
        waiting = Waiting()
        waiting.go = asyncio.Event()
        async with kamailio.service(waiting) as service, kamailio.phones(1, 2) as (caller, callee):
            invite, response = await start_invite(caller, callee.account)
            await service.until(lambda: service.asks)
            assert (await cancel(caller, invite)).code == 200
            waiting.go.set()
            assert (await response).code == 487
            assert await service.end(invite.call_id) == "failed:487"
            honest = await caller.invite(callee.account)
            assert (await callee.requests.get()).call_id == honest.call_id

    run(scenario())


def test_a_call_id_in_use_is_refused(kamailio: Kamailio) -> None:
    """Else a second call could run under the first one's meter."""

    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2, 3) as (caller, callee, other):
            await caller.invite(callee.account, call_id="twice")
            assert (await caller.invite(other.account, call_id="twice")).code == 482
            assert len(service.asks) == 1
            assert (await caller.dialogs["twice"].request("BYE")).code == 200

    run(scenario())


def test_of_two_calls_at_once_with_one_call_id_one_is_placed(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        class Gate(FakeService):
            async def ask(self, ask: Ask) -> Decision:
                decision = await super().ask(ask)
                await self.until(lambda: len(self.asks) == 2)
                return decision

        async with kamailio.service(Gate()) as service, kamailio.phones(1, 2, 3) as (caller, callee, other):
            invites = [
                caller.invite(callee.account, call_id="at-once"),
                other.invite(callee.account, call_id="at-once"),
            ]
            assert sorted(response.code for response in await asyncio.gather(*invites)) == [200, 482]
            service.link.cut("at-once", 402, "Credit ended")
            assert await service.end("at-once") == "cut:402"

    run(scenario())


def test_what_happened_while_the_service_was_away_is_told_on_its_return(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(1, 2) as (caller, callee):
            async with kamailio.service() as first:
                ended, standing = [(await caller.invite(callee.account)).call_id for _ in range(2)]
                await first.call(standing)
            await caller.dialogs[ended].request("BYE")
            async with kamailio.service() as second:
                assert standing in second.listings[0]
                assert ended not in second.listings[0]
                assert await second.end(ended) == "caller"
                await caller.dialogs[standing].request("BYE")
                assert await second.end(standing) == "caller"

    run(scenario())


def test_on_every_address_calls_route_by_the_domain(tmp_path_factory: pytest.TempPathFactory) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(1, 2) as (caller, callee):
            response = await caller.invite(callee.account)
            assert f"<sip:{DOMAIN}:{kamailio.config.sip.port};transport=tls" in response.get("Record-Route")
            assert (await caller.dialogs[response.call_id].request("BYE")).code == 200
            assert await service.end(response.call_id) == "caller"

    with running_kamailio(tmp_path_factory.mktemp("everywhere"), sip_host="0.0.0.0") as kamailio:
        run(scenario())
