from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median

from kallphone.demo.process import run
from kallphone.demo.stage import Say
from tests.bench.percentiles import spread
from tests.bench.report import Figures

_ROUNDS = 5
_IMPORTS = {"kallnet": "kallnet.ledger, kallnet.cache", "web3": "web3"}

# VmRSS, since a new process's ru_maxrss starts at that of its parent.
_PROGRAM = """\
import time
began = time.perf_counter()
import {modules}
took = time.perf_counter() - began
kib = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(f"[{{took}}, {{int(kib) / 1024}}]")
"""


async def measure(folder: Path, say: Say) -> Figures:
    """What reading the ledger costs a fresh process before its first question, beside web3."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in _IMPORTS}
    for _ in range(_ROUNDS):
        for name, modules in _IMPORTS.items():
            said = await run([sys.executable, "-c", _PROGRAM.format(modules=modules)], f"import {modules}")
            seen[name].append(tuple(json.loads(said)))
    for name, pairs in seen.items():
        say(f"import {name}: {spread([took for took, _ in pairs])} s")
    middle = {name: [median(column) for column in zip(*pairs, strict=True)] for name, pairs in seen.items()}
    return {
        "ledger_import_s": {name: round(took, 3) for name, (took, _) in middle.items()},
        "ledger_rss_mb": {name: round(rss, 1) for name, (_, rss) in middle.items()},
    }
