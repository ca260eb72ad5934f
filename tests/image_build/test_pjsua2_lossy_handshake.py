import subprocess
import sys
from pathlib import Path

import pytest

CALLS = 50
# pjsua's media ports begin at 4000.
NETWORK = """
set -e
ip link set lo up
nft -f - <<END
table inet loss {
  chain media {
    type filter hook input priority 0;
    udp dport 4000-4999 numgen random mod 100 < 25 drop
  }
}
END
"""


@pytest.mark.image
def test_lost_handshake_packets_neither_freeze_nor_crash_the_process():
    """patches/0001 and 0003: without them one or the other happens within these calls."""
    script = Path(__file__).parent / "lossy_calls.py"
    inside = f'{NETWORK}exec "{sys.executable}" "{script}" {CALLS}'
    command = ["unshare", "--net", "sh", "-c", inside]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    assert f"{CALLS} calls" in run.stdout
