"""What a phone does in and around a call besides talking: notes, forwarding, hold, digits, statistics."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.sip.conftest import MakeAgent, answered_call, settled
from tests.sip.message import SipMessage
from tests.sip.proxy import SipProxy
from tests.sip.tampering import to
from tests.sip.test_sip_sound import recorded

pytestmark = pytest.mark.sip

NUMBER, OTHER_NUMBER = "2345678900", "2000000003"
NOTES: list[dict[str, Any]] = [
    {"note": "hold", "held": True},
    {"note": "hold", "held": False},
    {"note": "transfer", "number": NUMBER},
    {"note": "expect", "account": "0x" + "ab" * 20},
    {"note": "transfer_refused"},
]


def test_notes_go_both_ways(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    for note in NOTES:
        caller.tell("tell", call=1, note=note)
        assert callee.wait("CallTold", call=incoming)["note"] == note
        callee.tell("tell", call=incoming, note=note)
        assert caller.wait("CallTold", call=1)["note"] == note
    assert set(proxy.responses("MESSAGE")) == {200}


@pytest.mark.parametrize("change", [
    lambda body: body.replace("hold", "fold"),
    lambda body: body.replace("true", "false"),
    lambda body: "[" * 1000,
    lambda body: "",
])
def test_what_is_no_note_changes_nothing(make_phone: MakeAgent, proxy: SipProxy, change: Any) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)

    def tamper(message: SipMessage) -> None:
        if message.method == "MESSAGE" and not message.is_response:
            message.body = change(message.body)

    proxy.tamper = tamper
    caller.tell("tell", call=1, note=NOTES[0])
    callee.wait_log("is ignored")
    proxy.tamper = lambda message: None
    caller.tell("tell", call=1, note=NOTES[1])
    assert callee.wait("CallTold", call=incoming)["note"] == NOTES[1]


def test_a_note_holds_once_and_in_its_own_call(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    caller.tell("tell", call=1, note=NOTES[0])
    callee.wait("CallTold", call=incoming)
    first = proxy.requests("MESSAGE")[0]

    def replay(message: SipMessage) -> None:
        if message.method == "MESSAGE" and message.pop("Kall-Note"):
            message.push("Kall-Note", first.get("Kall-Note"))
            message.body = first.body

    proxy.tamper = replay
    caller.tell("tell", call=1, note=NOTES[1])
    callee.wait_log("it was said before")
    caller.tell("hang_up", call=1)
    callee.wait("CallEnded")
    proxy.tamper = lambda message: None
    answered_call(caller, callee, 3)
    proxy.tamper = replay
    caller.tell("tell", call=3, note=NOTES[1])
    callee.wait_log("did not sign this")
    assert callee.count("CallTold") == 1


def test_other_messages_are_no_notes(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    answered_call(caller, callee)

    def tamper(message: SipMessage) -> None:
        if message.method == "MESSAGE" and message.pop("Content-Type"):
            message.push("Content-Type", "text/plain")

    proxy.tamper = tamper
    caller.tell("tell", call=1, note=NOTES[0])
    callee.wait_log("of type text/plain is ignored")
    assert callee.count("CallTold") == 0


def test_a_call_is_sent_on_to_another_number(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee, other = make_phone(), make_phone(), make_phone()
    caller.tell("place", call=1, uri=f"sip:{callee.name}@test")
    incoming = callee.wait("IncomingCall", diverted_from="")["call"]
    callee.tell("reject", call=incoming, code=302, forward_to=NUMBER)
    assert caller.wait("CallForwarded", call=1)["number"] == NUMBER
    assert callee.wait("CallEnded", call=incoming)["code"] == 302
    caller.tell("place", call=3, uri=f"sip:{other.name}@test", diverted_from=OTHER_NUMBER)
    assert other.wait("IncomingCall")["diverted_from"] == OTHER_NUMBER
    assert proxy.requests("INVITE")[-1].get("Diversion") == f"<sip:{OTHER_NUMBER}@test>;reason=no-answer"
    assert caller.count("CallEnded") == 0


@pytest.mark.parametrize("number", ["2345678901", "0345678900", "alice"])
def test_nobody_is_sent_to_what_is_no_number(make_phone: MakeAgent, proxy: SipProxy, number: str) -> None:
    caller, callee = make_phone(), make_phone()
    caller.tell("place", call=1, uri=f"sip:{callee.name}@test")
    callee.tell("reject", call=callee.wait("IncomingCall")["call"], code=302, forward_to=number)
    assert caller.wait("CallEnded", call=1)["code"] == 302
    assert len(proxy.requests("INVITE")) == 1


@pytest.mark.parametrize("direction", ["sendonly", "inactive"])
def test_a_call_on_hold_at_the_far_end_stays_up(
    make_phone: MakeAgent, proxy: SipProxy, tmp_path: Path, direction: str
) -> None:
    ear = tmp_path / "ear.wav"
    caller, callee = make_phone(), make_phone(rtp_timeout_s=1.0, audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    settled(proxy)
    proxy.tamper = to("offer", lambda body: re.sub("a=sendonly", f"a={direction}", body))
    caller.tell("offer", call=1, method="HOLD")
    assert callee.wait("CallTold", call=incoming)["note"] == {"note": "hold", "held": True}
    recorded(ear, 3.0)
    assert callee.count("CallEnded") == 0
    caller.tell("offer", call=1, method="UNHOLD")
    assert callee.wait("CallTold", call=incoming)["note"] == {"note": "hold", "held": False}
    recorded(ear, 2.0)
    caller.tell("hang_up", call=1)
    assert callee.wait("CallEnded")["words"] == "The far end hung up"


def test_digits_go_by_signalling_where_media_can_t_carry_them(make_phone: MakeAgent, proxy: SipProxy) -> None:
    def without_events(body: str) -> str:
        for payload in re.findall(r"a=rtpmap:(\d+) telephone-event", body):
            body = re.sub(rf"a=(rtpmap|fmtp):{payload} .*\r\n", "", body)
            body = re.sub(rf"(m=audio .*) {payload}\b", r"\1", body)
        return body

    caller, callee = make_phone(), make_phone()
    proxy.tamper = to("both", without_events)
    incoming = answered_call(caller, callee)
    keys = "5#*"
    for key in keys:
        caller.tell("send_digit", call=1, key=key)
        assert callee.wait("Digit", call=incoming)["key"] == key
    assert {message.get("Content-Type") for message in proxy.requests("INFO")} == {"application/dtmf-relay"}


def test_how_a_call_sounds_is_told_while_it_lasts(make_phone: MakeAgent, tmp_path: Path) -> None:
    ear = tmp_path / "ear.wav"
    caller, callee = make_phone(), make_phone(audio={"record": str(ear)})
    incoming = answered_call(caller, callee)
    quality = callee.wait("CallQuality", call=incoming)
    assert 0 <= quality["loss"] < 0.05
    assert 0 <= quality["jitter"] < 40
    assert 3.5 < quality["mos"] <= 4.5
    caller.wait("CallQuality", call=1)
