from __future__ import annotations

from kallphone.phone.wordkeys import candidates, digits_of
from kallphone.storage.words import word_list


def test_letters_lie_on_the_keys_of_e_161():
    assert digits_of("abcdefghijklmnopqrstuvwxyz") == "22233344455566677778889999"


def test_every_word_is_found_by_its_keys_and_first_by_all_of_them():
    for word in word_list():
        keys = digits_of(word)
        assert word in candidates(keys[:4], word_list())
        exact = [other for other in word_list() if digits_of(other) == keys]
        assert list(candidates(keys, word_list()))[: len(exact)] == sorted(exact)


def test_at_most_three_words_share_all_their_keys():
    keys = [digits_of(word) for word in word_list()]
    assert max(keys.count(one) for one in set(keys)) <= 3


def test_nothing_typed_and_nonsense_find_nothing():
    assert candidates("", word_list()) == ()
    assert candidates("1", word_list()) == ()
    assert candidates("99999", word_list()) == ()
