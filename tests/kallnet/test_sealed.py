import json
from typing import Any

import pytest
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from kallnet import plain_cbor, sealed
from kallnet.account import Account
from kallnet.errors import SealInvalid
from kallnet.keccak import keccak256
from kallnet.mail_names import MAX_SIZE, TEXT, message_id
from kallnet.messages import Sealed
from kallnet.sealed import Opened, open_sealed, seal, size_of
from kallnet.typed import digest, escrow_domain, registry_domain
from tests.kallnet.samples import ALICE, BOB, CAROL, DEPLOYMENT
from tests.vectors import generate

REGISTRY = registry_domain(DEPLOYMENT)
TIME = 1_800_000_000
SAMPLE = seal(ALICE, REGISTRY, BOB.public_key, TEXT, b"come at eight", TIME)


def resealed(content: bytes, *, size: int | None = None) -> bytes:
    """Any content under a seal for Bob, as a malicious sender makes it."""
    once = Account.generate()
    box, nonce = sealed._box(once.shared_secret(BOB.public_key), once.public_key, BOB.public_key)
    size = size or size_of(len(content))
    padded = (len(content).to_bytes(4, "big") + content).ljust(size - 50, b"\0")
    return b"\1" + once.public_key + box.encrypt(padded, nonce).ciphertext


def fields(sender: Account = ALICE, to: Account = BOB, kind: str = TEXT, domain: Any = REGISTRY) -> Any:
    signed = Sealed(sender.address, to.address, kind, TIME, b"hello")
    return sealed._map(signed, sender.sign(digest(domain, signed)))


KINDS = st.from_regex(r"[a-z][a-z0-9-]{0,31}", fullmatch=True)


@given(st.binary(max_size=3000), KINDS, st.integers(0, 2**40 - 1))
def test_what_is_sealed_opens(body: bytes, kind: str, time: int) -> None:
    blob = seal(ALICE, REGISTRY, BOB.public_key, kind, body, time)
    assert open_sealed(BOB, REGISTRY, blob) == Opened(ALICE.address, kind, body, time, keccak256(blob))


@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_a_changed_message_never_opens(at: int, flip: int) -> None:
    mutated = SAMPLE[:at] + bytes([SAMPLE[at] ^ flip]) + SAMPLE[at + 1 :]
    with pytest.raises(SealInvalid):
        open_sealed(BOB, REGISTRY, mutated)


@given(st.binary(max_size=600))
def test_no_bytes_open(blob: bytes) -> None:
    with pytest.raises(SealInvalid):
        open_sealed(BOB, REGISTRY, blob)


def test_a_message_cut_or_prolonged_does_not_open() -> None:
    for blob in (SAMPLE[:-1], SAMPLE + b"\0", SAMPLE + SAMPLE, b""):
        with pytest.raises(SealInvalid):
            open_sealed(BOB, REGISTRY, blob)


def test_nobody_else_opens_it_on_no_other_chain() -> None:
    for account, domain in ((ALICE, REGISTRY), (CAROL, REGISTRY), (BOB, escrow_domain(DEPLOYMENT))):
        with pytest.raises(SealInvalid):
            open_sealed(account, domain, SAMPLE)


def test_the_same_message_twice_shows_no_likeness() -> None:
    again = seal(ALICE, REGISTRY, BOB.public_key, TEXT, b"come at eight", TIME)
    assert message_id(again) != message_id(SAMPLE)
    assert again[34:] != SAMPLE[34:]


@pytest.mark.parametrize(
    "signed",
    [
        {**fields(), 1: CAROL.address},  # Alice's words as Carol's
        fields(to=CAROL),  # what Alice wrote to Carol, sealed on by Carol
        {**fields(), 2: "receipt"},
        {**fields(), 3: TIME + 1},
        {**fields(), 4: b"hell"},
        fields(domain=escrow_domain(DEPLOYMENT)),
        {**fields(), 5: bytes(65)},
        {**fields(), 5: b""},
    ],
)
def test_a_signature_for_something_else_does_not_count(signed: Any) -> None:
    assert open_sealed(BOB, REGISTRY, resealed(plain_cbor.encode(fields()))).body == b"hello"
    with pytest.raises(SealInvalid, match="sign"):
        open_sealed(BOB, REGISTRY, resealed(plain_cbor.encode(signed)))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff", b"\x80", plain_cbor.encode(7),
        plain_cbor.encode({**fields(), 0: 2}),
        plain_cbor.encode({**fields(), 0: True}),
        plain_cbor.encode({**fields(), 6: b""}),
        plain_cbor.encode({k: v for k, v in fields().items() if k != 4}),
        plain_cbor.encode({**fields(), 1: b"short"}),
        plain_cbor.encode({**fields(), 2: "No Kind"}),
        plain_cbor.encode({**fields(), 3: True}),
        plain_cbor.encode({**fields(), 3: -1}),
        plain_cbor.encode({**fields(), 3: 2**40}),
        plain_cbor.encode({**fields(), 4: "text"}),
        plain_cbor.encode(fields()) + b"\0",
        b"\x81" * 300,
        b"\x9b" + b"\xff" * 8,
    ],
)  # fmt: skip
def test_content_of_another_shape_does_not_open(content: bytes) -> None:
    with pytest.raises(SealInvalid):
        open_sealed(BOB, REGISTRY, resealed(content))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=66, max_size=66))
def test_keys_are_derived_by_hkdf(secret: bytes, salt: bytes) -> None:
    oracle = HKDF(secret, 56, salt, SHA256, context=b"KallPhone sealed message 1")
    assert sealed._hkdf(secret, salt) == oracle


def test_padding_is_part_of_the_form() -> None:
    content = plain_cbor.encode(fields())
    with pytest.raises(SealInvalid, match="padding"):
        open_sealed(BOB, REGISTRY, resealed(content, size=1024))


@pytest.mark.parametrize("nested", [b"\x81" * 100_000, b"\x00" * 100_000])
def test_a_hostile_sender_costs_little(nested: bytes) -> None:
    with pytest.raises(SealInvalid, match="too many items"):
        open_sealed(BOB, REGISTRY, resealed(nested))


@settings(max_examples=30)
@given(st.integers(0, MAX_SIZE - 300))
def test_lengths_tell_little(body: int) -> None:
    size = len(seal(ALICE, REGISTRY, BOB.public_key, TEXT, bytes(body), TIME))
    assert size <= MAX_SIZE
    assert size in {512, 1024, 2048, 4096, 8192, 16384, 32768} or size % 65536 == 0


def test_what_is_too_long_is_not_sealed() -> None:
    for kind, time, size in ((TEXT, TIME, MAX_SIZE), ("", TIME, 0), ("A", TIME, 0), (TEXT, -1, 0)):
        with pytest.raises(ValueError):
            seal(ALICE, REGISTRY, BOB.public_key, kind, bytes(size), time)
    with pytest.raises(ValueError):
        seal(ALICE, REGISTRY, bytes(33), TEXT, b"", TIME)


def test_the_vectors_are_what_the_code_gives_and_open() -> None:
    text = (generate.HERE / "mail.json").read_text()
    assert text == generate.rendered()["mail.json"]
    for vector in json.loads(text)["sealed"]:
        blob = bytes.fromhex(vector["sealed"][2:])
        opened = open_sealed(generate.PROVIDER_ACCOUNT, generate.REGISTRY, blob)
        assert (opened.kind, "0x" + opened.body.hex()) == (vector["kind"], vector["body"])
        assert "0x" + opened.id.hex() == vector["id"]
