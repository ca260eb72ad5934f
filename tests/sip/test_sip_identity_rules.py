from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from kallnet.account import Account, Address
from kallnet.typed import Domain
from kallphone.sip.headers import description_of, refuses
from kallphone.sip.identity import CHANGED_ON_THE_WAY, FarEnd, Identity, IdentityRefused

REGISTRY = Domain("KallRegistry", "1", 31337, Address(b"\x11" * 20))
ANN, BOB = Account(b"\x01" * 32), Account(b"\x02" * 32)
CALL_ID = "3f2a@ann"
NOW = 1_800_000_000


def described(certificate: str) -> str:
    fingerprint = ":".join([certificate] * 32)
    return (
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
        f"m=audio 4000 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:SHA-256 {fingerprint}\r\n"
    )


MINE, OTHER = described("AA"), described("BB")


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Call:
    """Ann calls Bob, who looks at what she says."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.ann = Identity(ANN, REGISTRY, self.clock)
        self.bob = Identity(BOB, REGISTRY, self.clock)
        self.far = FarEnd(self.bob, ANN.address, CALL_ID)

    def signed(self, sdp: str = MINE, call_id: str = CALL_ID) -> str:
        return self.ann.sign(sdp, BOB.address, call_id)


@pytest.fixture
def call() -> Call:
    return Call()


def test_what_ann_signs_holds_for_bob(call: Call) -> None:
    assert call.bob.check(call.signed(), ANN.address, CALL_ID)
    assert not call.bob.check(MINE, ANN.address, CALL_ID)


def test_a_description_without_a_certificate_stays_as_it_is(call: Call) -> None:
    plain = "v=0\r\nm=audio 4000 RTP/AVP 0\r\n"
    assert call.ann.sign(plain, BOB.address, CALL_ID) == plain


@pytest.mark.parametrize("tampered", [
    lambda sdp: sdp.replace("AA:AA", "AA:AB", 1),
    lambda sdp: sdp.replace("signature=0x", "signature=0xZ"),
    lambda sdp: sdp.replace(f"signer=0x{ANN.address.hex()}", f"signer=0x{BOB.address.hex()}"),
    lambda sdp: sdp.replace(f"time={NOW}", f"time={NOW - 1}"),
])
def test_what_was_changed_on_the_way_is_refused(call: Call, tampered: Callable[[str], str]) -> None:
    with pytest.raises(IdentityRefused, match="on the way"):
        call.far.read(tampered(call.signed()))


def test_a_signature_for_another_call_is_refused(call: Call) -> None:
    with pytest.raises(IdentityRefused) as refusal:
        call.far.read(call.signed(call_id="another"))
    assert str(refusal.value) == CHANGED_ON_THE_WAY


@pytest.mark.parametrize(("seconds", "words"), [
    (301, "signed 5 min ago"),
    (7200, "signed 120 min ago"),
    (-7200, "signed 120 min in the future"),
])
def test_clocks_that_differ_are_named(call: Call, seconds: int, words: str) -> None:
    signed = call.signed()
    call.clock.now += seconds
    with pytest.raises(IdentityRefused, match=words):
        call.far.read(signed)


def test_clocks_may_differ_by_five_minutes(call: Call) -> None:
    signed = call.signed()
    call.clock.now -= 300
    call.far.read(signed)
    assert call.far.verified


def test_the_verified_certificate_needs_no_second_signature(call: Call) -> None:
    call.far.read(call.signed())
    call.clock.now += 86_400
    call.far.read(MINE)
    call.far.read(call.signed().replace("signature=0x", "signature=0xZ"))
    assert call.far.verified


@pytest.mark.parametrize("later", [OTHER, "v=0\r\nm=audio 4000 RTP/AVP 0\r\n"])
def test_another_certificate_needs_a_signature(call: Call, later: str) -> None:
    call.far.read(call.signed())
    with pytest.raises(IdentityRefused):
        call.far.read(later)


def test_a_new_certificate_may_be_signed(call: Call) -> None:
    call.far.read(call.signed())
    call.far.read(call.signed(OTHER))
    assert call.far.verified
    with pytest.raises(IdentityRefused):
        call.far.read(MINE)


def test_what_was_once_unsigned_stays_unverified(call: Call) -> None:
    call.far.read(OTHER)
    for _ in range(2):
        call.far.read(call.signed())
        assert not call.far.verified


def test_an_unsigned_call_may_change_but_not_lie(call: Call) -> None:
    call.far.read(MINE)
    call.far.read(OTHER)
    call.far.read_nothing()
    with pytest.raises(IdentityRefused):
        call.far.read(call.signed(OTHER).replace("signature=0x", "signature=0xZ"))


def test_an_offer_that_is_asked_of_us_is_for_unverified_calls(call: Call) -> None:
    verified = FarEnd(call.bob, ANN.address, CALL_ID)
    verified.read(call.signed())
    with pytest.raises(IdentityRefused):
        verified.read_nothing()
    call.far.read_nothing()
    call.far.read(call.signed())
    assert not call.far.verified


HEAD = "INVITE sip:b@x SIP/2.0\r\nCSeq: 1 INVITE\r\n"


@pytest.mark.parametrize(("head", "body", "description"), [
    ("Content-Type: application/sdp\r\n", MINE, MINE),
    ("c : Application/SDP;x=y\r\n", MINE, MINE),
    ("Content-Type:\r\n application/sdp\r\n", MINE, MINE),
    ("Content-Type: application/json\r\n", "{}", ""),
    ("", "", ""),
])
def test_the_description_of_a_message(head: str, body: str, description: str) -> None:
    assert description_of(f"{HEAD}{head}\r\n{body}") == description.replace("\r\n", "\n")


@pytest.mark.parametrize("message", [
    f"{HEAD}Content-Type: multipart/mixed;boundary=x\r\n\r\n--x\r\n{MINE}",
    f"{HEAD}Content-Type: application/sdp\r\nc: text/plain\r\n\r\n{MINE}",
    f"{HEAD}Content-Type: application / sdp\r\n\r\n{MINE}",
    f"{HEAD}\r\n{MINE}",
    f"{HEAD}X: y\r\r{MINE}\r\nContent-Type: application/sdp\r\n\r\n{OTHER}",
    f"{HEAD}Content-Type: application/sdp\r\n\r\n{MINE}\0{OTHER}",
])
def test_a_description_that_others_might_read_differently(message: str) -> None:
    with pytest.raises(ValueError):
        description_of(message)


def test_which_responses_refuse() -> None:
    assert refuses("SIP/2.0 488 Not Acceptable Here\r\n")
    assert not refuses("SIP/2.0 183 Session Progress\r\n")
    assert not refuses("SIP/2.0 200 OK\r\n")
    assert not refuses(HEAD)
