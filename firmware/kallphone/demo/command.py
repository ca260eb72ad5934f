from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from kallnet.errors import LedgerError
from kallnet.ledger import Channel
from kallphone.demo.process import DemoError
from kallphone.demo.stage import Stage, stage

FUNDS = 5_000_000
"""kallCoin base units that each phone of the demo is given."""


def run_demo(script: str | None, json_file: Path | None, state: Path | None) -> int:
    """Exit status: 0 where everything held, 1 where a story's promise did not."""
    folder = state or Path("build") / ("demo" if script is None else f"script-{script}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if script is None:
        return _until_interrupted(_hold(folder))
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


async def _hold(folder: Path) -> int:
    from kallphone.bench.terminal import run_terminal

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise DemoError("the phones are held in a terminal; without one, play a story: make script NAME=call")
    began = time.monotonic()
    async with stage(folder, _say) as on:
        _say(f"Up after {time.monotonic() - began:.0f} s")
        network = on.network
        _say(f"For `kallphone ledger`: export KALLPHONE_RPC={network.chain.url}")
        _say(f"                        export KALLPHONE_DEPLOYMENT={network.deployment_file.resolve()}")
        happenings: asyncio.Queue[str] = asyncio.Queue()
        funding = asyncio.create_task(_fund_both(on, happenings))
        watching = asyncio.create_task(_watch_ledger(on, happenings))
        try:
            await run_terminal([on.a.held, on.b.held], happenings)
        finally:
            for task in (funding, watching):
                task.cancel()
    return 0


async def _fund_both(on: Stage, happenings: asyncio.Queue[str]) -> None:
    for phone in (on.a, on.b):
        await on.network.give_coins(phone.account, FUNDS)
        happenings.put_nowait(f"phone {phone.name} was given 5 kallCoin")


async def _watch_ledger(on: Stage, happenings: asyncio.Queue[str]) -> None:
    """Says what moves on the chain: deposits and claims."""
    seen: dict[str, Channel] = {}
    while True:
        for phone in (on.a, on.b):
            with suppress(LedgerError):
                channel = await on.network.channel(phone.account)
                for words in _moved(phone.name, seen.get(phone.name, _NO_CHANNEL), channel):
                    happenings.put_nowait(words)
                seen[phone.name] = channel
        await asyncio.sleep(1.0)


_NO_CHANNEL = Channel(deposited=0, claimed=0, exit_at=0, epoch=0)


def _moved(phone: str, before: Channel, now: Channel) -> Iterator[str]:
    if now.deposited > before.deposited:
        yield f"phone {phone} put {_coins(now.deposited - before.deposited)} on deposit"
    if now.claimed > before.claimed:
        yield f"the provider claimed {_coins(now.claimed - before.claimed)} of phone {phone}'s vouchers"


def _coins(amount: int) -> str:
    return f"{amount / 1_000_000:.2f} kallCoin"


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
