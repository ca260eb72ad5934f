from __future__ import annotations

import pytest

from kallmachine.words import BEEP, ECHO_TEST, LANGUAGES, NOT_DIVERTED, PAUSE, greeting
from kallphone.phone import words as phone_words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_every_announcement_is_spoken_in_every_language(language: str) -> None:
    parts = LANGUAGES[language].parts()
    for announcement in (ECHO_TEST, NOT_DIVERTED, greeting("2345678901"), greeting("9876543210")):
        assert set(announcement) <= {*parts, BEEP, PAUSE}
    assert all(text.strip() for text in parts.values())


def test_a_machine_speaks_what_a_phone_shows() -> None:
    assert set(LANGUAGES) == set(phone_words.LANGUAGES)


def test_the_number_is_read_in_its_groups() -> None:
    read = greeting("2345678901")
    digits = [part for part in read[2:-2] if part != PAUSE]
    assert "".join(digits) == "2345678901"
    assert [at for at, part in enumerate(read[2:-2]) if part == PAUSE] == [3, 7, 12]
