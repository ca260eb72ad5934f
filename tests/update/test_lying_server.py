"""Fetching from a server that lies about lengths and parts, has no end, or has nothing to say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from kallphone.update.errors import Refused, Unreachable, UpdateError
from kallphone.update.fetch import Patience, Server
from tests.update.https_server import Site, serving

CONTENT = bytes(range(256)) * 2_000
Lie = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/big").write_bytes(CONTENT)
    with serving(tmp_path / "site", tmp_path / "certs") as site:
        yield site


def server_of(site: Site, **given: float) -> Server:
    patience = {"connect": 5.0, "silence": 5.0, "small_file": 20.0, "pause": 0.0} | given
    return Server(
        site.url,
        release_build=0,
        ca_file=site.ca_file,
        patience=Patience(tries=3, **patience),  # type: ignore[arg-type]
        sleep=lambda _: None,
    )


def whole(server: Server, size: int = len(CONTENT)) -> bytes:
    return b"".join(server.stream("big", size))


def says(status: int, content: bytes = CONTENT, **headers: object) -> Lie:
    def lie(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(content)

    return lie


def endless(handler: BaseHTTPRequestHandler) -> None:
    says(200, b"")(handler)
    while True:
        handler.wfile.write(bytes(65536))


CUT = says(200, CONTENT[:1000], Content_Length=len(CONTENT))


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (says(206, Content_Length=len(CONTENT), Content_Range="bytes 0-9/9"), "another part"),
        (says(206, Content_Length=len(CONTENT)), "another part"),
        (says(206, Content_Length=len(CONTENT), Content_Range="bytes 1000-9/9"), "longer"),
        (says(200, Content_Length=len(CONTENT) + 1), "longer"),
    ],
)
def test_another_part_and_a_longer_file_are_refused_where_a_download_goes_on(
    site: Site, lie: Lie, words: str
) -> None:
    site.lies = [CUT, lie]
    with pytest.raises(Refused, match=words):
        whole(server_of(site))


def test_no_more_is_read_than_the_manifest_names(site: Site) -> None:
    site.lies = [says(200), endless, endless]
    assert whole(server_of(site), 1000) == CONTENT[:1000]
    assert whole(server_of(site), 200_000) == bytes(200_000)
    with pytest.raises(Refused, match="longer than 5000 bytes"):
        server_of(site).read("big", 5000)


@pytest.mark.parametrize("told", ["-1", "much", "9" * 30, "1, 2", ""])
def test_a_length_that_makes_no_sense_does_no_harm(site: Site, told: str) -> None:
    site.lies = [says(200, Content_Length=told)] * 9
    try:
        content = whole(server_of(site))
    except UpdateError:
        return
    assert content == CONTENT


@pytest.mark.parametrize("length", [0, 10, len(CONTENT) - 1])
def test_a_small_file_cut_short_is_no_forgery(site: Site, length: int) -> None:
    site.lies = [says(200, CONTENT[:length], Content_Length=len(CONTENT))]
    with pytest.raises(Unreachable, match="can't be reached"):
        server_of(site).read("big", len(CONTENT))


def test_a_silent_server_is_given_up(site: Site) -> None:
    ended = threading.Event()
    site.lies = [lambda _: ended.wait() and None] * 4
    impatient = server_of(site, silence=0.1)
    with pytest.raises(Unreachable, match="can't be reached"):
        impatient.read("big", 10)
    with pytest.raises(Unreachable, match="can't be reached"):
        whole(impatient)
    ended.set()
    assert len(site.asked) == 4


def test_a_server_that_gives_byte_by_byte_is_given_up_at_the_end_of_patience(site: Site) -> None:
    site.breaks = [1] * 100
    hours = iter(range(100))
    slow = Server(
        site.url,
        release_build=0,
        ca_file=site.ca_file,
        patience=Patience(pause=0),
        monotonic=lambda: next(hours) * 3600.0,
        sleep=lambda _: None,
    )
    with pytest.raises(Unreachable):
        whole(slow)
    assert len(site.asked) < 3
