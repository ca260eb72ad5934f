"""DTLS-keyed calls one after the other, for a network that loses some of their packets.

Neither ICE nor rtcp-mux: each call has two handshakes that repeat their flights. A call that does not come up
is no matter here, a process that freezes or crashes is; of its own, since pjsua2 allows one endpoint in each.
"""

import contextlib
import faulthandler
import gc
import sys
from pathlib import Path

import pjsua2 as pj

sys.path.insert(0, str(Path(__file__).parents[2] / "image-build/pjsua2"))

from pjwheel import check

PATIENCE = 5.0  # seconds: time for two repetitions, after 1 and after 2 more
FROZEN = 120.0  # seconds in one call, which takes 6 at most


def account_config(module: object, user: str, port: int) -> pj.AccountConfig:
    config = usual_config(module, user, port)
    config.natConfig.iceEnabled = False
    config.mediaConfig.rtcpMuxEnabled = False
    return config


def main(calls: int) -> None:
    endpoint = check.start_endpoint(pj)
    port = check.port_of(pj, endpoint, pj.PJSIP_TRANSPORT_UDP)
    check.require_opus(endpoint)
    for _ in range(calls):
        # A frozen thread can't report itself.
        faulthandler.dump_traceback_later(FROZEN, exit=True)
        with contextlib.suppress(check.UnfitError):
            check.require_dtls_call(pj, endpoint, port)
        gc.collect()
    faulthandler.cancel_dump_traceback_later()
    endpoint.libDestroy()
    print(f"{calls} calls")


if __name__ == "__main__":
    usual_config, check.account_config, check.PATIENCE = check.account_config, account_config, PATIENCE
    main(int(sys.argv[1]))
