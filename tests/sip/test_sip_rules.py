from __future__ import annotations

import math

import pytest

from kallphone.phone.events import CallId
from kallphone.phone.sound import SILENCE, Sound
from kallphone.phone.tones import CADENCES, Tone
from kallphone.sip.cadence import ToneStep, tone_steps
from kallphone.sip.headers import (
    Reason,
    TurnServer,
    account_of,
    account_uri,
    addressee,
    diversion_value,
    diverted_from,
    forwarded_to,
    may_be_secured,
    outbound_proxy,
    reason_of,
    reason_value,
    status_of,
    turn_server,
)
from kallphone.sip.relay import allocate_request, is_challenge
from kallphone.sip.watch import MediaSample, MediaWatch, Verdict
from kallphone.sip.wires import Fixed, Wire, wires

ACCOUNT = bytes.fromhex("00112233445566778899aabbccddeeff00112233")
URI = "sip:0x00112233445566778899aabbccddeeff00112233@phone.example"
CALL = CallId(2)


@pytest.mark.parametrize("text", [
    URI,
    f"<{URI}>",
    f'"Ann <sip:0x{"ff" * 20}@x>" <{URI};transport=tls>;tag=1',
    URI.replace("aabb", "AABB"),
    URI.replace("sip:", "sips:"),
])
def test_account_of_a_uri(text: str) -> None:
    assert account_of(text) == ACCOUNT


@pytest.mark.parametrize("text", [
    "sip:alice@phone.example",
    "sip:0x0011@phone.example",
    f"sip:0x{'00' * 21}@phone.example",
    f"sip:0x{'00' * 20}",
    f'"<{URI}>" <sip:alice@phone.example>',
    "",
])
def test_what_is_no_account(text: str) -> None:
    assert account_of(text) is None


def test_what_a_response_says_of_itself() -> None:
    response = f"SIP/2.0 480 Not registered\r\nt:\r\n <{URI}>;tag=2\r\nm: <sip:x@y>\r\n\r\nTo: <sip:z@y>"
    assert (status_of(response), addressee(response)) == (480, f"<{URI}>;tag=2")
    request = "OPTIONS sip:x@y SIP/2.0\r\n\r\nTo: x"
    assert (status_of(request), addressee(request)) == (0, "")


def test_an_account_s_uri_reads_back() -> None:
    assert account_uri(ACCOUNT, "phone.example") == URI
    assert account_of(account_uri(ACCOUNT, "phone.example")) == ACCOUNT


@pytest.mark.parametrize(("header", "reason"), [
    ('Reason: SIP;cause=402;text="Credit ended"', Reason(402, "Credit ended")),
    ("Reason: SIP ;cause=503", Reason(503, "")),
    ('Reason: Q.850;cause=16;text="Normal"\r\nReason: SIP;cause=200;text="OK"', Reason(200, "OK")),
    (r'reason : sip; cause=480; text="say \"hi\""', Reason(480, 'say "hi"')),
    ('Reason: Q.850;cause=16;text="Normal"', None),
    ("Reason: SIP;cause=abc", None),
    ("Subject: none", None),
])
def test_reason(header: str, reason: Reason | None) -> None:
    assert reason_of(f"BYE sip:x SIP/2.0\r\n{header}\r\nContent-Length: 0\r\n\r\n") == reason


def test_a_reason_in_the_body_is_none() -> None:
    assert reason_of("BYE sip:x SIP/2.0\r\nTo: x\r\n\r\nReason: SIP;cause=402\r\n") is None


def test_a_reason_reads_back() -> None:
    words = 'a "quoted" \\ word\r\nInjected: yes'
    read = reason_of(f"BYE sip:x SIP/2.0\r\nReason: {reason_value(488, words)}\r\n\r\n")
    assert read == Reason(488, 'a "quoted" \\ word  Injected: yes')


@pytest.mark.parametrize(("body", "secured"), [
    ("v=0\r\na=fingerprint:SHA-256 AA:BB\r\n", True),
    ("v=0\r\nm=audio 1 RTP/SAVP 0\r\na=crypto:1 AES inline:x\r\n", False),
    ("v=0\r\ns=a=fingerprint:x\r\n", False),
    ("", True),
])
def test_which_offers_may_be_secured(body: str, secured: bool) -> None:
    assert may_be_secured(f"INVITE sip:x SIP/2.0\r\nTo: x\r\n\r\n{body}") is secured


@pytest.mark.parametrize(("header", "number"), [
    ("Contact: <sip:2345678900@x>", "2345678900"),
    ('m: "sip:2000000003@y" <sips:2345678900@x;transport=tls>;q=1', "2345678900"),
    ("Contact:\r\n <sip:2345678900@x>", "2345678900"),
    ("Contact: <sip:2345678901@x>", ""),
    ("Contact: <sip:02345678900@x>", ""),
    ("Contact: <tel:2345678900>", ""),
    ("Subject: none", ""),
])
def test_where_a_call_is_sent_on_to(header: str, number: str) -> None:
    assert forwarded_to(f"SIP/2.0 302 Moved Temporarily\r\n{header}\r\n\r\n") == number
    assert forwarded_to(f"SIP/2.0 305 Use Proxy\r\n{header}\r\n\r\n") == ""


def test_who_sent_a_call_on_reads_back() -> None:
    value = diversion_value("2345678900", "phone.example")
    invite = f"INVITE sip:x SIP/2.0\r\nDiversion: {value}\r\nDiversion: <sip:2000000003@x>\r\n\r\n"
    assert diverted_from(invite) == "2345678900"
    assert diverted_from("INVITE sip:x SIP/2.0\r\n\r\nDiversion: <sip:2345678900@x>\r\n") == ""
    assert diverted_from("INVITE sip:x SIP/2.0\r\nDiversion: <sip:alice@x>\r\n\r\n") == ""


def test_the_proxy_is_a_loose_route() -> None:
    assert outbound_proxy("sip:127.0.0.1:5061;transport=tls") == "sip:127.0.0.1:5061;transport=tls;lr"
    assert outbound_proxy("sip:p;lr") == "sip:p;lr"


@pytest.mark.parametrize(("uri", "server"), [
    ("turn:127.0.0.1:3478", TurnServer("127.0.0.1:3478", False)),
    ("turn:turn.example?transport=tcp", TurnServer("turn.example:3478", True)),
    ("turn:[2001:db8::1]:3479", TurnServer("[2001:db8::1]:3479", False)),
    ("stun:127.0.0.1", None),
    ("turn:", None),
])
def test_turn_uris(uri: str, server: TurnServer | None) -> None:
    assert turn_server(uri) == server


def test_a_relay_answers_its_own_request() -> None:
    request = allocate_request(bytes(range(12)))
    assert len(request) == 28
    challenge = bytes.fromhex("0113 0000 2112a442") + bytes(range(12))
    assert is_challenge(request, challenge)
    assert not is_challenge(request, challenge[:-1] + b"\0")
    assert not is_challenge(request, request)


def test_two_frequencies_share_the_level() -> None:
    [one] = tone_steps("de", Tone.DIAL)
    [two] = tone_steps("gb", Tone.DIAL)
    assert (one.low_hz, one.high_hz) == (425, 0)
    assert (two.low_hz, two.high_hz) == (350, 440)
    assert one.volume == pytest.approx(32767 * 10 ** (-13.14 / 20), rel=0.001)
    # The generator plays half of each.
    assert 2 * (two.volume / 2) ** 2 == pytest.approx(one.volume**2, rel=0.001)


def test_a_cadence_keeps_its_steps() -> None:
    first, second = tone_steps("gb", Tone.RINGBACK)
    assert (first.on_ms, first.off_ms, second.on_ms, second.off_ms) == (400, 200, 400, 2000)


@pytest.mark.parametrize("country", list(CADENCES))
@pytest.mark.parametrize("tone", list(Tone))
def test_every_tone_fits_the_generator(country: str, tone: Tone) -> None:
    steps = tone_steps(country, tone)
    # PJMEDIA_TONEGEN_MAX_DIGITS
    assert len(steps) <= 32
    for step in steps:
        fits(step)


@pytest.mark.parametrize("country", list(CADENCES))
def test_what_sounds_over_a_call_is_soft(country: str) -> None:
    [dial] = {step.volume for step in tone_steps(country, Tone.DIAL)}
    for tone in (Tone.WAITING, Tone.HOLD):
        assert all(step.volume * math.sqrt(2) < dial for step in tone_steps(country, tone))


def fits(step: ToneStep) -> None:
    assert 0 < step.on_ms < 2**15
    assert 0 <= step.off_ms < 2**15
    assert 0 < step.volume < 2**15


def test_silence_connects_nobody() -> None:
    assert wires(SILENCE, [], record=False) == frozenset()


def test_a_call_that_is_not_joined_gets_silence_only() -> None:
    assert wires(SILENCE, [CALL], record=False) == {Wire(Fixed.SILENCE, CALL)}


def test_a_joined_call_with_a_warning() -> None:
    assert wires(Sound(Tone.LOW_CREDIT, (CALL,)), [CALL], record=False) == {
        Wire(Fixed.SILENCE, CALL),
        Wire(Fixed.MICROPHONE, CALL),
        Wire(CALL, Fixed.EAR),
        Wire(Fixed.TONE, Fixed.EAR),
    }


def test_a_call_without_media_joins_nobody() -> None:
    assert wires(Sound(None, (CALL,)), [], record=False) == frozenset()


def test_the_recorder_hears_what_the_ear_hears() -> None:
    laid = wires(Sound(Tone.DIAL, (CALL,)), [CALL], record=True)
    ear = {wire.source for wire in laid if wire.sink is Fixed.EAR}
    assert {wire.source for wire in laid if wire.sink is Fixed.RECORDER} == {*ear, Fixed.SILENCE}


SECOND = CallId(3)


def test_two_joined_calls_hear_each_other_and_the_microphone() -> None:
    assert wires(Sound(calls=(CALL, SECOND)), [CALL, SECOND], record=False) == {
        Wire(Fixed.SILENCE, CALL),
        Wire(Fixed.SILENCE, SECOND),
        Wire(Fixed.MICROPHONE, CALL),
        Wire(Fixed.MICROPHONE, SECOND),
        Wire(CALL, SECOND),
        Wire(SECOND, CALL),
        Wire(CALL, Fixed.EAR),
        Wire(SECOND, Fixed.EAR),
    }


def test_a_muted_microphone_reaches_nobody() -> None:
    muted = wires(Sound(calls=(CALL, SECOND), muted=True), [CALL, SECOND], record=False)
    loud = wires(Sound(calls=(CALL, SECOND)), [CALL, SECOND], record=False)
    assert loud - muted == {Wire(Fixed.MICROPHONE, CALL), Wire(Fixed.MICROPHONE, SECOND)}


def test_a_held_call_hears_the_hold_tone_and_is_not_heard() -> None:
    laid = wires(Sound(calls=(CALL,), held=(SECOND,)), [CALL, SECOND], record=False)
    assert {wire for wire in laid if SECOND in (wire.source, wire.sink)} == {
        Wire(Fixed.SILENCE, SECOND),
        Wire(Fixed.HOLD_TONE, SECOND),
    }


def test_nobody_is_held_and_joined() -> None:
    assert Wire(Fixed.HOLD_TONE, CALL) not in wires(Sound(calls=(CALL,), held=(CALL,)), [CALL], record=False)


def test_a_recording_plays_in_the_ear_alone() -> None:
    assert wires(Sound(calls=(CALL,), recording="message.wav"), [CALL], record=False) == {
        Wire(Fixed.SILENCE, CALL),
        Wire(Fixed.MICROPHONE, CALL),
        Wire(CALL, Fixed.EAR),
        Wire(Fixed.RECORDING, Fixed.EAR),
    }


SECURE = "AES_CM_128_HMAC_SHA1_80"


def watch() -> MediaWatch:
    return MediaWatch(100.0, start_within_s=10.0, silent_for_s=30.0)


def test_the_first_secure_packet_starts_the_media() -> None:
    media = watch()
    assert media.observe(100.1, MediaSample(None, 0)) is None
    assert media.observe(100.2, MediaSample(SECURE, 0)) is None
    assert media.observe(100.3, MediaSample(SECURE, 1)) is Verdict.STARTED
    assert media.observe(101.3, MediaSample(SECURE, 50)) is None


def test_open_packets_never_start_it() -> None:
    media = watch()
    assert media.observe(105.0, MediaSample(None, 250)) is None
    assert media.observe(110.0, MediaSample(None, 500)) is Verdict.NEVER_STARTED


def test_sound_that_stops_is_noticed() -> None:
    media = watch()
    media.observe(101.0, MediaSample(SECURE, 1))
    assert media.observe(130.9, MediaSample(SECURE, 1)) is None
    assert media.observe(131.0, MediaSample(SECURE, 1)) is Verdict.FELL_SILENT


def test_sound_that_comes_back_starts_the_clock_anew() -> None:
    media = watch()
    media.observe(101.0, MediaSample(SECURE, 1))
    assert media.observe(130.0, MediaSample(SECURE, 2)) is None
    assert media.observe(159.0, MediaSample(SECURE, 2)) is None
    assert media.observe(160.0, MediaSample(SECURE, 2)) is Verdict.FELL_SILENT


def test_who_has_us_on_hold_owes_no_sound() -> None:
    media = watch()
    media.observe(101.0, MediaSample(SECURE, 1))
    media.held = True
    assert media.observe(500.0, MediaSample(SECURE, 1)) is None
    media.held = False
    assert media.observe(529.9, MediaSample(SECURE, 1)) is None
    assert media.observe(530.0, MediaSample(SECURE, 1)) is Verdict.FELL_SILENT


def test_it_looks_often_until_the_media_started() -> None:
    media = watch()
    media.observe(100.0, MediaSample(None, 0))
    assert media.due(100.1)
    media.observe(100.1, MediaSample(SECURE, 1))
    assert not media.due(100.5)
    assert media.due(101.1)
