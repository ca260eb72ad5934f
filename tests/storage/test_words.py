from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kallphone.storage.errors import WordsWrong
from kallphone.storage.words import entropy_of, word_list, words_of

# BIP-39's own vectors for 128 bits.
VECTORS = {
    "00" * 16: "abandon " * 11 + "about",
    "7f" * 16: "legal winner thank year wave sausage worth useful legal winner thank yellow",
    "80" * 16: "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
    "ff" * 16: "zoo " * 11 + "wrong",
}
LEGAL = VECTORS["7f" * 16].split()


@pytest.mark.parametrize(("entropy", "words"), VECTORS.items())
def test_the_vectors_of_bip_39(entropy: str, words: str):
    assert " ".join(words_of(bytes.fromhex(entropy))) == words
    assert entropy_of(words.split()).hex() == entropy


@given(st.binary(min_size=16, max_size=16))
def test_every_backup_comes_back(entropy: bytes):
    assert entropy_of(words_of(entropy)) == entropy


def test_four_letters_and_capitals_are_enough():
    assert entropy_of([word[:4].upper() + " " for word in LEGAL]) == b"\x7f" * 16


def test_a_word_that_is_no_word_is_named_with_what_may_be_meant():
    with pytest.raises(WordsWrong, match="word 3 is not in the list") as caught:
        entropy_of([*LEGAL[:2], "thanc", *LEGAL[3:]])
    assert (3, "thank") in caught.value.guesses


def test_three_letters_are_not_enough():
    with pytest.raises(WordsWrong, match="word 3 "):
        entropy_of([*LEGAL[:2], "tha", *LEGAL[3:]])


def test_a_word_that_is_another_word_is_found_by_the_checksum():
    with pytest.raises(WordsWrong) as caught:
        entropy_of([*LEGAL[:9], "dinner", *LEGAL[10:]])
    assert (10, "winner") in caught.value.guesses


def test_words_in_another_order_are_refused():
    with pytest.raises(WordsWrong, match="belong together"):
        entropy_of([*LEGAL[6:], *LEGAL[:6]])


@pytest.mark.parametrize("count", [0, 11, 13, 24])
def test_a_backup_has_twelve_words(count: int):
    with pytest.raises(WordsWrong, match=f"12 words, not {count}"):
        entropy_of((LEGAL * 2)[:count])


def test_no_error_says_a_word_of_the_backup():
    """Its text may be logged."""
    for wrong in ([*LEGAL[:2], "thanc", *LEGAL[3:]], [*LEGAL[:9], "dinner", *LEGAL[10:]]):
        with pytest.raises(WordsWrong) as caught:
            entropy_of(wrong)
        said = str(caught.value) + repr(caught.value)
        assert not any(word in said.replace("words", "") for word in {*wrong, *LEGAL})


def test_the_list_is_that_of_bip_39():
    assert len(word_list()) == 2048
    assert len({word[:4] for word in word_list()}) == 2048
