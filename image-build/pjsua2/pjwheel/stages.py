"""Named stages of a build: progress on stderr, everything else in one log file per stage."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .recipe import BuildError

_TAIL = 30  # lines of a failed stage's log


@dataclass
class Stages:
    logs: Path
    quiet: bool = False
    _start: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        if not self.quiet:
            print(f"[{time.monotonic() - self._start:6.1f} s] {text}", file=sys.stderr, flush=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self.say(f"{name} ...")
        yield
        self.say(f"{name}: done in {time.monotonic() - began:.1f} s")

    def run(self, log: str, command: list[str], cwd: Path, env: dict[str, str] | None = None) -> None:
        """Run `command`, its output appended to the log file `log`.

        Errors: BuildError with the log's last lines when it fails.
        """
        path = self.logs / f"{log}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as out:
            out.write(f"$ {' '.join(command)}\n".encode())
            out.flush()
            status = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT, check=False).returncode
        if status:
            raise BuildError(f"{command[0]} failed with status {status}. The end of {path}:\n{_tail(path)}")


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines()[-_TAIL:]
    return "\n".join(f"  {line[:300]}" for line in lines)
