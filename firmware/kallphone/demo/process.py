from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

STOP_S = 8.0


class DemoError(Exception):
    """The demo can't go on; the words say what to do."""


class Process:
    """A server of the demo: its output in a log file, and gone with the demo whatever ends it."""

    def __init__(self, name: str, command: Sequence[str], logs: Path) -> None:
        self.name = name
        self._command = list(command)
        self._log = logs / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                # The kernel ends the server with us, even where we are killed.
                "setpriv", "--pdeathsig", "TERM", *self._command,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"}, start_new_session=True,
            )  # fmt: skip

    async def ready(self, is_ready: Callable[[], Awaitable[bool]], within_s: float = 60.0) -> None:
        """Waits for the condition; raises DemoError with the end of the log where it does not come."""
        deadline = asyncio.get_running_loop().time() + within_s
        while not await is_ready():
            if not self.running:
                raise DemoError(f"{self.name} ended at once:\n{self._tail()}")
            if asyncio.get_running_loop().time() > deadline:
                raise DemoError(f"{self.name} is not ready after {within_s:.0f} s:\n{self._tail()}")
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL, to the whole family."""
        self._signal(signal.SIGKILL)
        await self.wait()

    async def wait(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _tail(self, lines: int = 15) -> str:
        with suppress(OSError):
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
        return "(no output)"


async def run(command: Sequence[str], name: str) -> str:
    """Runs to its end and returns what it printed; raises DemoError with its error output."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    if process.returncode != 0:
        raise DemoError(f"{name} failed:\n{errors.decode(errors='replace').strip()[-2000:]}")
    return out.decode()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, neither TCP nor UDP, at this moment."""
    found: list[int] = []
    held: list[socket.socket] = []
    while len(found) < count:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        held += [tcp, udp]
        tcp.bind(("127.0.0.1", 0))
        with suppress(OSError):
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
            found.append(tcp.getsockname()[1])
    for holder in held:
        holder.close()
    return found


async def accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
