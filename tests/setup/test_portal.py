from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from kallphone.setup.portal import LONGEST_BODY, Portal
from kallphone.setup.portal_form import Form
from kallphone.setup.states import Credentials, Found, PortalAnswers, Security

TOKEN = "h3kq9wzmx5rtabcd"
NETWORKS = (
    Found(b"Home", -48, Security.EITHER),
    Found(b"Caf\xc3\xa9 <b>&\"'", -70, Security.OPEN),
)
GOOD = {
    "wifi": b"Home".hex(),
    "password": "kall1234",
    "language": "de",
    "country": "at",
    "pin": "2580",
    "name": "",
}


@contextmanager
def opened(*, cable: bool = False, only_wifi: bool = False) -> Iterator[tuple[Portal, list[PortalAnswers]]]:
    filled: list[PortalAnswers] = []
    first = Form(language="de", country="ch")
    portal = Portal(
        "127.0.0.1", TOKEN, first, NETWORKS, filled.append, cable=cable, only_wifi=only_wifi, port=0
    )
    portal.start()
    try:
        yield portal, filled
    finally:
        portal.stop()


def ask(
    portal: Portal, method: str = "GET", path: str = f"/{TOKEN}", body: bytes = b"", **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(portal.host, timeout=10)
    connection.request(method, path, body or None, {"Host": portal.host, **headers})
    answer = connection.getresponse()
    return answer.status, answer.read().decode(), dict(answer.getheaders())


def fill(portal: Portal, **changes: str) -> tuple[int, str]:
    return ask(portal, "POST", body=urlencode({**GOOD, **changes}).encode())[:2]


def test_the_page_speaks_the_phone_s_language_and_loads_nothing():
    with opened() as (portal, _):
        status, page, headers = ask(portal)
    assert status == 200
    assert '<html lang="de">' in page
    assert '<option value="ch" selected>' in page
    assert "<script" not in page
    assert "http://" not in page
    assert headers["Cache-Control"] == "no-store"
    assert "script" not in headers["Content-Security-Policy"]


def test_names_of_networks_are_text_whatever_they_hold():
    texts: list[str] = []
    labels = HTMLParser()
    labels.handle_data = texts.append  # type: ignore[method-assign]
    with opened() as (portal, _):
        page = ask(portal)[1]
    labels.feed(page)
    assert "Café <b>&\"'" in texts
    assert "<b>" not in page


def test_what_is_filled_in_arrives_once():
    with opened() as (portal, filled):
        status, page = fill(portal)
        assert status == 200
        assert "<form" not in page
        fill(portal, password="other one")
    wifi = Credentials(b"Home", Security.EITHER, "kall1234")
    assert filled == [PortalAnswers("de", "at", wifi, "2580")]


@pytest.mark.parametrize(
    "changes",
    [
        {"wifi": ""},
        {"wifi": "ffff"},
        {"wifi": "none"},
        {"wifi": "other", "name": ""},
        {"wifi": "other", "name": "ü" * 17},
        {"password": "short"},
        {"password": "sätze mit ä"},
        {"pin": "123"},
        {"pin": "12a4"},
        {"pin": "٢٥٨٠"},
        {"language": "tlh"},
        {"country": "xx"},
    ],
)
def test_what_will_not_do_is_told_and_the_rest_stays(changes: dict[str, str]):
    with opened() as (portal, filled):
        status, page = fill(portal, **changes)
    assert status == 200
    assert 'role="alert"' in page
    assert f'value="{changes.get("pin", "2580")}"' in page
    assert filled == []


def test_a_hidden_network_and_an_open_one():
    with opened() as (portal, filled):
        fill(portal, wifi="other", name="Attic", password="up above", pin="")
    assert filled[0].wifi == Credentials(b"Attic", Security.EITHER, "up above", hidden=True)
    with opened() as (portal, filled):
        fill(portal, wifi=NETWORKS[1].ssid.hex())
    assert filled[0].wifi == Credentials(NETWORKS[1].ssid, Security.OPEN)


def test_with_a_cable_no_wifi_has_to_be_chosen():
    with opened(cable=True) as (portal, filled):
        assert "checked" in ask(portal)[1]
        fill(portal, wifi="none", password="")
    assert filled == [PortalAnswers("de", "at", None, "2580")]


def test_a_phone_in_use_is_told_its_wifi_and_nothing_else():
    with opened(only_wifi=True) as (portal, filled):
        page = ask(portal)[1]
        assert {name for name in ("language", "country", "pin") if f'name="{name}"' in page} == set()
        assert '<html lang="de">' in page
        wifi = {"wifi": b"Home".hex(), "password": "kall1234", "name": ""}
        ask(portal, "POST", body=urlencode(wifi).encode())
    assert filled == [PortalAnswers("de", "ch", Credentials(b"Home", Security.EITHER, "kall1234"), "")]


def test_what_a_phone_in_use_was_not_asked_for_does_not_count():
    with opened(only_wifi=True) as (portal, filled):
        fill(portal)
    assert (filled[0].language, filled[0].country, filled[0].pin) == ("de", "ch", "")


@pytest.mark.parametrize("path", ["/", f"/{TOKEN}x", f"/{TOKEN[:-1]}", f"/{TOKEN}?a=b", "/favicon.ico", "//"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_without_the_code_sees_or_sends_anything(method: str, path: str):
    with opened() as (portal, filled):
        status, page, _ = ask(portal, method, path, urlencode(GOOD).encode() if method == "POST" else b"")
    assert status == 404
    assert "Home" not in page
    assert filled == []


def test_another_name_for_the_phone_is_refused():
    """A page elsewhere that has its own name lead here (DNS rebinding) is not answered."""
    with opened() as (portal, _):
        assert ask(portal, Host="evil.test")[0] == 404


@pytest.mark.parametrize("length", [str(LONGEST_BODY + 1), "-1", "x", "99999999999", "²"])
def test_long_and_wrong_bodies_are_refused_unread(length: str):
    with opened() as (portal, filled), socket.create_connection(portal.host.split(":"), timeout=10) as raw:
        head = f"POST /{TOKEN} HTTP/1.1\r\nHost: {portal.host}\r\nContent-Length: {length}\r\n\r\n"
        raw.sendall(head.encode())
        assert b" 400 " in raw.recv(4096).split(b"\r\n")[0]
    assert filled == []


@pytest.mark.parametrize("body", [b"\xff=\xff", b"justtext", b"a=1&" * 100, b"%"])
def test_what_no_page_sends_is_refused(body: bytes):
    with opened() as (portal, filled):
        assert ask(portal, "POST", body=body)[0] == 400
    assert filled == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_are_refused(method: str):
    with opened() as (portal, _):
        assert ask(portal, method)[0] == 501


def test_it_listens_on_its_one_address():
    with opened() as (portal, _):
        port = int(portal.host.split(":")[1])
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_it_can_wait_on_an_address_that_is_not_there_yet():
    """The hotspot's address is given a moment after the radio is up."""
    portal = Portal("10.44.0.1", TOKEN, Form(language="en", country="gb"), (), lambda _: None, port=0)
    portal.stop()


def test_whoever_holds_connections_open_keeps_nobody_else_out_for_long(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kallphone.setup.portal._Handler.timeout", 0.2)
    with opened() as (portal, _):
        held = [socket.create_connection(portal.host.split(":"), timeout=10) for _ in range(20)]
        try:
            for one in held:
                assert one.recv(1) == b""
            assert ask(portal)[0] == 200
        finally:
            for one in held:
                one.close()
