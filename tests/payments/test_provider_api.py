from __future__ import annotations

import base64
import itertools
import json
import socket
from collections.abc import Iterator

import pytest

from kallnet.account import Account, address_to_hex
from kallnet.mail_names import MAX_SIZE, message_id
from kallnet.messages import CLIENT as CLIENT_KIND
from kallnet.messages import SERVICE, Mail, Session
from kallphone.payments import answers
from kallphone.payments.answers import HeldMessage
from kallphone.payments.errors import (
    ProviderError,
    ProviderInvalid,
    ProviderRefused,
    ProviderUnreachable,
    for_people,
)
from kallphone.payments.provider_api import MAX_ANSWER, ProviderApi
from tests.payments.fake_provider import PASSWORD, FakeProvider, Fault

CLIENT = Account.generate()


@pytest.fixture
def api(provider: FakeProvider) -> Iterator[ProviderApi]:
    api = ProviderApi(provider.url)
    yield api
    api.close()


def test_what_is_published_is_asked_by_kind(api: ProviderApi, provider: FakeProvider):
    who = address_to_hex(CLIENT.address)
    paths = {CLIENT_KIND: f"query/entry/{who}", SERVICE: f"query/service/{who}"}
    for kind, path in paths.items():
        provider.fail(path, Fault("status", 200, b'{"result": "0xa1b2"}'))
        assert api.published(kind, CLIENT.address) == bytes.fromhex("a1b2")
    assert provider.asked == list(paths.values())


@pytest.mark.parametrize("result", ['""', '"0x"', '"0xz"', "5", "null", '"' + "ab" * 4097 + '"'])
def test_what_can_not_be_an_entry_is_refused(api: ProviderApi, provider: FakeProvider, result: str):
    path = f"query/entry/{address_to_hex(CLIENT.address)}"
    provider.fail(path, Fault("status", 200, f'{{"result": {result}}}'.encode()))
    with pytest.raises(ProviderInvalid, match="'result' of up to 4096 bytes"):
        api.published(CLIENT_KIND, CLIENT.address)


def session(provider: FakeProvider) -> Session:
    return Session(CLIENT.address, provider.account.address, bytes(32))


@pytest.mark.parametrize(
    ("status", "content", "kind", "words"),
    [
        (200, b"<html>", ProviderInvalid, "no JSON object"),
        (200, b"[]", ProviderInvalid, "no JSON object"),
        (200, b"{}", ProviderInvalid, "'provider'"),
        (200, b"[" * 60_000, ProviderInvalid, "no JSON object"),
        (200, b" " * (MAX_ANSWER + 1), ProviderInvalid, "more than"),
        (302, b"{}", ProviderInvalid, "status 302"),
        (404, b"<html>", ProviderRefused, "(404): it gave no reason"),
        (422, b'{"error": "sign it again"}', ProviderRefused, "(422): sign it again"),
        (403, json.dumps({"error": "a\x1b[2Jb\n" + "c" * 999}).encode(), ProviderRefused, "(403): a[2Jbccc"),
    ],
)
def test_a_strange_answer_is_an_error_in_words(
    api: ProviderApi,
    provider: FakeProvider,
    status: int,
    content: bytes,
    kind: type[ProviderError],
    words: str,
):
    provider.fail("terms", Fault("status", status, content))
    with pytest.raises(kind) as caught:
        api.terms()
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300
    assert provider.asked == ["terms"]


@pytest.mark.parametrize("value", [-1, 2**63, 1.5, True, "1", None])
def test_an_amount_that_is_none_is_refused(api: ProviderApi, provider: FakeProvider, value: object):
    provider.terms_changes = {"price": value}
    with pytest.raises(ProviderInvalid, match="'price'"):
        api.terms()


def test_what_changes_nothing_is_tried_twice(api: ProviderApi, provider: FakeProvider):
    provider.fail("terms", Fault("drop"))
    assert api.terms().provider == provider.account.address
    provider.fail("terms", Fault("drop"), Fault("drop"))
    with pytest.raises(ProviderUnreachable):
        api.terms()
    assert len(provider.asked) == 4


def test_what_changes_something_is_tried_once(api: ProviderApi, provider: FakeProvider):
    provider.fail("session", Fault("lose"))
    with pytest.raises(ProviderUnreachable):
        api.open_session(session(provider), b"s" * 65)
    assert provider.asked == ["session"]


def test_an_answer_that_drips_is_given_up(provider: FakeProvider):
    clock = itertools.count(0.0, 10.0)
    api = ProviderApi(provider.url, clock=lambda: next(clock))
    with pytest.raises(ProviderUnreachable, match="no whole answer"):
        api.terms()
    api.close()


def test_nobody_at_the_address_is_unreachable():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        api = ProviderApi(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(ProviderUnreachable) as caught:
            api.terms()
    api.close()
    assert for_people(caught.value) == "Your provider does not answer"


def test_a_session_never_shows_its_password():
    grant = answers.session(
        answers.Answer(
            {
                "username": "1:0x",
                "password": PASSWORD,
                "expires": 1,
                "domain": "d",
                "sip": "sip:d",
                "turn": [],
                "channel": {"epoch": 0, "deposited": 0, "claimed": 0, "voucher": 0},
            }
        )
    )
    assert grant.password == PASSWORD
    assert PASSWORD not in repr(grant)


MAIL = "mail?wait=25"


def waiting(*sealed: bytes) -> Fault:
    mail = [{"id": "0x" + message_id(s).hex(), "sealed": base64.b64encode(s).decode()} for s in sealed]
    return Fault("status", 200, json.dumps({"mail": mail}).encode())


def test_mail_is_fetched_whole_up_to_the_longest(api: ProviderApi, provider: FakeProvider):
    longest = bytes(MAX_SIZE)
    provider.fail(MAIL, waiting(), waiting(b"short", b"second"), waiting(longest))
    assert api.fetch_mail("name", "password", 25) == []
    assert [held.sealed for held in api.fetch_mail("name", "password", 25)] == [b"short", b"second"]
    assert api.fetch_mail("name", "password", 25) == [HeldMessage(message_id(longest), longest)]


@pytest.mark.parametrize(
    "content",
    [
        b"{}", b'{"mail": {}}', b'{"mail": [7]}', b'{"mail": [{}]}',
        b'{"mail": [{"id": "0x12", "sealed": "AA=="}]}',
        b'{"mail": [{"id": "0x' + b"00" * 32 + b'", "sealed": "AA=="}]}',
        b'{"mail": [{"id": "0x' + b"00" * 32 + b'", "sealed": "%"}]}',
        b'{"mail": [{"id": "0x' + b"00" * 32 + b'", "sealed": 5}]}',
        b" " * (2 * MAX_SIZE + 1),
    ],
)  # fmt: skip
def test_mail_of_another_shape_is_refused(api: ProviderApi, provider: FakeProvider, content: bytes):
    provider.fail(MAIL, Fault("status", 200, content))
    with pytest.raises(ProviderInvalid):
        api.fetch_mail("name", "password", 25)


def test_a_refused_message_says_why(api: ProviderApi, provider: FakeProvider):
    provider.fail("mail", Fault("status", 507, b'{"error": "the mailbox is full"}'))
    with pytest.raises(ProviderRefused, match="mailbox is full") as refused:
        api.post_mail(Mail(CLIENT.address, CLIENT.address, bytes(32), 1), bytes(65), b"sealed")
    assert refused.value.is_passing
