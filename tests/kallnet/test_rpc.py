import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kallnet.endpoint import MAX_ANSWER
from kallnet.errors import LedgerRefused, LedgerUnreachable
from kallnet.rpc import JsonRpc

Reply = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    server: "Endpoint"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.headers_seen.append(dict(self.headers))
        self.server.reply(self, body)

    def send(self, data: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


class Endpoint(ThreadingHTTPServer):
    """A JSON-RPC endpoint that answers as a test tells it to."""

    daemon_threads = True

    def __init__(self, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.reply = reply
        self.asked: list[dict[str, Any]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def methods(self) -> list[str]:
        return [body["method"] for body in self.asked]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the caller may hang up in the middle of an answer


@pytest.fixture
def serve() -> Iterator[Callable[[Reply], Endpoint]]:
    started: list[Endpoint] = []

    def start(reply: Reply) -> Endpoint:
        started.append(Endpoint(reply))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.shutdown()
        endpoint.server_close()


@pytest.fixture
def dead_url() -> Iterator[str]:
    """A port that is taken but refuses connections."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def result(value: Any) -> Reply:
    def reply(handler: Handler, body: dict[str, Any]) -> None:
        handler.send(json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": value}).encode())

    return reply


def error(code: int, message: str, data: Any = None) -> Reply:
    def reply(handler: Handler, body: dict[str, Any]) -> None:
        detail = {"code": code, "message": message} | ({} if data is None else {"data": data})
        handler.send(json.dumps({"jsonrpc": "2.0", "id": body["id"], "error": detail}).encode())

    return reply


def raw(data: bytes, status: int = 200, **headers: str) -> Reply:
    return lambda handler, _: handler.send(data, status, **headers)


def cut(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.close_connection = True


def chain(chain_id: int) -> Reply:
    """Tells its chain id to whoever asks, and answers "ok" to everything else."""

    def reply(handler: Handler, body: dict[str, Any]) -> None:
        result(hex(chain_id) if body["method"] == "eth_chainId" else "ok")(handler, body)

    return reply


def test_a_question_as_json_rpc_wants_it(serve: Callable[[Reply], Endpoint]) -> None:
    endpoint = serve(result("0x1"))
    rpc = JsonRpc([endpoint.url])
    assert rpc.call("eth_call", [{"to": "0x"}, "latest"]) == "0x1"
    assert rpc.call("eth_blockNumber") == "0x1"
    first, second = endpoint.asked
    assert first == {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": "0x"}, "latest"]}
    assert second["id"] != first["id"]
    assert second["params"] == []
    rpc.close()


def test_null_is_an_answer(serve: Callable[[Reply], Endpoint]) -> None:
    assert JsonRpc([serve(result(None)).url]).call("eth_getTransactionReceipt", ["0x"]) is None


BAD: list[tuple[str, Reply, str]] = [
    ("status", raw(b'{"id":1,"result":1}', 503), "HTTP status 503"),
    ("redirect", raw(b"", 302, Location="http://127.0.0.1:9/"), "HTTP status 302"),
    ("no json", raw(b"<html>"), "no JSON"),
    ("deep json", raw(b"[" * 5_000), "no JSON"),
    ("very deep json", raw(b"[" * 100_000), "more than 5000 brackets"),
    ("no object", raw(b"[]"), "no JSON-RPC"),
    ("no result", raw(b'{"jsonrpc":"2.0","id":1}'), "no JSON-RPC"),
    ("other id", raw(b'{"jsonrpc":"2.0","id":99,"result":1}'), "another question"),
    ("odd error", raw(b'{"jsonrpc":"2.0","id":1,"error":"no"}'), "no JSON-RPC"),
    ("busy", error(-32005, "limit exceeded"), "busy: limit exceeded"),
    ("too long", raw(b" " * (MAX_ANSWER + 1)), f"longer than {MAX_ANSWER} bytes"),
    ("cut short", lambda handler, _: cut(handler), "broke off"),
    ("packed", raw(b"\x1f\x8b\x08", Content_Encoding="gzip"), "no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "cause"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_an_unusable_answer_makes_the_next_endpoint_answer(
    serve: Callable[[Reply], Endpoint], reply: Reply, cause: str
) -> None:
    bad, good = serve(reply), serve(result("good"))
    assert JsonRpc([bad.url, good.url]).call("eth_chainId") == "good"
    with pytest.raises(LedgerUnreachable, match=cause) as caught:
        JsonRpc([bad.url]).call("eth_chainId")
    assert list(caught.value.causes) == [bad.url]


def test_an_answer_of_the_largest_size_is_taken(serve: Callable[[Reply], Endpoint]) -> None:
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "result": 5}).encode()
    assert JsonRpc([serve(raw(text.ljust(MAX_ANSWER))).url]).call("x") == 5


def test_an_endpoint_without_a_length_is_capped_too(serve: Callable[[Reply], Endpoint]) -> None:
    def endless(handler: Handler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
        except OSError:
            handler.close_connection = True

    with pytest.raises(LedgerUnreachable, match="longer than"):
        JsonRpc([serve(endless).url]).call("x")


def test_an_endpoint_that_drips_is_given_up(serve: Callable[[Reply], Endpoint]) -> None:
    ticks = iter(range(0, 1000, 2))

    def drip(handler: Handler, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" ")
        except OSError:
            handler.close_connection = True

    with pytest.raises(LedgerUnreachable, match="no whole answer in 5 s"):
        JsonRpc([serve(drip).url], clock=lambda: float(next(ticks))).call("x")


def test_a_silent_endpoint_is_given_up(serve: Callable[[Reply], Endpoint]) -> None:
    over = threading.Event()

    def wait(handler: Handler, body: dict[str, Any]) -> None:
        over.wait()
        handler.close_connection = True

    try:
        with pytest.raises(LedgerUnreachable, match=r"no answer in 0\.2 s"):
            JsonRpc([serve(wait).url], timeout=0.2).call("x")
    finally:
        over.set()


def test_the_last_good_endpoint_is_asked_first(serve: Callable[[Reply], Endpoint], dead_url: str) -> None:
    first, second = serve(raw(b"", 500)), serve(result(1))
    rpc = JsonRpc([dead_url, first.url, second.url])
    rpc.call("a")
    rpc.call("b")
    assert first.methods == ["a"]
    assert second.methods == ["a", "b"]
    second.reply = raw(b"", 500)
    first.reply = result(2)
    assert rpc.call("c") == 2
    assert rpc.call("d") == 2
    assert second.methods == ["a", "b", "c"]


def test_when_all_are_away_the_error_names_each(serve: Callable[[Reply], Endpoint], dead_url: str) -> None:
    bad = serve(raw(b"", 429))
    with pytest.raises(LedgerUnreachable) as caught:
        JsonRpc([dead_url, bad.url]).call("x")
    assert caught.value.causes == {dead_url: "can't connect", bad.url: "HTTP status 429"}
    assert "check the network" in str(caught.value)


def test_a_refusal_is_final_and_carries_the_contract_s_error(serve: Callable[[Reply], Endpoint]) -> None:
    refusing, other = serve(error(3, "execution reverted", "0xdeadbeef")), serve(result(1))
    with pytest.raises(LedgerRefused) as caught:
        JsonRpc([refusing.url, other.url]).call("eth_call", [])
    refusal = caught.value
    assert (refusal.code, refusal.message, refusal.data) == (3, "execution reverted", b"\xde\xad\xbe\xef")
    assert str(refusal) == f"{refusing.url} refused eth_call: execution reverted (code 3)"
    assert other.asked == []


@pytest.mark.parametrize("data", [None, 5, "0xzz", {"a": 1}])
def test_odd_error_data_is_no_data(serve: Callable[[Reply], Endpoint], data: Any) -> None:
    with pytest.raises(LedgerRefused) as caught:
        JsonRpc([serve(error(-32000, "no", data)).url]).call("x")
    assert caught.value.data == b""


SECRETS = ("hunter2", "alice", "v3-api-key", "token")


@pytest.mark.parametrize("reply", [raw(b"", 401), raw(b"{"), error(3, "no"), None])
def test_credentials_in_a_url_stay_out_of_errors(
    serve: Callable[[Reply], Endpoint], dead_url: str, reply: Reply | None
) -> None:
    base = dead_url if reply is None else serve(reply).url
    url = base.replace("http://", "http://alice:hunter2@") + "/v3-api-key?token=1"
    with pytest.raises((LedgerUnreachable, LedgerRefused)) as caught:
        JsonRpc([url]).call("x")
    error_: BaseException | None = caught.value
    while error_ is not None:
        assert error_.__suppress_context__ or error_.__context__ is None
        assert not any(secret in repr(error_) + str(error_) for secret in SECRETS)
        error_ = error_.__cause__
    assert base in str(caught.value)


def test_credentials_are_sent_to_their_endpoint(serve: Callable[[Reply], Endpoint]) -> None:
    endpoint = serve(result(1))
    JsonRpc([endpoint.url.replace("http://", "http://alice:hunter2@")]).call("x")
    assert endpoint.headers_seen[0]["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("url", ["", "ftp://example.org", "file:///etc/passwd", "http://", "alice:hunter2"])
def test_what_is_no_endpoint_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="http:// or https://") as caught:
        JsonRpc([url])
    assert "hunter2" not in str(caught.value)


def test_no_endpoint_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        JsonRpc([])


def test_an_endpoint_of_another_chain_counts_as_away(serve: Callable[[Reply], Endpoint]) -> None:
    other, right = serve(chain(1)), serve(chain(31337))
    rpc = JsonRpc([other.url, right.url])
    rpc.require_chain(31337)
    assert rpc.call("a") == "ok"
    assert rpc.call("b") == "ok"
    assert other.methods == ["eth_chainId"]
    assert right.methods == ["eth_chainId", "a", "b"]
    lost = JsonRpc([other.url])
    lost.require_chain(31337)
    with pytest.raises(LedgerUnreachable, match="serves chain 1, not 31337"):
        lost.call("a")


@pytest.mark.parametrize("reply", [result(None), result("x"), result(5), error(-32601, "unknown method")])
def test_an_endpoint_that_hides_its_chain_counts_as_away(
    serve: Callable[[Reply], Endpoint], reply: Reply
) -> None:
    rpc = JsonRpc([serve(reply).url])
    rpc.require_chain(31337)
    with pytest.raises(LedgerUnreachable, match="does not tell its chain id"):
        rpc.call("a")


def test_the_environment_s_proxy_is_not_used(
    serve: Callable[[Reply], Endpoint], dead_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", dead_url)
    monkeypatch.setenv("HTTP_PROXY", dead_url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert JsonRpc([serve(result(1)).url]).call("x") == 1
