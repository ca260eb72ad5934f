from __future__ import annotations

import re
import sys
from pathlib import Path

from kallphone.demo.process import Process

_LINE_IS_UP = re.compile(r"The line is up: ([\d ]+)")
_MACHINE = """\
[machine]
callers = 8
"""


class DemoMachine:
    """An echo test or a voicemail of the demo, by its command line alone; `number` once its line was up."""

    def __init__(self, kind: str, folder: Path, phone_file: str) -> None:
        """`phone_file` is what a phone's file would say."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "kallmachine.toml"
        file.write_text(_MACHINE + phone_file)
        self.number = ""
        self._earlier = 0
        self._log = folder / f"{kind}.log"
        self._process = Process(kind, [sys.executable, "-m", "kallmachine", kind, str(file)], folder)

    async def come_up(self) -> None:
        """Also again, after `kill`, on the same state."""
        self._earlier = len(self._said())
        await self._process.start()
        await self._process.ready(self._is_up)

    async def kill(self) -> None:
        await self._process.kill()

    async def stop(self) -> None:
        await self._process.stop()

    async def _is_up(self) -> bool:
        said = self._said()[self._earlier :]
        self.number = said[-1].replace(" ", "") if said else ""
        return bool(said)

    def _said(self) -> list[str]:
        return _LINE_IS_UP.findall(self._log.read_text(errors="replace")) if self._log.exists() else []
