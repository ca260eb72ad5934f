"""DTLS-keyed calls one after the other, for a network that loses some of their packets.

Runs as a process of its own: pjsua2 allows one endpoint per process.
"""

import faulthandler
import sys
from pathlib import Path

import pjsua2 as pj

sys.path.insert(0, str(Path(__file__).parents[2] / "image-build/pjsua2"))

from pjwheel import check

HANDSHAKE = 120.0  # seconds: OpenSSL repeats a lost flight after 1, 2, 4, 8, 16 and 32


def main(calls: int) -> None:
    check.PATIENCE = HANDSHAKE
    endpoint = check.start_endpoint(pj)
    port = check.port_of(pj, endpoint, pj.PJSIP_TRANSPORT_UDP)
    check.require_opus(endpoint)
    for _ in range(calls):
        # A deadlock holds the interpreter's only thread: nothing else here could report it.
        faulthandler.dump_traceback_later(2 * HANDSHAKE, exit=True)
        check.require_dtls_call(pj, endpoint, port)
    faulthandler.cancel_dump_traceback_later()
    print(f"{calls} calls")
    endpoint.libDestroy()


if __name__ == "__main__":
    main(int(sys.argv[1]))
