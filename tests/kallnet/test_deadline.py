"""Hostile HTTP, below JSON: nobody hangs, and nothing but EndpointFailed comes out."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest

from kallnet.endpoint import Endpoint, EndpointFailed
from kallnet.errors import LedgerRefused
from kallphone.payments.errors import ProviderError
from kallphone.payments.provider_api import ProviderApi
from tests.kallnet.samples import ALICE

Reply = Callable[["RawServer", socket.socket, bytes], None]
TIMEOUT = 0.2
CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
CHUNKED = CLOSED + b"Transfer-Encoding: chunked\r\n\r\n"


class RawServer:
    """Reads a request and hands the socket over."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def close(self) -> None:
        self.over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._answer, args=(connection,)))
            self._threads[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            head, _, body = connection.recv(1 << 16).partition(b"\r\n\r\n")
            while head and not body.endswith(b"}") and b"POST" in head:
                body += connection.recv(1 << 16)
            self._reply(self, connection, body)


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], str]]:
    servers: list[RawServer] = []

    def start(reply: Reply) -> str:
        servers.append(RawServer(reply))
        return servers[-1].url

    yield start
    for server in servers:
        server.close()


def dripping(prefix: bytes, byte: bytes = b"0") -> Reply:
    def reply(server: RawServer, connection: socket.socket, _: bytes) -> None:
        connection.sendall(prefix)
        while not server.over.wait(0.05):
            connection.sendall(byte)

    return reply


def sending(data: bytes) -> Reply:
    return lambda _, connection, __: connection.sendall(data)


def answering(result: object, headers: bytes = b"") -> Reply:
    def reply(_: RawServer, connection: socket.socket, question: bytes) -> None:
        answer = {"jsonrpc": "2.0", "id": json.loads(question)["id"], **result}  # type: ignore[dict-item]
        body = json.dumps(answer).encode()
        connection.sendall(CLOSED + headers + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    return reply


def ask(url: str, *, timeout: float = TIMEOUT, chain_id: int | None = None) -> object:
    with closing(Endpoint(url, timeout)) as endpoint:
        return endpoint.ask("eth_blockNumber", chain_id=chain_id)


DRIPS = {
    "headers": dripping(b"HTTP/1.1 200 OK\r\nX: "),
    "chunk size": dripping(CHUNKED),
    "trailers": dripping(CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n"),
    "body without a length": dripping(b"HTTP/1.0 200 OK\r\n\r\n"),
    "body that ends with the connection": dripping(CLOSED + b"\r\n"),
}


@pytest.mark.parametrize("drip", DRIPS)
def test_whoever_drips_is_cut_off(serve: Callable[[Reply], str], drip: str) -> None:
    with pytest.raises(EndpointFailed):
        ask(serve(DRIPS[drip]))


def test_a_provider_that_drips_is_cut_off(
    serve: Callable[[Reply], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kallphone.payments.provider_api.CONNECT_S", TIMEOUT)
    monkeypatch.setitem(ProviderApi._ask.__kwdefaults__, "patience", TIMEOUT)
    url = serve(DRIPS["body that ends with the connection"])
    with closing(ProviderApi(url)) as api, pytest.raises(ProviderError):
        api.published(1, ALICE.address)


def test_a_connection_that_was_made_too_late_is_cut_off(
    serve: Callable[[Reply], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, resolved = socket.getaddrinfo, threading.Event()

    def slow(*arguments: object, **named: object) -> object:
        resolved.wait(4 * TIMEOUT)  # never set: longer than the whole exchange may take
        return look_up(*arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(EndpointFailed):
        ask(serve(DRIPS["headers"]))


@pytest.mark.parametrize("location", [b"http://[", b"/\xff", b"http://a:b:c/", b"/elsewhere"])
def test_redirects_are_not_looked_at(serve: Callable[[Reply], str], location: bytes) -> None:
    head = b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: " + location + b"\r\n\r\n"
    with pytest.raises(EndpointFailed, match="status 302"):
        ask(serve(sending(head)))
    with closing(ProviderApi(serve(sending(head)))) as api, pytest.raises(ProviderError, match="302"):
        api.published(1, ALICE.address)


def test_the_body_of_a_redirect_is_not_read(serve: Callable[[Reply], str]) -> None:
    sent: list[int] = []

    def endless(server: RawServer, connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /x\r\n\r\n")
        while not server.over.is_set() and len(sent) < 4_000:
            connection.sendall(bytes(1 << 16))
            sent.append(1)

    with pytest.raises(EndpointFailed, match="status 302"):
        ask(serve(endless), timeout=5.0)
    assert len(sent) < 1_000  # of what would be 262 MB


def test_cookies_are_not_kept(serve: Callable[[Reply], str]) -> None:
    url = serve(answering({"result": "0x1"}, b"Set-Cookie: a=" + b"x" * 1000 + b"\r\n"))
    with closing(Endpoint(url, 5.0)) as endpoint:
        endpoint.ask("eth_blockNumber")
        assert len(endpoint._http.cookies) == 0


def test_a_chain_id_of_thousands_of_digits_is_none(serve: Callable[[Reply], str]) -> None:
    with pytest.raises(EndpointFailed, match="does not tell its chain id"):
        ask(serve(answering({"result": "0x" + "f" * 5000})), timeout=5.0, chain_id=1)


def test_a_message_that_no_terminal_can_show_is_cleaned(serve: Callable[[Reply], str]) -> None:
    error = {"code": 1, "message": "\ud800no\x1b[2J\n"}
    with pytest.raises(LedgerRefused, match=r"no\[2J") as refused:
        ask(serve(answering({"error": error})), timeout=5.0)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("depth", [100, 950, 990, 2400, 4900])
def test_a_message_that_nests_deep_is_no_message(serve: Callable[[Reply], str], depth: int) -> None:
    def reply(_: RawServer, connection: socket.socket, question: bytes) -> None:
        deep = b"[" * depth + b"]" * depth
        number = json.loads(question)["id"]
        body = b'{"id":%d,"error":{"code":1,"message":%b}}' % (number, deep)
        connection.sendall(CLOSED + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    with pytest.raises((EndpointFailed, LedgerRefused)):
        ask(serve(reply), timeout=5.0)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: -5",
        b"Content-Length: 5,6",
        b"Content-Length: " + b"9" * 5000,
        b"Set-Cookie: \xff=\xff; expires=\xff; max-age=99999999999999999999999",
        b"Set-Cookie: a=b; expires=Fri, 99 Foo 999999999999 00:00:00",
        b"Set-Cookie2: a=b; Version=1; Max-Age=x",
        b": x",
        b" folded",
    ],
)
def test_strange_headers_are_a_failure_of_that_endpoint(
    serve: Callable[[Reply], str], header: bytes
) -> None:
    with pytest.raises(EndpointFailed):
        ask(serve(sending(CLOSED + header + b"\r\n\r\n{}")), timeout=2.0)


def test_what_waits_is_cut_from_another_thread_and_nothing_begins_any_more(serve: Callable[[Reply], str]):
    asked = threading.Event()

    def silent(server: RawServer, _: socket.socket, __: bytes) -> None:
        asked.set()
        server.over.wait()

    api = ProviderApi(serve(silent))
    failures: list[Exception] = []

    def wait() -> None:
        try:
            api.fetch_mail("name", "password", 30)
        except ProviderError as error:
            failures.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert asked.wait(10)
    api.cut()
    waiting.join(10)
    assert not waiting.is_alive()
    wait()
    assert len(failures) == 2
    api.close()
