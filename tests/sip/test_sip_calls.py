from __future__ import annotations

import pytest
from tests.sip.conftest import MakeAgent, answered_call
from tests.sip.proxy import SipProxy
from tests.sip.tampering import stripped, swapped, to

pytestmark = pytest.mark.sip

STRANGER = "sip:alice@test"
ACCOUNT = "sip:0x" + "ab" * 20 + "@test"
_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/{profile} 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n{keying}"
)
PLAIN = _SDP.format(profile="AVP", keying="")
SDES = _SDP.format(
    profile="SAVP",
    keying="a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WnD7c1ksDGs+dIefCEo8omPg4uO8DYIinNGL5yxQ\r\n",
)


def test_a_call_is_secured_and_wide_band(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    for side in (caller, callee):
        [media] = [said for said in side.heard if said["event"] == "MediaStarted"]
        assert media["codec"] == "opus/48000/2"
        assert media["srtp"].startswith("DTLS-SRTP AES_CM_128_HMAC_SHA1_80")
    offer = next(message.body for message in proxy.requests("INVITE"))
    assert "a=fingerprint:" in offer
    assert "a=crypto:" not in offer
    assert "m=text" not in offer
    assert "m=video" not in offer
    assert "a=rtcp-mux" in offer
    caller.tell("hang_up", call=1)
    assert caller.wait("CallEnded", call=1)["code"] == 200
    assert callee.wait("CallEnded", call=incoming)["code"] == 200


def test_it_does_not_ring_at_the_caller_before_it_rings_here(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    caller.tell("place", call=1, uri=f"sip:{callee.name}@test")
    call = callee.wait("IncomingCall")["call"]
    callee.tell("reject", call=call, code=486)
    assert caller.wait("CallEnded")["code"] == 486
    assert callee.wait("CallEnded")["code"] == 486
    assert 180 not in proxy.responses("INVITE")
    assert caller.count("FarEndRinging") == 0


def test_the_callee_hangs_up(make_phone: MakeAgent) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    callee.tell("hang_up", call=incoming)
    assert callee.wait("CallEnded")["words"] == "Hung up here"
    assert caller.wait("CallEnded")["words"] == "The far end hung up"


def test_a_caller_gives_up_while_it_rings(make_phone: MakeAgent) -> None:
    caller, callee = make_phone(), make_phone()
    caller.tell("place", call=1, uri=f"sip:{callee.name}@test")
    incoming = callee.wait("IncomingCall")["call"]
    callee.tell("alert", call=incoming)
    caller.wait("FarEndRinging")
    caller.tell("hang_up", call=1)
    assert callee.wait("CallEnded", call=incoming)["code"] == 487
    assert caller.wait("CallEnded", call=1)["code"] == 200
    answered_call(caller, callee, 3)
    assert caller.count("CallEnded") == callee.count("CallEnded") == 1


def test_nobody_there(make_phone: MakeAgent) -> None:
    caller = make_phone()
    caller.tell("place", call=1, uri=f"{ACCOUNT}")
    assert caller.wait("CallEnded", call=1)["code"] == 480


def test_a_call_before_any_registration_ends_at_once(make_agent: MakeAgent) -> None:
    agent = make_agent().started()
    agent.tell("place", call=1, uri=ACCOUNT)
    assert agent.wait("CallEnded", call=1)["code"] == 503


def test_a_uri_that_is_none_ends_the_call(make_phone: MakeAgent) -> None:
    agent = make_phone()
    agent.tell("place", call=1, uri="not a uri")
    assert agent.wait("CallEnded", call=1)["code"] == 500


@pytest.mark.parametrize("sdp", [PLAIN, SDES])
def test_sound_without_dtls_is_refused(make_phone: MakeAgent, proxy: SipProxy, sdp: str) -> None:
    callee = make_phone()
    assert proxy.invite(callee.name, ACCOUNT, sdp) == 488
    answered_call(make_phone(), callee)
    assert callee.count("IncomingCall") == 1


def test_a_stranger_who_offers_secure_sound_is_refused(make_phone: MakeAgent, proxy: SipProxy) -> None:
    callee, caller = make_phone(), make_phone()
    caller.tell("place", call=1, uri=f"sip:{callee.name}@test")
    callee.wait("IncomingCall")
    offer = proxy.requests("INVITE")[0].body
    assert proxy.invite(callee.name, STRANGER, offer) == 403
    assert callee.count("IncomingCall") == 1


def test_the_provider_says_why_it_ended_the_call(make_phone: MakeAgent, proxy: SipProxy) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    proxy.bye_reason = 'SIP;cause=402;text="Credit ended"'
    callee.tell("hang_up", call=incoming)
    ended = caller.wait("CallEnded")
    assert (ended["code"], ended["words"]) == (402, "Credit ended")


def test_digits_arrive(make_phone: MakeAgent) -> None:
    caller, callee = make_phone(), make_phone()
    incoming = answered_call(caller, callee)
    keys = "0123456789*#"
    for key in keys:
        caller.tell("send_digit", call=1, key=key)
    assert [callee.wait("Digit", call=incoming)["key"] for _ in keys] == list(keys)


def test_a_far_end_that_died_does_not_hold_the_call(make_phone: MakeAgent) -> None:
    caller, callee = make_phone(rtp_timeout_s=2.0), make_phone()
    answered_call(caller, callee)
    callee.kill()
    ended = caller.wait("CallEnded", call=1)
    assert (ended["code"], ended["words"]) == (408, "Nothing is heard from the far end any more")


@pytest.mark.parametrize("where", ["offer", "answer"])
def test_a_swapped_fingerprint_gives_no_call(make_phone: MakeAgent, proxy: SipProxy, where: str) -> None:
    caller, callee = make_phone(media_timeout_s=5.0), make_phone(media_timeout_s=5.0)
    proxy.tamper = to(where, lambda body: swapped(stripped(body)))
    caller.tell("place", call=1, uri=f"sip:{callee.name}@test")
    callee.tell("answer", call=callee.wait("IncomingCall")["call"])
    deceived = caller if where == "answer" else callee
    for side in (caller, callee):
        assert side.wait("CallEnded")["code"] == 488
    assert deceived.count("MediaStarted") == 0


def test_fifty_calls_leave_nothing_behind(make_phone: MakeAgent) -> None:
    caller, callee = make_phone(), make_phone()
    used = []
    for number in range(1, 111, 2):
        answered_call(caller, callee, number)
        caller.tell("hang_up", call=number)
        for side in (caller, callee):
            side.wait("CallEnded")
            side.tell("usage")
            used.append(side.wait("Usage"))
    # The first calls fill pools and caches.
    for before, after in ((used[8], used[-2]), (used[9], used[-1])):
        assert after["handles"] <= before["handles"] + 4
        assert after["calls"] <= 1
        assert after["rss"] - before["rss"] < 6_000_000
