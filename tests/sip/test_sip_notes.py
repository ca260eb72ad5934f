from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Account, Address
from kallnet.number import damm_digit
from kallnet.typed import Domain
from kallphone.phone.events import ExpectNote, HoldNote, Note, TransferNote, TransferRefusedNote
from kallphone.sip.identity import Identity
from kallphone.sip.notes import HEADER, MAX_BYTES, Notes, decode_note, encode_note

REGISTRY = Domain("KallRegistry", "1", 31337, Address(b"\x11" * 20))
ANN, BOB = Account(b"\x01" * 32), Account(b"\x02" * 32)
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


def ends(call_id: str = "3f2a@ann", bobs: str = "3f2a@ann") -> tuple[Notes, Notes]:
    return (
        Notes(Identity(ANN, REGISTRY), BOB.address, call_id),
        Notes(Identity(BOB, REGISTRY), ANN.address, bobs),
    )


def message(*headers: str) -> str:
    return "MESSAGE sip:b@x SIP/2.0\r\n" + "".join(f"{HEADER}: {value}\r\n" for value in headers) + "\r\n"


def test_bob_hears_what_ann_says_and_ann_what_bob_says() -> None:
    ann, bob = ends()
    for note in (HoldNote(True), HoldNote(False), TransferRefusedNote()):
        for one, other in ((ann, bob), (bob, ann)):
            body, value = one.say(note)
            assert other.hear(body, message(value)) == note


def test_a_note_is_heard_once_though_some_are_lost() -> None:
    ann, bob = ends()
    first, _, third = (ann.say(HoldNote(bool(n % 2))) for n in range(3))
    bob.hear(third[0], message(third[1]))
    for body, value in (third, first):
        with pytest.raises(ValueError, match="before"):
            bob.hear(body, message(value))


def test_a_note_of_another_call_or_another_is_not_heard() -> None:
    ann, bob = ends(bobs="another call")
    body, value = ann.say(HoldNote(True))
    with pytest.raises(ValueError, match="did not sign"):
        bob.hear(body, message(value))
    with pytest.raises(ValueError, match="did not sign"):
        ends()[0].hear(body, message(value))


@pytest.mark.parametrize("change", [
    lambda body, value: (body.replace("true", "false"), [value]),
    lambda body, value: (body, []),
    lambda body, value: (body, [value, value]),
    lambda body, value: (body, [value.replace("count=1", "count=2")]),
    lambda body, value: (body, [value[:-2] + "1d"]),
    lambda body, value: (body, [value[:-1]]),
    lambda body, value: (body, [value.replace("count=1", "count=01")]),
])
def test_a_note_that_was_changed_on_the_way_is_not_heard(
    change: Callable[[str, str], tuple[str, list[str]]],
) -> None:
    ann, bob = ends()
    body, values = change(*ann.say(HoldNote(True)))
    with pytest.raises(ValueError):
        bob.hear(body, message(*values))
