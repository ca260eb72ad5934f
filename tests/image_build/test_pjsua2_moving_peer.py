import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.sip
def test_media_follows_a_peer_that_moves_after_ice_completed():
    """patches/0002: a checked source is heard, an unchecked one never."""
    script = Path(__file__).parent / "moving_peer.py"
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    # pjlib's own lines come before or after, as the C library's buffer has it.
    report = next(line for line in run.stdout.splitlines() if line.startswith("{"))
    assert json.loads(report)["packets"] > 0
