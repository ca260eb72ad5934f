from contextlib import suppress

import pytest
import rlp as oracle
from hypothesis import given
from hypothesis import strategies as st

from kallnet import rlp
from kallnet.errors import RlpInvalid

items = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6), max_leaves=30)


@given(items)
def test_it_is_what_the_library_gives_and_comes_back(item: rlp.Item) -> None:
    data = rlp.encode(item)
    assert data == oracle.encode(item)
    assert rlp.decode(data) == item


@given(st.binary(max_size=300))
def test_junk_is_refused_by_both_or_by_neither(data: bytes) -> None:
    try:
        expected = oracle.decode(data, strict=True)
    except oracle.exceptions.DecodingError:
        expected = None
    try:
        found = rlp.decode(data)
    except RlpInvalid:
        found = None
    assert found == expected


@given(items, st.data())
def test_a_changed_byte_gives_another_item_or_none(item: rlp.Item, data: st.DataObject) -> None:
    encoded = bytearray(rlp.encode(item))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    with suppress(RlpInvalid):
        assert rlp.decode(bytes(encoded)) != item


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**64, 2**256 - 1])
def test_numbers_have_no_leading_zeros(value: int) -> None:
    assert rlp.encode_int(value) == oracle.sedes.big_endian_int.serialize(value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "missing"),
        ("8180" + "00", "follow"),
        ("8101", "does not need"),
        ("83aabb", "wanted"),
        ("b800", "shortest"),
        ("b90037" + "aa" * 55, "shortest"),
        ("b9", "shortest"),
        ("bfffffffffffffffff", "wanted"),
        ("c3aabb", "wanted"),
        ("c0" * 2, "follow"),
        ("c28301", "wanted"),
    ],
)
def test_every_other_spelling_is_refused(data: str, words: str) -> None:
    with pytest.raises(RlpInvalid, match=words):
        rlp.decode(bytes.fromhex(data))


def test_deep_nesting_ends_in_an_error_and_not_on_the_stack() -> None:
    data = b""
    for _ in range(5_000):
        data = rlp._prefix(0xC0, len(data)) + data
    with pytest.raises(RlpInvalid, match="too deep"):
        rlp.decode(data)
