import itertools
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from kallnet.deadline import DeadlineSession
from kallnet.errors import LedgerRefused

MAX_ANSWER = 1 << 20
_CHUNK = 1 << 16
# py_ecc, which comes with web3, lifts Python's recursion limit so far that deep JSON overflows the C stack.
_MAX_BRACKETS = 5_000
# EIP-1474: resource unavailable, limit exceeded. Another endpoint may do better.
_BUSY = {-32002, -32005}


class EndpointFailed(Exception):
    """One endpoint gave no usable answer. Never leaves kallnet."""


class Endpoint:
    """One JSON-RPC 2.0 endpoint over HTTP; any thread may ask, one at a time.

    `timeout` (seconds) bounds the connection and the whole answer.
    """

    def __init__(self, url: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a ledger endpoint is an http:// or https:// URL")
        port = f":{parts.port}" if parts.port else ""
        # User, password, path and query may hold credentials: they stay out of every message.
        self.name = f"{parts.scheme}://{parts.hostname}{port}"
        self._url = url
        self.timeout = timeout
        self._clock = clock
        self._ids = itertools.count(1)
        self._chain_id: int | None = None
        self._busy = threading.Lock()
        self._http = DeadlineSession()
        self._http.headers["Accept-Encoding"] = "identity"  # a small answer can't unpack into a huge one

    def __repr__(self) -> str:
        return f"Endpoint({self.name})"

    def ask(self, method: str, params: Sequence[Any] = (), *, chain_id: int | None = None) -> Any:
        """Raises EndpointFailed, or LedgerRefused when it answers with an error.

        With `chain_id`, an endpoint of another chain fails before it is asked.
        """
        if not self._busy.acquire(timeout=self.timeout):
            raise EndpointFailed("still busy with an earlier question")
        try:
            if chain_id is not None:
                self._require_chain(chain_id)
            return self._ask(method, params)
        finally:
            self._busy.release()

    def close(self) -> None:
        self._http.close()

    def _require_chain(self, chain_id: int) -> None:
        if self._chain_id is None:
            try:
                told = int(self._ask("eth_chainId", ()), 16)
            except (LedgerRefused, TypeError, ValueError):
                raise EndpointFailed("does not tell its chain id") from None
            if not 0 <= told < 1 << 64:  # Python does not print the largest
                raise EndpointFailed("does not tell its chain id")
            self._chain_id = told
        if self._chain_id != chain_id:
            raise EndpointFailed(f"serves chain {self._chain_id}, not {chain_id}")

    def _ask(self, method: str, params: Sequence[Any]) -> Any:
        number = next(self._ids)
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
        answer = _parse(self._post(body), number)
        if "error" in answer:
            raise self._refusal(method, answer["error"])
        return answer["result"]

    def _post(self, body: dict[str, Any]) -> bytes:
        started = self._clock()
        try:
            with (
                self._http.deadline(2 * self.timeout),  # to connect, and to be answered
                self._http.post(
                    self._url, json=body, timeout=self.timeout, stream=True, allow_redirects=False
                ) as response,
            ):
                if response.status_code != 200:
                    raise EndpointFailed(f"HTTP status {response.status_code}")
                return self._read(response, started)
        # Their words would repeat the URL, so they are not passed on.
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise EndpointFailed(f"no answer in {self.timeout:g} s") from None
        except requests.exceptions.SSLError:
            raise EndpointFailed("its TLS certificate or handshake is no good") from None
        except requests.ConnectionError:
            raise EndpointFailed("can't connect") from None
        except urllib3.exceptions.ProtocolError:
            raise EndpointFailed("its answer broke off") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise EndpointFailed(type(error).__name__) from None

    def _read(self, response: requests.Response, started: float) -> bytes:
        data = b""
        # read1 returns what has arrived, so that an endpoint that drips bytes can't hold us.
        while chunk := response.raw.read1(_CHUNK):
            data += chunk
            if len(data) > MAX_ANSWER:
                raise EndpointFailed(f"its answer is longer than {MAX_ANSWER} bytes")
            if self._clock() - started > self.timeout:
                raise EndpointFailed(f"no whole answer in {self.timeout:g} s")
        return data

    def _refusal(self, method: str, error: Any) -> Exception:
        if not isinstance(error, dict) or not isinstance(error.get("code"), int):
            return EndpointFailed("its answer is no JSON-RPC")
        code, message = error["code"], _printable(error.get("message"))
        if code in _BUSY:
            return EndpointFailed(f"busy: {message}")
        return LedgerRefused(self.name, method, code, message, _revert_data(error.get("data")))


def _parse(data: bytes, number: int) -> dict[str, Any]:
    if data.count(b"[") + data.count(b"{") > _MAX_BRACKETS:
        raise EndpointFailed(f"its answer has more than {_MAX_BRACKETS} brackets")
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise EndpointFailed("its answer is no JSON") from None
    if not isinstance(answer, dict) or not {"result", "error"} & answer.keys():
        raise EndpointFailed("its answer is no JSON-RPC")
    if answer.get("id") != number:
        raise EndpointFailed("its answer is to another question")
    return answer


def _printable(message: Any) -> str:
    """It goes to logs and terminals."""
    return "".join(c for c in message[:500] if c.isprintable()) if isinstance(message, str) else ""


def _revert_data(data: Any) -> bytes:
    try:
        return bytes.fromhex(data.removeprefix("0x"))
    except (AttributeError, ValueError):
        return b""
