import subprocess
import sys
from pathlib import Path

import pytest

CALLS = 40
# Every eleventh media packet, so a repeated flight always comes through; pjsua's media ports begin at 4000.
DROP = """
table inet loss {
  chain media {
    type filter hook input priority 0;
    udp dport 4000-4999 numgen inc mod 11 == 0 drop
  }
}
"""
# ICE offers no loopback address. No default route: a resolver that can't be reached must fail at once.
NETWORK = """
set -e
ip link set lo up
ip link add phone0 type veth peer name phone1
ip addr add 198.51.100.1/24 dev phone0
ip link set phone0 up
ip link set phone1 up
ip route add 192.0.2.0/24 dev phone0
"""


@pytest.mark.image
def test_calls_come_up_although_handshake_packets_are_lost(tmp_path: Path):
    """patches/0001 and 0003: without them some call freezes or crashes the process."""
    rules = tmp_path / "loss.nft"
    rules.write_text(DROP)
    script = Path(__file__).parent / "lossy_calls.py"
    inside = f'{NETWORK}nft -f "{rules}"\nexec "{sys.executable}" "{script}" {CALLS}'
    command = ["unshare", "--net", "sh", "-c", inside]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    assert f"{CALLS} calls" in run.stdout
