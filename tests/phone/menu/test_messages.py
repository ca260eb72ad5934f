from __future__ import annotations

from dataclasses import replace

from kallphone.phone import menu
from kallphone.phone.commands import DeleteMessage, MarkRead, SendText
from kallphone.phone.messages import Message, MessageState, Recording
from tests.phone.menu.hand import ANNA, BERT, NOW, STRANGER, Hand


def test_a_message_is_read_once() -> None:
    hand = Hand().open("32")
    assert hand.commands == [MarkRead(12)]
    assert hand.phone.unread == 1  # the recording
    assert hand.press("*2").commands == [MarkRead(12)]


def test_times_are_today_s_clock_or_the_date() -> None:
    rows = Hand().open("3").screen().lines
    assert [row.right for row in rows] == ["", "", "09:00", "14/1"]


def test_an_answer_goes_to_the_sender() -> None:
    hand = Hand().open("32#1").type("Yes").press("##", after=0.1)
    assert hand.last == SendText(14, ANNA, "Yes")
    assert hand.phone.messages[0] == Message(14, False, ANNA, "Yes", NOW, read=True)
    assert hand.phone.next_message == 15
    assert "Waiting to be sent" in hand.text


def test_a_sent_message_tells_how_far_it_is() -> None:
    assert "Delivered" in Hand().open("33").text
    assert {MessageState.WAITING, MessageState.TAKEN, MessageState.DELIVERED, MessageState.FAILED} == set(
        MessageState
    )


def test_a_message_to_a_number_that_is_typed() -> None:
    hand = Hand().open("31#2345#")
    assert "It has ten digits" in hand.text
    hand.press("*" * 4 + STRANGER + "#").type("Hi").press("D")
    assert hand.last == SendText(14, STRANGER, "Hi")


def test_an_empty_message_is_not_sent() -> None:
    hand = Hand().open("3126#").press("0").press("D")
    assert "Type your message" in hand.text
    assert hand.commands == []


def test_a_message_that_was_begun_is_there_again() -> None:
    hand = Hand().open("3126#").type("Dear").hold("*")
    assert hand.open("2444#1").typed == ""
    hand = Hand().open("3126#").type("Dear").hold("*")
    assert hand.open("22#1").typed == "Dear"
    assert hand.press("##", after=0.1).last == SendText(14, ANNA, "Dear")
    assert hand.hold("*").open("22#1").typed == ""
    hand = Hand().open("3126#").type("Ab").press("**")
    assert hand.hold("*").open("22#1").typed == ""


def test_a_call_that_comes_in_loses_no_word() -> None:
    hand = Hand().open("3126#").type("Dear")
    hand.phone = replace(hand.phone, pages=())
    assert hand.open("22#1").typed == "Dear"


def test_deleting_a_message() -> None:
    hand = Hand().open("32#2")
    assert hand.last == DeleteMessage(12)
    assert (hand.page, [one.id for one in hand.phone.messages]) == ("messages", [11])


def test_lifting_on_a_message_calls_its_sender() -> None:
    assert menu.number(Hand().open("32").phone) == ANNA
    assert menu.number(Hand().open("32#").phone) == ANNA
    assert menu.number(Hand().open("33").phone) == BERT


def test_a_message_that_arrives_does_not_move_what_is_chosen() -> None:
    hand = Hand().open("3BB")
    assert menu.number(hand.phone) == BERT
    hand.message(Message(20, True, STRANGER, "Hello", NOW))
    assert menu.number(hand.phone) == BERT


def test_a_long_message_is_read_to_its_end() -> None:
    hand = Hand().open("3")
    words = " ".join(f"word{n}" for n in range(120))
    hand.message(Message(20, True, STRANGER, words, NOW)).press("2")
    seen = ""
    for _ in range(12):
        seen += " ".join(line.text for line in hand.screen().lines[1:7]) + " "
        hand.press("0")
    assert all(f"word{n}" in seen for n in range(120))


def test_lifting_on_the_voicemail_plays() -> None:
    assert menu.recording(Hand().open("4").phone) == "13.opus"
    assert menu.recording(Hand().open("41").phone) == "13.opus"
    assert menu.number(Hand().open("41").phone) == ""
    assert menu.recording(Hand().open("4B").phone) == ""
    assert menu.number(Hand().open("4B").phone) == "3334445556"
    assert menu.number(Hand().open("411").phone) == STRANGER
    assert menu.recording(Hand().phone) == ""


def test_deleting_a_recording() -> None:
    hand = Hand().open("412")
    assert hand.last == DeleteMessage(13)
    assert (hand.page, hand.phone.recordings) == ("voicemail", ())


def test_a_recording_that_arrives_does_not_move_what_is_chosen() -> None:
    hand = Hand().open("4B").recording(Recording(30, ANNA, NOW, 5, file="30.opus"))
    assert menu.number(hand.phone) == "3334445556"
