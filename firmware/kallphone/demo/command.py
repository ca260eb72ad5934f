from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import time
import webbrowser
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kallphone.bench.server import serve_page
from kallphone.bench.table import Table
from kallphone.bench.terminal import run_terminal
from kallphone.demo.bench import bench
from kallphone.demo.process import DemoError


@dataclass(frozen=True)
class Face:
    """How the phones are held: on a page in a browser, or in this terminal."""

    phones: int = 2
    terminal: bool = False
    open_browser: bool = True


def run_demo(script: str | None, json_file: Path | None, state: Path | None, face: Face) -> int:
    """Exit status: 0 where everything held, 1 where a story's promise did not."""
    folder = state or Path("build") / ("demo" if script is None else f"script-{script}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if script is None:
        return _until_interrupted(_hold(folder, face))
    return _until_interrupted(_tell(script, folder, json_file))


async def _tell(script: str, folder: Path, json_file: Path | None) -> int:
    from kallphone.demo.stories import STORIES  # needs numpy and scipy

    if script not in STORIES:
        raise DemoError(f"there is no story {script!r}; there are {', '.join(STORIES)}")
    report = await STORIES[script](folder, _say)
    if json_file is not None:
        report.write(json_file)
    print(report.text)
    return 0 if report.held else 1


async def _hold(folder: Path, face: Face) -> int:
    if face.terminal and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise DemoError("--terminal needs a terminal; without it the phones are on a page in a browser")
    began = time.monotonic()
    async with bench(folder, face.phones, _say) as (on, table):
        _say(f"Up after {time.monotonic() - began:.0f} s")
        _say(f"For `kallphone ledger`: export KALLPHONE_RPC={on.network.chain.url}")
        _say(f"                        export KALLPHONE_DEPLOYMENT={on.network.deployment_file.resolve()}")
        if face.terminal:
            await run_terminal([phone.held for phone in on.phones], table.happenings)
        else:
            await _show_page(table, face.open_browser)
    return 0


async def _show_page(table: Table, open_browser: bool) -> None:
    async with serve_page(table) as address:
        _say(f"Hold the phones at {address}")
        if open_browser and _has_display():
            await asyncio.to_thread(webbrowser.open, address)
        _say("Ctrl-C ends everything")
        await asyncio.Event().wait()


def _has_display() -> bool:
    """A browser of the text kind would take over this terminal."""
    return sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


def _say(words: str) -> None:
    print(f"\033[1m[demo]\033[0m {words}", file=sys.stderr, flush=True)


def _until_interrupted(scene: Coroutine[Any, Any, int]) -> int:
    """Ctrl-C and SIGTERM cancel the scene, so that everything that it started is stopped in order."""

    async def watched() -> int:
        task = asyncio.ensure_future(scene)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            return await _finished(task)
        return 130

    return asyncio.run(watched())


async def _finished(task: Awaitable[int]) -> int:
    return await task
