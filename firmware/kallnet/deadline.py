from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from weakref import WeakSet

from requests import Response, Session, Timeout
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError


class DeadlineSession(Session):
    """HTTP whose exchanges can be cut off as a whole, and that takes nothing from the environment.

    The time-outs of requests start anew with each byte, so a server that drips its headers would hold us for
    hours. One exchange at a time. Keeps no cookies and looks at no redirect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # no proxy and no .netrc
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # a server could fill our memory
        self._adapter = _Adapter()
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)

    def get_redirect_target(self, resp: Response) -> None:
        """Even with allow_redirects=False requests would read the body whole and parse the location."""

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Raises requests.Timeout when what is under way has not ended after `seconds`."""
        return self._adapter.deadline(seconds)

    def cut(self) -> None:
        """For another thread: ends what is under way in a deadline, and lets nothing begin any more."""
        self._adapter.cut()


class _Adapter(HTTPAdapter):
    def __init__(self) -> None:
        self._sockets = _Sockets()
        self._is_cut = False
        super().__init__()

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        was_cut = self._sockets.was_cut = threading.Event()
        if self._is_cut:
            raise Timeout
        timer = threading.Timer(seconds, self._sockets.cut, (was_cut,))
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if not was_cut.is_set():
                raise
        finally:
            timer.cancel()
        if was_cut.is_set():
            raise Timeout

    def cut(self) -> None:
        self._is_cut = True
        self._sockets.cut(self._sockets.was_cut)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._sockets)


class _Sockets:
    """Those that are open. A connection forgets its own before a body without a length is read."""

    def __init__(self) -> None:
        self.was_cut = threading.Event()
        self._open: WeakSet[socket.socket] = WeakSet()

    def cut(self, was_cut: threading.Event) -> None:
        was_cut.set()
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def add(self, connection: HTTPConnection) -> None:
        """After `cut`, nobody would cut a connection that took too long to be made."""
        if connection.sock is not None:
            self._open.add(connection.sock)
        if self.was_cut.is_set():
            connection.close()
            raise ConnectTimeoutError(connection, "the time is up")


def _pool_classes(sockets: _Sockets) -> dict[str, Any]:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self)

    class TlsConnection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.add(self)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": Pool, "https": TlsPool}
