from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import call_cost, gas, hand, ledger_import, ledger_reads, mouth_to_ear, post_dial_delay
from tests.bench.report import Part, Report, run_parts

PARTS: dict[str, Part] = {
    "ledger_import": ledger_import.measure,
    "ledger_reads": ledger_reads.measure,
    "gas": gas.measure,
    "hand": hand.measure,
    "post_dial_delay": post_dial_delay.measure,
    "call_cost": call_cost.measure,
    "mouth_to_ear": mouth_to_ear.measure,
}
_DESCRIPTION = "Speeds and sizes of this tree, beside a peer's where there is one."
FOLDER = Path("build") / "bench"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=_DESCRIPTION)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=PARTS, action="append", metavar="NAME", help=", ".join(PARTS))
    options = parser.parse_args(arguments)
    parts = {name: PARTS[name] for name in options.only or PARTS}
    report = asyncio.run(_until_interrupted(parts))
    if report is None:
        return 130
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(report.json + "\n")
    print(report.table)
    return 1 if report.failures else 0


async def _until_interrupted(parts: dict[str, Part]) -> Report | None:
    """Ctrl-C and SIGTERM cancel the part that runs, and with that stop in order what it started."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    task = asyncio.create_task(run_parts(parts, FOLDER, _say))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return None


def _say(words: str) -> None:
    print(f"[bench] {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
