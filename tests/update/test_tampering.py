"""Bytes of a source are a stranger's: whatever they are, the signed manifest comes of them or a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from kallphone.update.errors import Refused
from kallphone.update.keys import STATEMENT_FORMAT, TrustedKeys, hand_over, parse_keys, sign
from kallphone.update.manifest import (
    KEYS_FILE,
    LARGEST_SYSTEM,
    MANIFEST_FILE,
    SIGNATURE_FILE,
    Manifest,
    parse_manifest,
)
from kallphone.update.sources import signed_manifest

SIGNERS = [SigningKey(bytes([number] * 32)) for number in range(1, 5)]
MANIFEST = Manifest("1.2.3", 2000, "system.squashfs", 5000, "ab" * 32, 5000, "2026-01-01T00:00:00Z", "new")


def public(number: int) -> bytes:
    return bytes(SIGNERS[number].verify_key)


def chain_of_three() -> bytes:
    told = None
    for serial in (1, 2, 3):
        told = hand_over(told, TrustedKeys(serial, (public(serial),)), SIGNERS[serial - 1])
    assert told is not None
    return told


FACTORY = TrustedKeys(0, (public(0),))
FILES = {
    MANIFEST_FILE: MANIFEST.to_bytes(),
    SIGNATURE_FILE: sign(MANIFEST.to_bytes(), SIGNERS[3]),
    KEYS_FILE: chain_of_three(),
}


class Files:
    name = "a test"

    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def read(self, name: str, longest: int) -> bytes | None:
        return self._files.get(name)

    def stream(self, name: str, size: int) -> Iterator[bytes]:
        raise AssertionError("a manifest needs no system")


def take(trusted: TrustedKeys = FACTORY, **changed: bytes) -> tuple[Manifest, TrustedKeys]:
    names = {"manifest": MANIFEST_FILE, "signature": SIGNATURE_FILE, "keys": KEYS_FILE}
    files = FILES | {names[name]: content for name, content in changed.items()}
    return signed_manifest(Files(files), trusted)


def test_a_phone_of_years_ago_follows_three_hand_overs() -> None:
    assert take() == (MANIFEST, TrustedKeys(3, (public(3),)))
    without = {name: content for name, content in FILES.items() if name != KEYS_FILE}
    with pytest.raises(Refused, match="does not trust"):
        signed_manifest(Files(without), FACTORY)


@pytest.mark.parametrize("retired", [0, 1, 2])
def test_a_retired_key_signs_neither_updates_nor_hand_overs(retired: int) -> None:
    _, newest = take()
    stolen = sign(MANIFEST.to_bytes(), SIGNERS[retired])
    with pytest.raises(Refused, match="does not trust"):
        take(newest, signature=stolen)
    back = hand_over(chain_of_three(), TrustedKeys(4, (public(retired),)), SIGNERS[retired])
    with pytest.raises(Refused, match="does not trust"):
        take(newest, signature=stolen, keys=back)


@given(
    name=st.sampled_from(["manifest", "signature", "keys"]), place=st.integers(0), bit=st.integers(0, 7)
)
def test_no_bit_may_be_changed(name: str, place: int, bit: int) -> None:
    good = {"manifest": MANIFEST_FILE, "signature": SIGNATURE_FILE, "keys": KEYS_FILE}[name]
    content = bytearray(FILES[good])
    content[place % len(content)] ^= 1 << bit
    try:
        taken = take(**{name: bytes(content)})
    except Refused:
        return
    # White space, and the case of hexadecimal digits: what is signed was not touched.
    assert name != "manifest"
    assert taken == take()


names = st.sampled_from(["handovers", "statement", "signature", "format", "keys", "serial", "key"])
json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(names | st.text(), inner),
).map(json.dumps)


@given(text=json_texts | st.text())
@example(text='{"handovers": [{"statement": "\\ud800"}]}')
@example(text="[" * 100_000)
@example(text=f'{{"handovers": [{"9" * 5000}]}}')
@example(text=json.dumps({"handovers": [{"statement": f'{{"format": "{STATEMENT_FORMAT}", "serial": 1}}'}]}))
def test_any_json_is_answered_in_words(text: str) -> None:
    content = text.encode(errors="surrogatepass")
    for name in ("manifest", "signature"):
        with pytest.raises(Refused):
            take(**{name: content})
    with pytest.raises(Refused):
        take(keys=content)
    with pytest.raises(Refused):
        parse_keys(content)


@pytest.mark.parametrize("size", [0, -1, LARGEST_SYSTEM + 1, 10**30, 1.5, "5000", True, None])
def test_sizes_beyond_a_card_are_refused_though_signed(size: object) -> None:
    told = json.loads(MANIFEST.to_bytes())
    for place in (told["system"], told):
        key = "size" if place is told["system"] else "min_slot_size"
        changed = json.loads(MANIFEST.to_bytes())
        (changed["system"] if key == "size" else changed)[key] = size
        content = json.dumps(changed).encode()
        with pytest.raises(Refused, match="no whole number"):
            take(manifest=content, signature=sign(content, SIGNERS[3]))


def test_the_bytes_are_signed_and_not_what_they_say() -> None:
    other = json.dumps(json.loads(MANIFEST.to_bytes()), indent=1).encode()
    assert parse_manifest(other) == MANIFEST
    with pytest.raises(Refused, match="changed after it was signed"):
        take(manifest=other)


def test_a_key_that_names_itself_as_a_trusted_one_is_refused() -> None:
    told = json.loads(sign(MANIFEST.to_bytes(), SIGNERS[0]))
    told["key"] = json.loads(FILES[SIGNATURE_FILE])["key"]
    with pytest.raises(Refused, match="changed after it was signed"):
        take(signature=json.dumps(told).encode())
