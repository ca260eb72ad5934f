"""One page for one telephone, on the hotspot's address alone, for as long as the hotspot is open."""

from __future__ import annotations

import hmac
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kallphone.languages import translation
from kallphone.phone.words import LANGUAGES
from kallphone.setup.portal_form import NONE, Form, answers_of, form_of, trouble_with
from kallphone.setup.portal_page import form_page, thanks_page
from kallphone.setup.states import Found, PortalAnswers

log = logging.getLogger(__name__)

PORT = 8080
LONGEST_BODY = 4096
PATIENCE_S = 10.0
AT_ONCE = 8
CLOSES_WITHIN_S = 0.1
_IP_FREEBIND = 15
"""Linux: listens on an address that comes a moment later, and on no other."""

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}


class Portal:
    """`filled` is called once, from a thread of the server, with what the telephone sent."""

    def __init__(
        self,
        address: str,
        token: str,
        first: Form,
        networks: tuple[Found, ...],
        filled: Callable[[PortalAnswers], None],
        *,
        cable: bool = False,
        only_wifi: bool = False,
        port: int = PORT,
    ) -> None:
        self.token = token
        self.networks = networks
        self.cable = cable
        self.only_wifi = only_wifi
        self.first = (
            first if first.wifi or not cable else Form(NONE, language=first.language, country=first.country)
        )
        self._filled = filled
        self._taken = threading.Lock()
        self._server = _Server((address, port), self)
        self.host = f"{address}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(CLOSES_WITHIN_S,), name="portal", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://{self.host}/{self.token}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def take(self, answers: PortalAnswers) -> bool:
        """False for whoever comes second."""
        if not self._taken.acquire(blocking=False):
            return False
        self._filled(answers)
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(self, address: tuple[str, int], portal: Portal) -> None:
        self.portal = portal
        self._places = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        # Without http.server's look-up of the own name, which waits for a resolver that is not there.
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        log.info("a telephone broke off")


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version = "KallPhone"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        if self._is_ours():
            self._show(self.server.portal.first, "")

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        portal = self.server.portal
        form = self._form()
        if form is None:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        if portal.only_wifi:
            form = replace(form, language=portal.first.language, country=portal.first.country, pin="")
        trouble = trouble_with(form, portal.networks, cable=portal.cable)
        if trouble:
            self._show(form, trouble)
            return
        # Answered first: the hotspot closes with what is taken.
        self._send(HTTPStatus.OK, thanks_page(form.language, translation(form.language)))
        self.wfile.flush()
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
        self.close_connection = True
        portal.take(answers_of(form, portal.networks))

    def _is_ours(self) -> bool:
        """One path, under the one name that the code on the glass gave: no other page can ask through it."""
        portal = self.server.portal
        path = self.path.encode("utf-8", "replace")
        named = self.headers.get("Host", "") == portal.host
        if named and hmac.compare_digest(path, f"/{portal.token}".encode()):
            return True
        self._refuse(HTTPStatus.NOT_FOUND)
        return False

    def _form(self) -> Form | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 8 and int(length) <= LONGEST_BODY):
            return None
        try:
            return form_of(self.rfile.read(int(length)))
        except (ValueError, OSError):
            return None

    def _show(self, form: Form, trouble: str) -> None:
        portal = self.server.portal
        language = form.language if form.language in LANGUAGES else portal.first.language
        words = translation(language)
        page = form_page(
            form, portal.networks, trouble, words, cable=portal.cable, only_wifi=portal.only_wifi
        )
        self._send(HTTPStatus.OK, page)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._send(status, f"<!doctype html><title>{status.value}</title>{status.phrase}")

    def _send(self, status: HTTPStatus, page: str) -> None:
        body = page.encode()
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
        """Nothing: the path is a secret."""
