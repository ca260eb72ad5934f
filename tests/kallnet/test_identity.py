import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Account, Address
from kallnet.errors import IdentityInvalid
from kallnet.identity import (
    WINDOW,
    SignedIdentity,
    decode_identity,
    fingerprint_of,
    identity_of,
    sign_identity,
    verify_identity,
    with_identity,
)
from kallnet.typed import coin_domain, registry_domain
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT
from tests.vectors import generate

REGISTRY = registry_domain(DEPLOYMENT)
CALL = "a84b4c76e66710@192.0.2.1"
NOW = 1_800_000_000
FINGERPRINT = bytes(range(32))
OTHER = bytes(range(1, 33))


def fingerprint_line(fingerprint: bytes = FINGERPRINT) -> str:
    return f"a=fingerprint:sha-256 {fingerprint.hex(':').upper()}"


def description(*media: str, session: tuple[str, ...] = ()) -> str:
    head = ("v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "t=0 0", *session)
    audio = ("m=audio 4000 UDP/TLS/RTP/SAVP 96", "c=IN IP4 192.0.2.1", "a=rtpmap:96 opus/48000/2")
    return "".join(f"{line}\r\n" for line in (*head, *audio, *media))


def signed(
    signer: Account = ALICE, call: str = CALL, time: int = NOW, fingerprint: bytes = FINGERPRINT
) -> SignedIdentity:
    return sign_identity(signer, REGISTRY, BOB.address, call, time, fingerprint)


PLAIN = description(fingerprint_line())
OFFER = with_identity(PLAIN, signed())


def verified(sdp: str, now: int = NOW, call: str = CALL) -> SignedIdentity | None:
    return verify_identity(sdp, REGISTRY, signer=ALICE.address, peer=BOB.address, call_id=call, now=now)


def test_a_signed_description_is_its_signer_s() -> None:
    assert verified(OFFER) == signed()


def test_the_line_stands_at_session_level_and_leaves_the_rest_alone() -> None:
    lines = OFFER.split("\r\n")
    assert lines.index(signed().line()) == lines.index("m=audio 4000 UDP/TLS/RTP/SAVP 96") - 1
    assert OFFER.replace(signed().line() + "\r\n", "") == PLAIN
    assert with_identity("v=0\r\n", signed()) == f"v=0\r\n{signed().line()}\r\n"


def test_without_a_line_nobody_vouches() -> None:
    assert verified(PLAIN) is None
    assert verified(description(fingerprint_line(), session=("a=identity:eyJpZHAi",))) is None
    assert (
        verified(description(fingerprint_line(), session=("a=identity:kall2 x=1", "a=identity:kall10")))
        is None
    )
    assert verified(description(fingerprint_line(), signed().line())) is None, "media level is not the place"


def test_the_fingerprint_s_case_and_level_do_not_matter() -> None:
    lower = fingerprint_line().lower()
    assert verified(with_identity(description(session=(lower,)), signed())) == signed()
    assert verified(with_identity(description(lower, session=(fingerprint_line(),)), signed())) == signed()
    assert verified(OFFER.replace("\r\n", "\n")) == signed()


@pytest.mark.parametrize("offset", [-WINDOW, 0, WINDOW])
def test_clocks_may_differ_by_the_window(offset: int) -> None:
    assert verified(OFFER, now=NOW + offset) == signed()


@pytest.mark.parametrize("offset", [-WINDOW - 1, WINDOW + 1])
def test_what_is_older_or_newer_does_not_hold(offset: int) -> None:
    with pytest.raises(IdentityInvalid, match="signed at 1800000000"):
        verified(OFFER, now=NOW + offset)


TO_CAROL = sign_identity(ALICE, REGISTRY, CAROL.address, CALL, NOW, FINGERPRINT)
OF_THE_COIN = sign_identity(ALICE, coin_domain(DEPLOYMENT), BOB.address, CALL, NOW, FINGERPRINT)
FORGED = SignedIdentity(ALICE.address, NOW, signed(signer=CAROL).signature)
EMPTY = SignedIdentity(ALICE.address, NOW, bytes(65))
SWAPPED: list[tuple[str, str, str]] = [
    ("another certificate", OFFER.replace(fingerprint_line(), fingerprint_line(OTHER)), "this fingerprint"),
    ("another signer", with_identity(PLAIN, signed(signer=CAROL)), "not 0x"),
    ("another call", with_identity(PLAIN, signed(call="other")), "over this call"),
    ("another peer's", with_identity(PLAIN, TO_CAROL), "over this call"),
    ("another time", OFFER.replace(f"time={NOW}", f"time={NOW + 1}"), "over this call"),
    ("another domain", with_identity(PLAIN, OF_THE_COIN), "over this call"),
    ("a forged name", with_identity(PLAIN, FORGED), "over this call"),
    ("no signature's bytes", with_identity(PLAIN, EMPTY), "v is 27 or 28"),
    ("two of them", with_identity(OFFER, signed()), "two identities"),
]


@pytest.mark.parametrize(("sdp", "words"), [case[1:] for case in SWAPPED], ids=[case[0] for case in SWAPPED])
def test_a_wrong_identity_does_not_hold(sdp: str, words: str) -> None:
    with pytest.raises(IdentityInvalid, match=words):
        verified(sdp)


def test_a_call_id_that_is_no_ascii_does_not_hold() -> None:
    with pytest.raises(IdentityInvalid, match="not ASCII"):
        verified(OFFER, call="call\udcff")


FINGERPRINTS: list[tuple[str, str]] = [
    ("none", description()),
    ("two", description(fingerprint_line(), fingerprint_line(OTHER))),
    (
        "one by another hash beside it",
        description(fingerprint_line(), "a=fingerprint:sha-1 " + "00:" * 19 + "00"),
    ),
    ("one by a longer hash", description("a=fingerprint:sha-512 " + bytes(64).hex(":"))),
    ("a short one", description(fingerprint_line()[:-3])),
    ("a long one", description(fingerprint_line() + ":00")),
    ("no colons", description("a=fingerprint:sha-256 " + FINGERPRINT.hex())),
    ("spelled oddly", description(fingerprint_line(), "a = Fingerprint:sha-256 " + OTHER.hex(":"))),
    ("behind a lone return", description(fingerprint_line(), "a=x\ra=fingerprint:sha-256 " + OTHER.hex(":"))),
    ("behind a form feed", description(fingerprint_line(), "a=x\f")),
]


@pytest.mark.parametrize("sdp", [case[1] for case in FINGERPRINTS], ids=[case[0] for case in FINGERPRINTS])
def test_only_one_sha256_fingerprint_counts(sdp: str) -> None:
    with pytest.raises(IdentityInvalid, match=r"fingerprint|control"):
        fingerprint_of(sdp)
    with pytest.raises(IdentityInvalid):
        verified(with_identity(sdp, signed()))


LINE = signed().line()
MALFORMED: list[Callable[[str], str]] = [
    lambda line: line + " ",
    lambda line: line + ";more=1",
    lambda line: line[:-1],
    lambda line: line.replace("signer", "Signer"),
    lambda line: line.replace("0x0", "0X0").replace("=0x", "=0X"),
    lambda line: line[:-4] + line[-4:].upper(),
    lambda line: line.replace(";", "; "),
    lambda line: line.replace("time=1", "time=01"),
    lambda line: line.replace("time=1", "time=-1"),
    lambda line: line.replace(f"time={NOW}", "time=" + "1" * 13),
    lambda line: line.replace(f"time={NOW}", "time=\u0661"),
    lambda line: "a=identity:kall1",
    lambda line: "a=identity:kall1;",
]


@pytest.mark.parametrize("break_", MALFORMED)
def test_a_line_has_one_spelling(break_: Callable[[str], str]) -> None:
    assert break_(LINE) != LINE
    with pytest.raises(IdentityInvalid, match="malformed"):
        identity_of(description(session=(break_(LINE),)))


@given(st.binary(min_size=20, max_size=20), st.integers(0, 10**12 - 1), st.binary(min_size=65, max_size=65))
def test_lines_round_trip(signer: bytes, time: int, signature: bytes) -> None:
    identity = SignedIdentity(Address(signer), time, signature)
    assert decode_identity(identity.line()) == identity
    assert identity.line().isascii()
    assert identity_of(with_identity(PLAIN, identity)) == identity


def test_the_vectors_are_what_the_code_gives_and_hold() -> None:
    text = (generate.HERE / "identities.json").read_text()
    assert text == generate.rendered()["identities.json"]
    accounts = {"caller": generate.CLIENT_ACCOUNT, "callee": generate.PROVIDER_ACCOUNT}
    for vector in json.loads(text):
        other = next(account for role, account in accounts.items() if role != vector["role"])
        sdp = description(vector["fingerprint_line"], session=(vector["line"],))
        found = verify_identity(
            sdp,
            generate.REGISTRY,
            signer=accounts[vector["role"]].address,
            peer=other.address,
            call_id=vector["message"]["callId"],
            now=int(vector["message"]["time"]),
        )
        assert found is not None
        assert "0x" + found.signature.hex() == vector["signature"]
