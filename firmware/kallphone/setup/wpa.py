"""wpa_supplicant's control socket, of which `wpa_cli` is a front: here each answer is one datagram, events
come apart from answers, and no password stands where others see it.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

from kallphone.setup.network import NetworkError
from kallphone.setup.states import Found, Security

ANSWER_S = 5.0
_LONGEST = 65536
_ESCAPE = re.compile(r'\\(x[0-9a-fA-F]{2}|[\\"enrt])')
_ESCAPED = {"\\": "\\", '"': '"', "e": "\x1b", "n": "\n", "r": "\r", "t": "\t"}
_PRIORITY = re.compile(r"^<\d>")


class Supplicant:
    """One conversation: commands and their answers, or what happens meanwhile.

    A datagram socket is answered by its path, so `own` is where one may be made that wpa_supplicant sees as
    well. Commands may hold passwords and are in no error and no log.
    """

    def __init__(self, control: Path, own: Path) -> None:
        self._own = own / f"wifi-{os.getpid()}-{id(self):x}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._own.unlink(missing_ok=True)
            self._socket.bind(str(self._own))
            self._socket.settimeout(ANSWER_S)
            self._socket.connect(str(control))
        except OSError as error:
            self.close()
            raise NetworkError(f"{control}: {error}: is kallphone-wifi.service running?") from error
        self._happened: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()
        with suppress(OSError):
            self._own.unlink(missing_ok=True)

    def ask(self, command: str) -> str:
        """The answer; raises NetworkError where there is none."""
        verb = command.split(" ", 1)[0]
        try:
            self._socket.send(command.encode())
            while True:
                answer = self._socket.recv(_LONGEST).decode("utf-8", "replace")
                if not _PRIORITY.match(answer):
                    return answer.rstrip("\n")
                self._happened.append(_PRIORITY.sub("", answer))
        except OSError as error:
            raise NetworkError(f"Wi-Fi does not answer {verb}: {error}") from error

    def do(self, command: str) -> None:
        """Raises NetworkError, which names the command without its values, unless it is done."""
        answer = self.ask(command)
        if answer != "OK":
            raise NetworkError(f"Wi-Fi refuses {' '.join(command.split(' ')[:3])}: {answer}")

    def watch(self) -> None:
        self.do("ATTACH")

    def happenings(self, until: float, clock: Callable[[], float] = time.monotonic) -> Iterator[str]:
        """What happens from ATTACH on, until the clock says so."""
        while True:
            while self._happened:
                yield self._happened.pop(0)
            left = until - clock()
            if left <= 0:
                return
            self._socket.settimeout(left)
            try:
                happened = self._socket.recv(_LONGEST).decode("utf-8", "replace")
            except TimeoutError:
                return
            except OSError as error:
                raise NetworkError(f"Wi-Fi is gone: {error}") from error
            finally:
                self._socket.settimeout(ANSWER_S)
            yield _PRIORITY.sub("", happened)


def unescaped(text: str) -> bytes:
    """A name as wpa_supplicant prints it (printf_encode): its bytes."""
    whole = bytearray()
    at = 0
    for match in _ESCAPE.finditer(text):
        whole += text[at : match.start()].encode()
        what = match.group(1)
        whole += bytes([int(what[1:], 16)]) if what[0] == "x" and len(what) > 1 else _ESCAPED[what].encode()
        at = match.end()
    return bytes(whole + text[at:].encode())


def parsed(scan_results: str) -> tuple[Found, ...]:
    """Of SCAN_RESULTS: the strongest first, each name once, hidden and unusable ones left out."""
    best: dict[bytes, Found] = {}
    for found in _read(scan_results.splitlines()[1:]):
        if found.ssid not in best or best[found.ssid].level < found.level:
            best[found.ssid] = found
    return tuple(sorted(best.values(), key=lambda one: -one.level))


def _read(lines: Iterable[str]) -> Iterator[Found]:
    for line in lines:
        columns = line.split("\t", 4)
        if len(columns) < 5:
            continue
        _, _, level, flags, name = columns
        ssid, security = unescaped(name), security_of(flags)
        if ssid.strip(b"\0") and security is not None and level.lstrip("-").isdigit():
            yield Found(ssid, int(level), security)


def security_of(flags: str) -> Security | None:
    """None for what a name and a password are not enough for: WEP, 802.1X, OWE, ad hoc."""
    if "IBSS" in flags or "WEP" in flags:
        return None
    psk, sae = "PSK" in flags, "SAE" in flags
    if psk and sae:
        return Security.EITHER
    if psk or sae:
        return Security.WPA2 if psk else Security.WPA3
    return None if any(other in flags for other in ("EAP", "OWE", "WPA", "RSN", "DPP")) else Security.OPEN
