from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kallnet.account import Account

Said = dict[str, Any]
_ROOT = Path(__file__).parents[2]
_PATIENCE_S = 40.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Agent:
    """A child process with one SIP endpoint; waits on its events, never on time."""

    program = "tests.sip.agent"

    def __init__(self, account: Account, ca_file: Path, log: Path, **settings: Any) -> None:
        self.account = bytes(account.address)
        self.name = f"0x{self.account.hex()}"
        self.log = log
        self.heard: list[Said] = []
        self._queue: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program],
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(["firmware", "services", *sys.path[1:]])},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._write({"ca_file": str(ca_file), "key": account.export_key().hex(), **settings})

    def started(self) -> Agent:
        self.wait("Started")
        return self

    def tell(self, do: str, **given: Any) -> None:
        self._write({"do": do, **given})

    def wait(self, event: str, **fields: Any) -> Said:
        """The next event of that name with these fields; events before it are passed over."""
        while True:
            said = self._next(event)
            if said["event"] == event and fields.items() <= said.items():
                return said

    def wait_log(self, words: str) -> None:
        until(lambda: words in self.log.read_text())

    def count(self, event: str, **fields: Any) -> int:
        return sum(said["event"] == event and fields.items() <= said.items() for said in self.heard)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.tell("stop")
            self.process.wait(_PATIENCE_S)
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                assert pipe
                pipe.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _next(self, wanted: str) -> Said:
        try:
            said = self._queue.get(timeout=_PATIENCE_S)
        except queue.Empty:
            said = None
        if said is None:
            log = self.log.read_text()[-3000:]
            raise AssertionError(f"No {wanted} from {self.name}; it said {self.heard}\n{log}")
        return said

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            said = json.loads(line)
            self.heard.append(said)
            self._queue.put(said)
        self._queue.put(None)

    def _write(self, message: Said) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
