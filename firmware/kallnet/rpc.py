import itertools
import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from kallnet.errors import LedgerRefused, LedgerUnreachable

MAX_ANSWER = 1 << 20
_CHUNK = 1 << 16
# py_ecc, which comes with web3, lifts Python's recursion limit so far that deep JSON overflows the C stack.
_MAX_BRACKETS = 5_000
# EIP-1474: resource unavailable, limit exceeded. Another endpoint may do better.
_BUSY = {-32002, -32005}


class _EndpointError(Exception):
    pass


class _Endpoint:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a ledger endpoint is an http:// or https:// URL")
        port = f":{parts.port}" if parts.port else ""
        # User, password, path and query may hold credentials: they stay out of every message.
        self.name = f"{parts.scheme}://{parts.hostname}{port}"
        self.url = url
        self.chain_id: int | None = None

    def __repr__(self) -> str:
        return f"_Endpoint({self.name})"


class JsonRpc:
    """JSON-RPC 2.0 over HTTP to the first endpoint that answers; the last good one is asked first.

    `timeout` (seconds) bounds the connection and the whole answer of one endpoint, so a call takes at
    most about twice that per endpoint.
    """

    def __init__(
        self, urls: Sequence[str], timeout: float = 5.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not urls:
            raise ValueError("name at least one ledger endpoint")
        self._endpoints = [_Endpoint(url) for url in urls]
        self._timeout = timeout
        self._clock = clock
        self._ids = itertools.count(1)
        self._chain_id: int | None = None
        self._http = requests.Session()
        self._http.trust_env = False  # no proxy and no .netrc of the environment
        self._http.headers["Accept-Encoding"] = "identity"  # a small answer can't unpack into a huge one

    def require_chain(self, chain_id: int) -> None:
        """From now on, endpoints of another chain count as away."""
        self._chain_id = chain_id

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """Raises LedgerUnreachable when no endpoint answers, LedgerRefused when one answers with an error."""
        causes: dict[str, str] = {}
        for endpoint in list(self._endpoints):
            try:
                self._check_chain(endpoint)
                result = self._ask(endpoint, method, params)
            except _EndpointError as error:
                causes[endpoint.name] = str(error)
            else:
                self._prefer(endpoint)
                return result
        raise LedgerUnreachable(causes)

    def close(self) -> None:
        self._http.close()

    def _prefer(self, endpoint: _Endpoint) -> None:
        if self._endpoints[0] is not endpoint:
            self._endpoints = [endpoint, *(e for e in self._endpoints if e is not endpoint)]

    def _check_chain(self, endpoint: _Endpoint) -> None:
        if self._chain_id is None:
            return
        if endpoint.chain_id is None:
            endpoint.chain_id = self._ask_chain(endpoint)
        if endpoint.chain_id != self._chain_id:
            raise _EndpointError(f"serves chain {endpoint.chain_id}, not {self._chain_id}")

    def _ask_chain(self, endpoint: _Endpoint) -> int:
        try:
            return int(self._ask(endpoint, "eth_chainId", ()), 16)
        except (LedgerRefused, TypeError, ValueError):
            raise _EndpointError("does not tell its chain id") from None

    def _ask(self, endpoint: _Endpoint, method: str, params: Sequence[Any]) -> Any:
        number = next(self._ids)
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
        answer = _parse(self._post(endpoint, body), number)
        if "error" in answer:
            raise _refusal(endpoint, method, answer["error"])
        return answer["result"]

    def _post(self, endpoint: _Endpoint, body: dict[str, Any]) -> bytes:
        started = self._clock()
        try:
            with self._http.post(
                endpoint.url, json=body, timeout=self._timeout, stream=True, allow_redirects=False
            ) as response:
                if response.status_code != 200:
                    raise _EndpointError(f"HTTP status {response.status_code}")
                return self._read(response, started)
        # Their words would repeat the URL, so they are not passed on.
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise _EndpointError(f"no answer in {self._timeout:g} s") from None
        except requests.exceptions.SSLError:
            raise _EndpointError("its TLS certificate or handshake is no good") from None
        except requests.ConnectionError:
            raise _EndpointError("can't connect") from None
        except urllib3.exceptions.ProtocolError:
            raise _EndpointError("its answer broke off") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _EndpointError(type(error).__name__) from None

    def _read(self, response: requests.Response, started: float) -> bytes:
        data = b""
        # read1 returns what has arrived, so that an endpoint that drips bytes can't hold us.
        while chunk := response.raw.read1(_CHUNK):
            data += chunk
            if len(data) > MAX_ANSWER:
                raise _EndpointError(f"its answer is longer than {MAX_ANSWER} bytes")
            if self._clock() - started > self._timeout:
                raise _EndpointError(f"no whole answer in {self._timeout:g} s")
        return data


def _parse(data: bytes, number: int) -> dict[str, Any]:
    if data.count(b"[") + data.count(b"{") > _MAX_BRACKETS:
        raise _EndpointError(f"its answer has more than {_MAX_BRACKETS} brackets")
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise _EndpointError("its answer is no JSON") from None
    if not isinstance(answer, dict) or not {"result", "error"} & answer.keys():
        raise _EndpointError("its answer is no JSON-RPC")
    if answer.get("id") != number:
        raise _EndpointError("its answer is to another question")
    return answer


def _refusal(endpoint: _Endpoint, method: str, error: Any) -> Exception:
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return _EndpointError("its answer is no JSON-RPC")
    code, message = error["code"], str(error.get("message", ""))[:500]
    if code in _BUSY:
        return _EndpointError(f"busy: {message}")
    return LedgerRefused(endpoint.name, method, code, message, _revert_data(error.get("data")))


def _revert_data(data: Any) -> bytes:
    try:
        return bytes.fromhex(data.removeprefix("0x"))
    except (AttributeError, ValueError):
        return b""
