import asyncio
from collections.abc import Iterator

import pytest

from kallprovider import render
from tests.provider.kamailio import DOMAIN, Kamailio, account, run, running_kamailio
from tests.provider.sip_client import Message

pytestmark = pytest.mark.provider


@pytest.fixture(scope="module")
def kamailio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    with running_kamailio(tmp_path_factory.mktemp("kamailio")) as kamailio:
        yield kamailio


def test_an_account_registers_with_its_own_credentials(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.stranger(1, kamailio.credentials(account(1))) as phone:
            response = await phone.register()
            assert response.code == 200
            assert account(1) in response.get("Contact")

    run(scenario())


def test_registering_without_credentials_is_challenged(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.stranger(1) as phone:
            assert (await phone.register()).code == 401

    run(scenario())


@pytest.mark.parametrize(("sender", "to"), [(2, 2), (1, 2), (2, 1)])
def test_nobody_registers_for_another_account(kamailio: Kamailio, sender: int, to: int) -> None:
    async def scenario() -> None:
        async with kamailio.stranger(1, kamailio.credentials(account(1))) as phone:
            response = await phone.register(account(sender), f"sip:{account(to)}@{DOMAIN}")
            assert response.code == 403

    run(scenario())


def test_expired_credentials_register_nothing(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.stranger(1, kamailio.credentials(account(1), seconds=-1)) as phone:
            assert (await phone.register()).code in (401, 403)

    run(scenario())


def test_a_forged_password_registers_nothing(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        good = kamailio.credentials(account(1))
        forged = type(good)(good.username, good.password[::-1])
        async with kamailio.stranger(1, forged) as phone:
            assert (await phone.register()).code == 401

    run(scenario())


def test_refused_calls_never_reach_the_callee(kamailio: Kamailio) -> None:
    """The callee's first request is the honest call, which came last."""

    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(3, 4) as (caller, callee):
            async with kamailio.stranger(3) as stranger:
                assert (await stranger.invite(callee.account)).code == 407
            async with kamailio.stranger(3, kamailio.credentials(account(5))) as thief:
                assert (await thief.invite(callee.account)).code == 403
            async with kamailio.stranger(3, kamailio.credentials(account(3), seconds=-1)) as late:
                assert (await late.invite(callee.account)).code in (403, 407)
            assert service.asks == []
            honest = await caller.invite(callee.account)
            assert honest.code == 200
            assert (await callee.requests.get()).call_id == honest.call_id
            assert [ask.call_id for ask in service.asks] == [honest.call_id]

    run(scenario())


def test_the_credentials_do_not_travel_to_the_callee(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service(), kamailio.phones(3, 4) as (caller, callee):
            await caller.invite(callee.account)
            assert not (await callee.requests.get()).get("Proxy-Authorization")

    run(scenario())


def test_messages_need_credentials_too(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(3, 4) as (sender, receiver), kamailio.stranger(3) as stranger:
            uri = receiver.address
            assert (await stranger.request("MESSAGE", uri, stranger.address, uri, body="spam")).code == 407
            assert (await sender.request("MESSAGE", uri, sender.address, uri, body="hello")).code == 200
            assert (await receiver.requests.get()).body == "hello"

    run(scenario())


def test_a_from_of_another_domain_is_refused(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service(), kamailio.phones(3, 4) as (caller, callee):
            response = await caller.invite(callee.account, sender=f"sip:{caller.account}@elsewhere.example")
            assert response.code == 403

    run(scenario())


def test_no_open_relay(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(3) as (caller,):
            assert (await caller.invite(f"sip:{account(4)}@elsewhere.example")).code == 403
            assert (await caller.invite("sip:anyone@127.0.0.1:9")).code == 403
            assert service.asks == []

    run(scenario())


def test_a_forged_request_within_no_dialog_goes_nowhere(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with (
            kamailio.service(),
            kamailio.phones(3, 4) as (caller, callee),
            kamailio.stranger(9) as stranger,
        ):
            target = f"sip:{callee.account}@127.0.0.1:{callee.source_port};transport=tls"
            route = ("Route", f"<sip:127.0.0.1:{kamailio.config.sip.port};transport=tls;lr>")
            forged = stranger.message("INVITE", target, caller.address, callee.address, [route])
            forged.headers = [(n, v + ";tag=x" if n == "To" else v) for n, v in forged.headers]
            assert (await stranger.transact(forged)).code == 481
            honest = await caller.invite(callee.account)
            assert (await callee.requests.get()).call_id == honest.call_id

    run(scenario())


@pytest.mark.parametrize("call_id", ["a|GO|1|1", 'a"b', "a b", "x" * 129])
def test_call_ids_that_could_break_a_field_are_refused(kamailio: Kamailio, call_id: str) -> None:
    async def scenario() -> None:
        async with kamailio.service() as service, kamailio.phones(3) as (caller,):
            assert (await caller.invite(account(4), call_id=call_id)).code == 400
            assert service.asks == []

    run(scenario())


def test_scanners_get_no_answer(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.stranger(9) as scanner:
            await scanner.send(_options(scanner.via(), "probe", "friendly-scanner"))
            answer = await scanner.transact(_options(scanner.via(), "check", "KallPhone"))
            assert answer.code == 200
            assert answer.call_id == "check"
            assert scanner.unexpected == []

    run(scenario())


def test_a_message_too_large_is_refused_and_the_rest_goes_on(kamailio: Kamailio) -> None:
    async def scenario() -> None:
        async with kamailio.phones(3, 4) as (sender, receiver):
            uri = receiver.address
            response = await sender.request("MESSAGE", uri, sender.address, uri, body="x" * 60_000)
            assert response.code == 200
        async with kamailio.stranger(9) as stranger:
            flood = stranger.message("MESSAGE", uri, stranger.address, uri, [], "x" * 70_000)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await stranger.transact(flood)
        async with kamailio.phones(3):
            pass

    run(scenario())


def test_a_flood_is_cut_off_and_others_are_served(tmp_path_factory: pytest.TempPathFactory) -> None:
    async def scenario() -> None:
        async with kamailio.stranger(9) as flooder, kamailio.stranger(8, source="127.0.0.2") as other:
            while "flood from 127.0.0.1" not in kamailio.log():
                await flooder.send(_options(flooder.via(), "flood", "KallPhone"))
            assert (await other.transact(_options(other.via(), "check", "KallPhone"))).code == 200

    with running_kamailio(tmp_path_factory.mktemp("flood"), render.Limits(flood=40)) as kamailio:
        run(scenario())


def test_no_secret_reaches_the_log(kamailio: Kamailio) -> None:
    assert kamailio.secret not in kamailio.log()


def _options(via: str, call_id: str, agent: str) -> Message:
    sender = f"<sip:{account(9)}@{DOMAIN}>"
    headers = [
        ("Via", via),
        ("Max-Forwards", "70"),
        ("From", f"{sender};tag=1"),
        ("To", f"<sip:{DOMAIN}>"),
        ("Call-ID", call_id),
        ("CSeq", "1 OPTIONS"),
        ("User-Agent", agent),
    ]
    return Message(f"OPTIONS sip:{DOMAIN} SIP/2.0", headers)
