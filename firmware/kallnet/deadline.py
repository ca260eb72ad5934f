from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from requests import Session, Timeout
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class DeadlineSession(Session):
    """HTTP whose exchanges can be cut off as a whole, and that takes nothing from the environment.

    The time-outs of requests start anew with each byte, so a server that drips its headers would hold us for
    hours.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # no proxy and no .netrc
        self._adapter = _Adapter()
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)

    def deadline(self, seconds: float) -> AbstractContextManager[None]:
        """Raises requests.Timeout when what is under way has not ended after `seconds`."""
        return self._adapter.deadline(seconds)


class _Adapter(HTTPAdapter):
    def __init__(self) -> None:
        self._open: set[HTTPConnection] = set()
        super().__init__()

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        was_cut = threading.Event()
        timer = threading.Timer(seconds, self._cut, (was_cut,))
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

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._open)

    def _cut(self, was_cut: threading.Event) -> None:
        was_cut.set()
        for connection in list(self._open):
            sock = connection.sock
            if sock is not None:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)


def _pool_classes(connections: set[HTTPConnection]) -> dict[str, Any]:
    class Connection(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            connections.add(self)

        def close(self) -> None:
            connections.discard(self)
            super().close()

    class TlsConnection(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            connections.add(self)

        def close(self) -> None:
            connections.discard(self)
            super().close()

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    return {"http": Pool, "https": TlsPool}
