from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from kallnet.deadline import DeadlineSession
from kallphone.update.errors import Refused, Unreachable

_PIECE = 256 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds; `tries` is how often in a row a download may begin again without a byte more."""

    connect: float = 20
    silence: float = 30
    small_file: float = 60
    whole: float = 6000
    tries: int = 8
    pause: float = 5


class Server:
    """Files below an https address. TLS keeps onlookers out; whether an update is good its signature says."""

    def __init__(
        self,
        url: str,
        *,
        release_build: int,
        ca_file: Path | None = None,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not url.startswith("https://"):
            raise Unreachable(f"the address of updates, {url}, does not begin with https://: correct it")
        self.name = url.rstrip("/")
        self._release_build = release_build
        self._verify: bool | str = str(ca_file) if ca_file else True
        self._patience = patience or Patience()
        self._clock, self._monotonic, self._sleep = clock, monotonic, sleep

    def read(self, name: str, longest: int) -> bytes | None:
        session = DeadlineSession()
        try:
            with session, session.deadline(self._patience.small_file):
                response = self._get(session, name, 0)
                if response.status_code == 404:
                    return None
                self._expect(response, name, 200)
                content = b""
                # The read that finds the end is the one that tells of a connection cut before it.
                while len(content) <= longest and (piece := response.raw.read(longest + 1 - len(content))):
                    content += piece
        except (OSError, HTTPError) as error:
            raise self._explained(error) from None
        if len(content) > longest:
            raise Refused(f"{self.name}/{name} is longer than {longest} bytes")
        return content

    def stream(self, name: str, size: int) -> Iterator[bytes]:
        """Goes on where a connection broke. All of it has `Patience.whole` seconds."""
        end = self._monotonic() + self._patience.whole
        done = failures = 0
        while done < size:
            before = done
            trouble = Unreachable(f"{self.name} broke off after {done} of {size} bytes")
            try:
                for piece in self._pieces(name, done, size, end - self._monotonic()):
                    done += len(piece)
                    yield piece
            except (OSError, HTTPError) as error:
                trouble = self._explained(error)
            failures = 0 if done > before else failures + 1
            if done < size:
                if failures >= self._patience.tries or self._monotonic() >= end:
                    raise trouble
                self._sleep(self._patience.pause * (1 + failures))

    def require(self, name: str, size: int) -> None:
        """A server's word on it is worth no connection of its own: `stream` measures."""

    def _pieces(self, name: str, start: int, size: int, seconds: float) -> Iterator[bytes]:
        session = DeadlineSession()
        with session, session.deadline(max(seconds, 0.1)):
            response = self._get(session, name, start)
            skip = start
            if start and response.status_code == 206:
                told = response.headers.get("Content-Range", "")
                if not told.startswith(f"bytes {start}-"):
                    raise Refused(f"{self.name} sent another part of {name} than it was asked for")
                skip = 0
            else:
                self._expect(response, name, 200)
            if _length(response) + start - skip > size:
                raise Refused(f"{self.name}/{name} is longer than the {size} bytes that the manifest names")
            left = size - start
            while left > 0 and (piece := response.raw.read(min(_PIECE, skip or left))):
                if skip:
                    skip -= len(piece)
                else:
                    left -= len(piece)
                    yield piece

    def _get(self, session: DeadlineSession, name: str, start: int) -> requests.Response:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        patience = (self._patience.connect, self._patience.silence)
        url = f"{self.name}/{quote(name)}"
        return session.get(
            url, headers=headers, timeout=patience, verify=self._verify, stream=True, allow_redirects=False
        )

    def _expect(self, response: requests.Response, name: str, status: int) -> None:
        if response.status_code != status:
            words = "which leads elsewhere" if 300 <= response.status_code < 400 else "try again later"
            raise Unreachable(f"{self.name}/{name} answered {response.status_code}: {words}")

    def _explained(self, error: Exception) -> Unreachable:
        if not isinstance(error, requests.RequestException | HTTPError):
            # As of `ca_file`, which requests opens.
            return Unreachable(f"{self.name} can't be asked: {error}")
        if not isinstance(error, requests.exceptions.SSLError):
            return Unreachable(f"{self.name} can't be reached: {_in_short(error)}. Is the network up?")
        words = f"{self.name} can't prove who it is: {_in_short(error)}."
        if self._clock() < self._release_build:
            today = datetime.fromtimestamp(self._clock(), UTC).strftime("%d %B %Y")
            return Unreachable(
                f"{words} The phone's clock says {today}, which is before its own system was made. Wait until"
                " it has the time from the network, or bring the update on a USB stick."
            )
        return Unreachable(f"{words} Perhaps the phone's clock is wrong: it sets itself by the network.")


def _length(response: requests.Response) -> int:
    """Bytes, 0 when the server does not say it; what it says may be anything."""
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 20 else 0


def _in_short(error: Exception) -> str:
    """The innermost cause: requests wraps it three times."""
    inner: object = error
    while isinstance(inner, BaseException):
        reason = getattr(inner, "reason", None) or (inner.args[0] if inner.args else None)
        if not isinstance(reason, BaseException):
            break
        inner = reason
    return str(inner).split("(_ssl")[0].strip(" ()'.") or type(error).__name__
