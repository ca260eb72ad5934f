from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallnet.account import Address
from kallnet.errors import SealInvalid
from kallnet.voice import Voice, decode_voice

OGG = b"OggS and what follows"

voices = st.builds(
    Voice,
    seconds=st.integers(0, 3600),
    time=st.integers(0, 2**40 - 1),
    ogg=st.binary(max_size=500).map(lambda rest: b"OggS" + rest),
    caller=st.none() | st.binary(min_size=20, max_size=20).map(Address),
    number=st.text(max_size=32).filter(str.isprintable),
)


@given(voices)
def test_a_recording_comes_back(voice: Voice) -> None:
    assert decode_voice(voice.encode()) == voice


GOOD = {0: 1, 1: 12, 2: 1_800_000_000, 3: OGG, 4: b"c" * 20, 5: "6677335183"}


@pytest.mark.parametrize(
    "change",
    [{0: 2}, {0: True}, {1: -1}, {1: True}, {1: 3601}, {2: 2**40}, {3: b"RIFF"}, {3: "OggS"}, {4: b"c" * 19},
     {4: "c" * 20}, {4: None}, {5: 6677335183}, {5: "6" * 33}, {5: "6\n7"}, {5: ""}, {6: 1}, {"5": 1}],
)  # fmt: skip
def test_another_shape_is_none(change: dict[Any, Any]) -> None:
    good = cbor2.dumps(GOOD, canonical=True)
    assert decode_voice(good).seconds == 12
    with pytest.raises(SealInvalid):
        decode_voice(cbor2.dumps({**GOOD, **change}, canonical=True))
    with pytest.raises(SealInvalid):
        decode_voice(good + b"\0")


@given(st.binary(max_size=60))
def test_no_bytes_break_it(data: bytes) -> None:
    with pytest.raises(SealInvalid):
        decode_voice(data)


def test_what_would_not_be_read_is_not_written() -> None:
    with pytest.raises(ValueError, match="no Ogg"):
        Voice(1, 1, b"RIFF").encode()
