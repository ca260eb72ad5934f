from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from kallphone.bench.server import serve_page
from kallphone.demo.bench import bench
from kallphone.demo.stage import Stage

START_S = 120
STOP_S = 60


class Demo:
    """What `make demo` starts, on a thread of its own: the browser's driver blocks."""

    on: Stage

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._address: Future[str] = Future()
        self._thread = threading.Thread(target=self._run, name="demo", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.address = self._address.result(START_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._scene.cancel)
        self._thread.join(STOP_S)
        assert not self._thread.is_alive()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(START_S)

    def _run(self) -> None:
        self._scene = self._loop.create_task(self._play())
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._scene)
        self._loop.close()

    async def _play(self) -> None:
        try:
            async with bench(self._folder, 2, print) as (self.on, table), serve_page(table) as address:
                self._address.set_result(address)
                await asyncio.Event().wait()
        except Exception as error:
            if self._address.done():
                raise
            self._address.set_exception(error)
