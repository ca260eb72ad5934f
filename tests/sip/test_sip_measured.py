from __future__ import annotations

from pathlib import Path

import pytest
from tests.sip.conftest import MakeAgent, answered_call
from tests.sip.driver import Agent
from tests.sip.proxy import SipProxy
from tests.sip.tampering import stripped, swapped, to
from tests.sip.test_sip_sound import recorded

pytestmark = pytest.mark.sip

# RTCP goes out each 4.5 to 5.5 s, and the second report answers the first.
TWO_REPORTS_S = 12.0


def plausible(side: Agent, call: int) -> None:
    """What a call over loopback measures, told after its end."""
    side.wait("CallEnded", call=call)
    measured = side.wait("CallMeasured", call=call)
    assert 0 <= measured["loss"] < 0.02
    assert 0 < measured["jitter"] < 40
    assert 0 < measured["delay"] < 20
    assert TWO_REPORTS_S - 1 < measured["seconds"] < 4 * TWO_REPORTS_S


def test_both_sides_measure_a_call_whoever_ends_it(make_phone: MakeAgent, tmp_path: Path) -> None:
    ear = tmp_path / "ear.wav"
    caller, callee = make_phone(), make_phone(audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    recorded(ear, TWO_REPORTS_S)
    caller.tell("hang_up", call=1)
    plausible(caller, 1)
    plausible(callee, incoming)
    assert caller.count("CallMeasured") == callee.count("CallMeasured") == 1


def test_a_call_without_a_round_trip_has_no_delay(make_phone: MakeAgent) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    callee.tell("hang_up", call=incoming)
    for side in (caller, callee):
        measured = side.wait("CallMeasured")
        assert measured["delay"] == 0
        assert measured["seconds"] < 5


def test_a_call_without_sound_measures_nothing(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(media_timeout_s=3.0), make_phone(media_timeout_s=3.0)
    caller.tell("place", call=1, uri=f"sip:{callee.name}@test")
    callee.tell("reject", call=callee.wait("IncomingCall")["call"], code=486)
    caller.wait("CallEnded")
    proxy.tamper = to("answer", lambda body: swapped(stripped(body)))
    caller.tell("place", call=3, uri=f"sip:{callee.name}@test")
    callee.tell("answer", call=callee.wait("IncomingCall")["call"])
    for side in (caller, callee):
        side.wait("CallEnded", code=488)
    caller.stop()
    assert caller.count("CallMeasured") == 0
