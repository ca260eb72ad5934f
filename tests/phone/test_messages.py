from hypothesis import given
from hypothesis import strategies as st

from kallphone.phone.messages import LONGEST_TEXT, clean_text


@given(st.text(max_size=2 * LONGEST_TEXT))
def test_a_clean_text_is_printable_bounded_and_stays_as_it_is(text: str) -> None:
    cleaned = clean_text(text)
    assert cleaned == "" or cleaned.isprintable()
    assert len(cleaned) <= LONGEST_TEXT
    assert clean_text(cleaned) == cleaned


def test_words_stay_apart_and_controls_go() -> None:
    assert clean_text(" see you\nat\teight\x1b[2J\u202e ☎ ") == "see you at eight[2J ☎"
    assert clean_text("x" * 1001) == "x" * 1000
    assert clean_text("x" * 999 + " y") == "x" * 999
