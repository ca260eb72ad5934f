"""`python -m kallprovider serve` as a process of its own, with everything it needs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import requests

from kallprovider import secret_files, tls

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0

FILE = """
[provider]
name = "Test provider"
domain = "phone.test"
state = "state"
key = "provider.key"
[sip]
host = "127.0.0.1"
port = {sip}
[turn]
host = "127.0.0.1"
port = {turn}
relay_min = 50000
relay_max = 50100
allow_loopback = true
[http]
host = "127.0.0.1"
port = {http}
[tls]
certificate = "server.crt"
private_key = "server.key"
[evapi]
port = {evapi}
[terms]
price = {price}
inviter_share = {inviter_share}
api_version = 1
max_float_periods = 2
session_seconds = 600
free_relays_per_hour = {free_relays}
rail = "{rail}"
[ledger]
rpc = ["{rpc}"]
deployment = "{deployment}"
confirmations = {confirmations}
[claims]
minimum = {minimum}
after_seconds = {after_seconds}
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
    return answer


class ProviderProcess:
    def __init__(self, directory: Path, rpc: str, deployment: Path, **terms: int | str) -> None:
        self.directory = directory
        self.file = directory / "provider.toml"
        self.authority = directory / "authority.crt"
        values: dict[str, Any] = {
            "price": 10,
            "inviter_share": 100,
            "free_relays": 50,
            "rail": "escrow",
            "confirmations": 0,
            "minimum": 1_000_000,
            "after_seconds": 0,
            **terms,
        }
        ports = {name: free_port() for name in ("sip", "turn", "http", "evapi")}
        self.file.write_text(FILE.format(**values, **ports, rpc=rpc, deployment=deployment))
        self.url = f"https://127.0.0.1:{ports['http']}"
        self.evapi_port = ports["evapi"]
        secret_files.read_or_create(directory / "provider.key")
        tls.issue(directory, ["phone.test"], ["127.0.0.1"])
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.output: deque[str] = deque(maxlen=200)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "kallprovider", *arguments]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": f"{ROOT / 'firmware'}:{ROOT / 'services'}"}

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(command, *options, str(self.file)),
            env=self.environment(), capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def start(self) -> None:
        self._process = subprocess.Popen(
            self.command("serve", str(self.file)), env=self.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        wait_until(self._answers, f"the provider to serve:\n{''.join(self.output)}")

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError("the provider ended:\n" + "".join(self.output))
        try:
            with requests.Session() as http:
                http.trust_env = False
                return http.get(f"{self.url}/v1/health", verify=str(self.authority), timeout=5).ok
        except requests.ConnectionError:
            return False

    def kill(self) -> None:
        """As a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._reap()

    def stop(self) -> int | None:
        """The exit status after SIGTERM."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._reap()

    def _reap(self) -> int:
        assert self._process is not None
        status = self._process.wait()
        if self._reader is not None:
            self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return status
