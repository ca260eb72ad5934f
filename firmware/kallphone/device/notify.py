"""What a service says to systemd: sd_notify(3) is one datagram, too little for a library."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress

log = logging.getLogger(__name__)


class Notifier:
    """Tells the service manager that started this process; says nothing where there is none."""

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        """`watchdog_s`: without WATCHDOG=1 for so long the service is killed; 0 where it is not watched."""
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, pid: int | None = None
    ) -> Notifier:
        pid = os.getpid() if pid is None else pid
        micros = 0
        # Of a parent's environment, it is the parent that is watched.
        if environment.get("WATCHDOG_PID", str(pid)) == str(pid):
            with suppress(ValueError):
                micros = int(environment.get("WATCHDOG_USEC", "0"))
        return cls(environment.get("NOTIFY_SOCKET", ""), micros / 1e6)

    def ready(self, status: str) -> None:
        self._send("READY=1", f"STATUS={status}")

    def status(self, words: str) -> None:
        """Shown by `systemctl status`."""
        self._send(f"STATUS={words}")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                # A manager that is too busy to listen must not hold up a call.
                sender.setblocking(False)
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            log.warning("systemd was not told %s: %s", lines[0], error)
