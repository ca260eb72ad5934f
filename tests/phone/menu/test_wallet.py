from __future__ import annotations

from dataclasses import replace

from kallphone.phone import menu
from kallphone.phone.commands import ReadWords, SaveSettings, Withdraw
from kallphone.phone.events import StorageFailed, Withdrawn
from kallphone.phone.menu.backup import asked_back
from tests.phone.menu.hand import ACCOUNT, WORDS, Hand, drawn, furnished


def test_the_top_up_code_is_the_account_in_capitals() -> None:
    screen = Hand().open("51").screen()
    assert screen.qr == "0X" + ACCOUNT.hex().upper()
    assert "Have 12.30" in screen.text


def test_money_that_comes_in_is_told_while_the_code_is_shown() -> None:
    hand = Hand().open("51")
    assert "Received" not in hand.text
    hand.phone = replace(hand.phone, line=replace(hand.phone.line, balance=12_000_000))
    assert "Received 2.00" in hand.text


def test_a_deposit_out_of_the_balance_is_no_income() -> None:
    hand = Hand().open("51")
    credit = replace(hand.phone.credits[0], deposited=5_000_000)
    line = replace(hand.phone.line, balance=8_000_000)
    hand.phone = replace(hand.phone, credits=(credit,), line=line)
    assert "Received" not in hand.text


def test_the_line_looks_more_often_while_the_code_is_shown() -> None:
    hand = Hand().open("5")
    hand.phone = replace(hand.phone, line=replace(hand.phone.line, refresh_at=hand.now + 600))
    hand.press("1")
    assert hand.phone.line.refresh_at == hand.now
    hand.phone = replace(hand.phone, line=replace(hand.phone.line, refresh_at=hand.now + 600))
    hand.phone, _ = menu.due(hand.phone, hand.now)
    assert hand.phone.line.refresh_at == hand.now + 5


def test_the_code_stays_for_somebody_with_a_wallet_in_the_hand() -> None:
    assert Hand().open("51").wait(500).page == "top up"
    assert Hand().open("51").wait(700).page == ""
    assert Hand().open("52").wait(61).page == ""


def test_limits_are_typed_in_hundredths() -> None:
    hand = Hand().open("541").press("250")
    assert "2.50" in hand.text
    hand.press("#")
    assert hand.phone.settings.limits.per_call == 2_500_000
    assert hand.last == SaveSettings(hand.phone.settings)
    hand.press("2").press("1000#").press("3").press("45#")
    limits = hand.phone.settings.limits
    assert (limits.per_day, limits.contacts_only, hand.phone.settings.ask_above) == (10_000_000, True, 50_000)
    assert hand.press("1#").phone.settings.limits.per_call == 0


def test_receipts_are_the_calls_that_cost_something() -> None:
    assert "Bert           0.20" in Hand().open("53").text
    assert "3:21 min, cost 0.20" in Hand().open("531").text


def test_withdrawing_asks_sends_and_tells() -> None:
    hand = Hand().open("55")
    assert "Send 10.00" in hand.text
    hand.press("#")
    assert hand.commands == [Withdraw(10_000_000)]
    assert "Sending" in hand.text
    hand.phone, _ = menu.event(hand.phone, Withdrawn(10_000_000), hand.now)
    assert "Sent 10.00" in hand.text
    assert hand.press("#").page == "wallet"


def test_a_withdrawal_that_failed_says_why() -> None:
    hand = Hand().open("55#")
    hand.phone, _ = menu.event(hand.phone, Withdrawn(0, "The ledger is away"), hand.now)
    assert "Nothing was sent" in hand.text
    assert "ledger is away" in hand.text


def test_nothing_is_withdrawn_without_an_owner_or_coins() -> None:
    hand = Hand(replace(furnished(), owner=b"")).open("55")
    assert "No owner" in hand.text
    assert hand.press("#").commands == []
    poor = furnished()
    hand = Hand(replace(poor, line=replace(poor.line, balance=0))).open("55")
    assert hand.press("#").commands == []


def test_the_words_are_shown_three_by_three_and_asked_back() -> None:
    hand = Hand().open("56#")
    assert hand.commands == [ReadWords()]
    assert "One moment" in hand.text
    hand.words_read()
    shown = [hand.text, *(hand.press("#").text for _ in range(3))]
    assert all(f"{place + 1} {word}" in shown[place // 3] for place, word in enumerate(WORDS))
    hand.press("#")
    for place in asked_back(WORDS):
        assert f"word {place + 1}," in hand.text
        hand.type(WORDS[place]).press("#")
    assert hand.page == "backup done"
    assert hand.phone.backup == ()
    assert hand.press("#").page == "wallet"


def test_four_letters_of_a_word_are_enough_three_are_not() -> None:
    hand = Hand().open("56#").words_read().press("####")
    word = hand.asked_word()
    assert "Another word" in hand.type(word[:3]).press("#").text
    assert hand.typed == ""
    hand.type(word[:4]).press("#")
    assert hand.phone.pages[-1].subject == "1"


def test_going_back_from_the_question_shows_the_words_again() -> None:
    hand = Hand().open("56#").words_read().press("####*")
    assert "1 abandon" in hand.text


def test_the_backup_is_never_closed_by_the_clock_and_forgotten_when_left() -> None:
    hand = Hand().open("56#").words_read().wait(100_000)
    assert hand.phone.backup == WORDS
    assert hand.press("*").phone.backup == ()
    assert Hand().open("56#").words_read().press("####").hold("*").phone.backup == ()


def test_words_that_come_after_the_page_was_left_are_dropped() -> None:
    assert Hand().open("56#").press("*").words_read().phone.backup == ()
    assert Hand().open("56#").hold("*").words_read().phone.backup == ()
    hand = Hand().open("56#").words_read()
    hand.phone, _ = menu.due(replace(hand.phone, pages=()), hand.now)
    assert hand.phone.backup == ()


def test_the_places_asked_back_depend_on_the_words_alone() -> None:
    assert asked_back(WORDS) == asked_back(WORDS)
    assert len(set(asked_back(WORDS))) == 3
    others = {tuple(asked_back((*WORDS[:11], f"word{n}"))) for n in range(20)}
    assert len(others) > 10


def test_words_that_can_t_be_read_say_why() -> None:
    hand = Hand().open("56#").words_read((), "This key has no words")
    assert "This key has no words" in " ".join(hand.text.split())
    assert hand.press("#").page == "backup"


def test_the_words_are_in_no_command_and_no_repr() -> None:
    hand = Hand().open("56#").words_read()
    told = ""
    for keys in ("#", "#", "#", "#"):
        told += repr(hand.phone) + repr(hand.commands)
        hand.press(keys)
    for _ in range(3):
        hand.type(hand.asked_word())
        told += repr(hand.phone) + repr(hand.commands)
        hand.press("#")
    assert hand.page == "backup done"
    told += repr(hand.phone) + repr(hand.commands)
    assert not [word for word in WORDS if word in told]


def test_a_failure_to_keep_something_is_said_on_the_page() -> None:
    hand = Hand().open("7")
    hand.phone, _ = menu.event(hand.phone, StorageFailed("The card is full"), hand.now)
    assert "The card is full" in drawn(hand.screen())
