from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from kallphone.demo.process import run
from kallphone.demo.stage import Say
from tests.bench.percentiles import spread
from tests.bench.report import Figures

_ROUNDS = 5
_IMPORTS = {"kallnet": "kallnet.ledger, kallnet.cache", "web3": "web3"}

_PROGRAM = """\
import time
began = time.perf_counter()
import {modules}
print(time.perf_counter() - began)
"""


async def measure(folder: Path, say: Say) -> Figures:
    """What reading the ledger costs a fresh process before its first question, beside web3."""
    seen: dict[str, list[float]] = {name: [] for name in _IMPORTS}
    for _ in range(_ROUNDS):
        for name, modules in _IMPORTS.items():
            said = await run([sys.executable, "-c", _PROGRAM.format(modules=modules)], f"import {modules}")
            seen[name].append(float(said))
    for name, seconds in seen.items():
        say(f"import {name}: {spread(seconds)} s")
    return {"ledger_import_s": {name: round(median(seconds), 3) for name, seconds in seen.items()}}
