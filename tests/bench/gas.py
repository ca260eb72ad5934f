from __future__ import annotations

import json
import sys
from pathlib import Path

from kallphone.demo.chain import CONTRACTS
from kallphone.demo.process import run
from kallphone.demo.stage import Say
from tests.bench.report import Figures


async def measure(folder: Path, say: Say) -> Figures:
    return {"gas": json.loads(await run([sys.executable, str(CONTRACTS / "gas.py"), "--json"], "gas.py"))}
