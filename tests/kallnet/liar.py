from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import requests

Question = dict[str, Any]
Reply = Callable[["Handler", Question, bytes], None]
"""Answers a question, given the chain's own answer to it."""


class Handler(BaseHTTPRequestHandler):
    server: Liar
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        true = self.server.forward(data)
        self.server.reply(self, json.loads(data), true)

    def send(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


class Liar(ThreadingHTTPServer):
    """An endpoint in front of a real chain that may change what the chain says."""

    daemon_threads = True

    def __init__(self, chain_url: str, reply: Reply) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.reply = reply
        self.over = threading.Event()
        self._chain_url = chain_url
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def forward(self, question: bytes) -> bytes:
        headers = {"Content-Type": "application/json"}
        return requests.post(self._chain_url, data=question, headers=headers, timeout=10.0).content

    def ask(self, method: str, *params: Any) -> Any:
        """The chain itself."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        return json.loads(self.forward(body.encode()))["result"]

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the phone hangs up on whoever takes too long


def honest(handler: Handler, _: Question, true: bytes) -> None:
    handler.send(true)


def forging(change: Callable[[Liar, Question, Any], Any]) -> Reply:
    """Another result in an answer that is well formed."""

    def reply(handler: Handler, question: Question, true: bytes) -> None:
        answer = json.loads(true)
        if "result" in answer:
            answer["result"] = change(handler.server, question, answer["result"])
        handler.send(json.dumps(answer).encode())

    return reply
