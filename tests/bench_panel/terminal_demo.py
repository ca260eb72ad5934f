"""Two tiny phones in the terminal: `python tests/bench_panel/terminal_demo.py`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from kallphone.bench.happenings import Happenings
from kallphone.bench.held import HeldPhone
from kallphone.bench.terminal import run_terminal

TINY = str(Path(__file__).with_name("tiny_phone.py"))


async def main() -> None:
    happenings = Happenings()
    for words in sys.argv[1:]:
        happenings.tell("bench", words if words != "!" else None)  # what no code of ours tells
    anna = HeldPhone([sys.executable, TINY, "2345678901"], None, "Anna")
    ben = HeldPhone([sys.executable, TINY, "7654321098"], None, "Ben")
    async with anna, ben:
        await run_terminal([anna, ben], happenings)
    print("given back")


asyncio.run(main())
