"""Every page is reached by keys, looks as recorded, fits, and is left again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kallphone.languages import translation
from kallphone.phone.menu.glance import LARGE_COLUMNS, MOST_ROWS
from kallphone.phone.menu.kinds import EntryPage
from kallphone.phone.menu.tree import PAGES
from kallphone.phone.screens import COLUMNS, Screen, Size, TextLine
from kallphone.phone.states import Phone
from kallphone.phone.words import LANGUAGES
from tests.phone.menu.hand import Hand
from tests.phone.menu.paths import ALL, GOLDEN, PATHS, reached, recorded


def longer(words: str) -> str:
    """A language that needs nearly a third more room, and keeps the {placeholders}."""
    return words + "~" * (len(words) * 3 // 10 + 1)


def test_every_page_is_reached() -> None:
    assert set(ALL) == set(PAGES)


@pytest.mark.parametrize("name", ALL)
def test_page_is_reached_by_keys_and_left_again(name: str) -> None:
    hand = reached(name)
    assert hand.page == name
    hand.hold("*")
    assert hand.phone.pages == ()
    assert hand.phone.backup == ()


@pytest.mark.parametrize("name", sorted(PATHS))
def test_going_back_step_by_step_leaves_the_menu_too(name: str) -> None:
    hand = reached(name)
    for _ in range(60):
        if not hand.phone.pages:
            return
        hand.press("*")
    pytest.fail(f"still on {hand.page}")


def test_pages_look_as_recorded() -> None:
    """`python -m tests.phone.menu.paths` records them anew."""
    assert "\n".join(recorded(name) for name in ALL) == GOLDEN.read_text()


@pytest.mark.parametrize("words", [longer, *(translation(language) for language in LANGUAGES)])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("name", ALL)
def test_no_row_is_longer_than_the_glass_is_wide(name: str, large: bool, words: Callable[[str], str]) -> None:
    assert_fits(reached(name, large=large).screen(words))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ALL)
def test_no_text_of_the_menu_is_cut_in_any_language(name: str, language: str) -> None:
    screen = reached(name).screen(translation(language))
    assert not [line for line in screen.lines if line.text.endswith("…") or line.right.endswith("…")]


@pytest.mark.parametrize("name", [name for name in ALL if not isinstance(PAGES[name], EntryPage)])
def test_every_row_of_a_page_is_seen_on_a_small_glass(name: str) -> None:
    """Turning with 0 brings each row that a large glass shows into the first six."""
    hand = reached(name)
    seen: set[str] = set()
    whole = {line.text for line in hand.screen().lines[1:]}
    for _ in range(8):
        seen |= {line.text for line in hand.screen().lines[1:7]}
        hand.press("0" if hand.page == name and name != "call" else "")
    assert whole - seen == (set() if name != "call" else whole - seen)


def test_a_label_gives_way_to_its_value() -> None:
    line = _rows(Hand().open("6").screen(longer))[5]
    assert line.right.startswith("Everybody")
    assert line.text == "6 Rings f…"


def test_large_letters_are_large_and_turn_sooner() -> None:
    screen = reached("main", large=True).screen()
    assert {line.size for line in _rows(screen)} == {Size.LARGE}
    hand = reached("main", large=True)
    assert "1/3" in hand.screen().lines[0].right
    hand.press("0")
    assert hand.screen().lines[1].text == "4 Voicemail"
    assert hand.screen().lines[1].inverse


def test_zero_turns_and_comes_round() -> None:
    hand = Hand().open("0")
    assert hand.screen().lines[0].right == "2/2"
    assert [line.text[0] for line in _rows(hand.screen())] == list("456789")
    assert hand.press("0").screen().lines[0].right == "1/2"


def test_up_and_down_keys_of_a_large_keypad_move_by_one_row() -> None:
    hand = Hand().open("BB")
    assert hand.phone.pages[-1].cursor == 2
    assert hand.press("AAA").phone.pages[-1].cursor == 8
    assert hand.press("D").page == "phone"
    assert hand.press("C").page == "main"


def test_a_digit_without_a_row_does_nothing() -> None:
    assert Hand().open("19").page == "calls"


def test_a_phone_that_is_new_shows_empty_pages() -> None:
    hand = Hand(Phone()).open("1")
    assert hand.text == "|Calls\n No calls yet"
    assert "no account yet" in " ".join(Hand(Phone()).open("51").text.split())
    assert Hand(Phone()).open("91").screen().qr == ""


def test_bright_screens_are_bright() -> None:
    hand = Hand().open("83")
    assert hand.phone.settings.bright
    assert hand.screen().bright


def assert_fits(screen: Screen) -> None:
    assert 0 < len(screen.lines) <= MOST_ROWS
    for line in screen.lines:
        columns = LARGE_COLUMNS if line.size is Size.LARGE else COLUMNS
        gap = 1 if line.right else 0
        assert len(line.text) + gap + len(line.right) <= columns, line


def _rows(screen: Screen) -> tuple[TextLine, ...]:
    return screen.lines[1:]
