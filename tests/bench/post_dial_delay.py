from __future__ import annotations

from pathlib import Path

from kallphone.demo.stage import Say
from tests.bench.percentiles import percentile, spread
from tests.bench.phones import funded_stage, rest, ring
from tests.bench.report import Figures

_CALLS = 30


async def measure(folder: Path, say: Say) -> Figures:
    """From the last digit to the ringback tone, by the caller's clock; nobody answers, ringing is free."""
    delays = []
    async with funded_stage(folder, say) as on:
        say(f"{_CALLS} calls until they ring")
        for _ in range(_CALLS):
            delays.append(1000 * await ring(on))
            await rest(on)
    say(f"post-dial delay: {spread(delays)}")
    return {"post_dial_delay_ms": {f"p{share}": round(percentile(delays, share), 1) for share in (50, 95)}}
