from __future__ import annotations

from dataclasses import replace

import pytest

from kallphone.phone.commands import SaveContact, SendText
from kallphone.phone.menu.entry import DONE_AFTER_S
from kallphone.phone.menu.letters import on_key
from kallphone.phone.messages import LONGEST_TEXT
from kallphone.phone.settings import Settings
from tests.phone.menu.hand import ANNA, Hand, furnished

KEYS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt", "sv", "da", "nb", "fi")


def writing(language: str = "en", text: str = "") -> Hand:
    hand = Hand(furnished(Settings(language=language))).open("3126#")
    hand.phone = replace(hand.phone, pages=(*hand.phone.pages[:-1], replace(hand.phone.pages[-1], text=text)))
    return hand


@pytest.mark.parametrize("language", LANGUAGES)
def test_base_letters_are_where_e161_has_them(language: str) -> None:
    for key, letters in KEYS.items():
        assert on_key(key, language).startswith(letters)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_has_a_letter_twice(language: str) -> None:
    everything = "".join(on_key(key, language) for key in "0123456789")
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize(
    ("language", "key", "begins"),
    [
        ("de", "2", "abcä2"),
        ("de", "6", "mnoö6"),
        ("de", "7", "pqrsß7"),
        ("de", "8", "tuvü8"),
        ("es", "2", "abcá2"),
        ("es", "6", "mnoóñ6"),
        ("es", "1", ".,?!'-@¿¡1"),
        ("fr", "2", "abcàçâæ2"),
        ("fr", "3", "deféèêë3"),
        ("en", "2", "abc2"),
        ("en", "1", ".,?!'-@1"),
        ("en", "0", " 0"),
    ],
)
def test_a_languages_own_letters_come_before_the_digit(language: str, key: str, begins: str) -> None:
    assert on_key(key, language).startswith(begins)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi Bert, how's it going? See you at 7."),
        ("de", "Schöne Grüße aus Köln! Bis übermorgen."),
        ("es", "¿Mañana a las 8? ¡Sí, qué bien!"),
        ("fr", "Ça va? Je suis très désolé, à bientôt."),
        ("en", "Grüße, señor Ångström"),
        ("de", "ABC und xyz"),
    ],
)
def test_a_sentence_is_written_and_sent(language: str, text: str) -> None:
    hand = writing(language).type(text).press("#").wait(DONE_AFTER_S)
    assert hand.last == SendText(14, ANNA, text)


def test_the_next_letter_of_the_same_key_waits_for_a_rest() -> None:
    assert writing().press("2", after=0.1).press("22", after=0.3).typed == "C"
    assert writing().press("222", after=1.3).typed == "Aaa"
    assert writing().press("2222", after=0.3).typed == "2"


def test_another_key_settles_the_letter_at_once() -> None:
    assert writing().press("4").press("44", after=0.2).press("44", after=1.3).typed == "Igg"
    assert writing().press("44", after=0.1).press("333", after=0.1).typed == "Hf"


def test_open_letters_are_shown_until_they_settle() -> None:
    hand = writing().press("2")
    assert "[a]bc2" in hand.text
    hand.press("2", after=0.5)
    assert "a[b]c2" in hand.text
    assert "[" not in hand.wait(1.3).text


def test_star_takes_the_last_letter_back_and_then_leaves() -> None:
    hand = writing().type("Ab").press("*")
    assert hand.typed == "A"
    assert hand.press("*").typed == ""
    assert hand.press("*").page == "messages"


def test_a_long_digit_is_the_digit_and_spares_the_letter_before() -> None:
    assert writing().hold("7").typed == "7"
    assert writing().press("2").hold("3").typed == "A3"
    assert writing().press("2", after=0.1).press("2", after=0.3).hold("2").typed == "B2"
    # Held as the second press of the same key: the first press's letter was meant.
    assert writing().press("2").hold("2", after=0.3).typed == "A2"


def test_a_long_hash_goes_round_the_shifts_and_is_not_done() -> None:
    hand = writing(text="a ")
    shown = []
    for _ in range(4):
        hand.hold("#")
        shown.append(hand.screen().lines[0].right.split()[-1])
    assert shown[:4] == ["ABC", "123", "abc", "Abc"]
    assert not any(isinstance(one, SendText) for one in hand.wait(3).commands)


def test_digits_and_capitals_stay_until_changed() -> None:
    assert writing().hold("#").press("234", after=0.1).typed == "ADG"
    assert writing().hold("#").hold("#").press("2233", after=0.1).typed == "2233"


def test_a_sentence_begins_with_a_capital_and_a_name_each_word() -> None:
    assert writing().type("Hi. You").typed == "Hi. You"
    assert writing().press("4410", after=1.3).press("4").typed == "Gg. G"
    assert writing("es").type("¿").press("4").typed == "¿G"
    hand = Hand().open("2#").press("9876543210#")
    assert hand.press("2", after=1.3).press("0", after=1.3).press("2", after=1.3).typed == "A A"


def test_done_waits_for_a_long_hash_but_not_twice() -> None:
    hand = writing(text="Yes").press("#")
    assert hand.page == "write"
    assert hand.wait(DONE_AFTER_S).page == "message sent"
    assert writing(text="Yes").press("##", after=0.1).page == "message sent"
    assert writing(text="Yes").press("D").page == "message sent"


def test_a_text_ends_where_a_message_does() -> None:
    hand = writing(text="x" * LONGEST_TEXT).press("23")
    assert len(hand.typed) == LONGEST_TEXT
    assert len(hand.hold("5").typed) == LONGEST_TEXT


def test_a_word_that_was_used_before_is_offered_and_taken() -> None:
    hand = writing().type("Su")
    assert hand.screen().lines[-1].text == "Hold 0: Sunday"
    assert hand.hold("0").typed == "Sunday "
    assert "Hold 0" not in hand.text
    assert writing().type("Hi").hold("0").typed == "Hi0"


def test_a_long_text_shows_its_end_with_the_caret() -> None:
    numbers = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    hand = writing(text=numbers)
    rows = [line.text for line in hand.screen().lines]
    assert rows[4] == "fourteen fifteen_"
    assert rows[1] == "five six seven eight"


def test_a_long_text_is_never_closed_away_but_a_short_one_is() -> None:
    assert writing(text="Dear Anna").wait(10_000).typed == "Dear Anna"
    assert writing(text="Dea").wait(60).page == ""


def test_nothing_but_a_name_is_taken_for_a_name() -> None:
    hand = Hand().open("2#").press("9876543210#").press("#").wait(2)
    assert "Type a name" in hand.text
    hand.type("Zoë").press("#").wait(2)
    assert [one.contact.name for one in hand.commands if isinstance(one, SaveContact)] == ["Zoë"]
    assert hand.page == "contact"
