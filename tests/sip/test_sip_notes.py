from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.number import damm_digit
from kallphone.phone.events import ExpectNote, HoldNote, Note, TransferNote, TransferRefusedNote
from kallphone.sip.notes import MAX_BYTES, decode_note, encode_note

ADDRESS = "0x" + "ab" * 20
STEMS = st.integers(200_000_000, 999_999_999).map(str)


@given(
    st.one_of(
        st.booleans().map(HoldNote),
        STEMS.map(lambda stem: TransferNote(stem + str(damm_digit(stem)))),
        st.binary(min_size=20, max_size=20).map(ExpectNote),
        st.just(TransferRefusedNote()),
    )
)
def test_a_note_reads_back(note: Note) -> None:
    text = encode_note(note)
    assert decode_note(text) == note
    assert len(text) <= MAX_BYTES


def test_what_notes_look_like() -> None:
    assert encode_note(HoldNote(True)) == '{"note":"hold","held":true}'
    assert encode_note(TransferNote("2345678900")) == '{"note":"transfer","number":"2345678900"}'
    assert encode_note(ExpectNote(b"\xab" * 20)) == f'{{"note":"expect","account":"{ADDRESS}"}}'
    assert encode_note(TransferRefusedNote()) == '{"note":"transfer_refused"}'


@pytest.mark.parametrize("body", [
    "",
    "null",
    "[]",
    "[" * 1000,
    "{}",
    '{"note":["hold"],"held":true}',
    '{"note":"hold"}',
    '{"note":"hold","held":1}',
    '{"note":"hold","held":"true"}',
    '{"note":"hold","held":true,"more":1}',
    '{"note":"hold","held":true,"held":false}',
    '{"note":"transfer","number":2345678900}',
    '{"note":"transfer","number":"2345678901"}',
    '{"note":"transfer","number":"234 567 8900"}',
    '{"note":"transfer","number":"２３４５６７８９００"}',
    f'{{"note":"expect","account":"{ADDRESS.upper()}"}}',
    f'{{"note":"expect","account":"{ADDRESS}0"}}',
    '{"note":"transfer_refused","because":""}',
    '{"note":"explode"}',
    '{"note":"transfer_refused"' + " " * MAX_BYTES + "}",
])
def test_what_is_no_note(body: str) -> None:
    with pytest.raises(ValueError):
        decode_note(body)


@given(st.text(max_size=60))
def test_strange_texts_are_refused_in_good_order(text: str) -> None:
    with pytest.raises(ValueError):
        decode_note(text)
