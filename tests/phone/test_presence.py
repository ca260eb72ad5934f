from __future__ import annotations

from dataclasses import replace

from kallphone.phone.commands import AskReachable, Probe
from kallphone.phone.events import Event, Located, OffHook, Reachable, SipUnregistered
from kallphone.phone.machine import transition
from kallphone.phone.presence import ASK_AGAIN_S, MOST_PRESENCES, asked, reachable
from kallphone.phone.states import Line, LineStep, Phone

ANNA, BERT, URI = "2345678901", "4445556667", "sip:0x02@kall.test"
UP = Phone(line=Line(LineStep.UP, words=""))
ASKED, _ = asked(UP, ANNA, 0.0)


def told(phone: Phone, *events: Event) -> Phone:
    for event in events:
        phone, _ = transition(phone, event, 1.0)
    return phone


def test_a_question_goes_to_the_ledger_then_to_the_provider() -> None:
    phone, commands = asked(UP, ANNA, 0.0)
    assert commands == (AskReachable(ANNA),)
    phone, commands = transition(phone, Located(ANNA, URI), 1.0)
    assert (commands, reachable(phone, ANNA)) == ((Probe(ANNA, URI),), None)
    for answer in (True, False):
        assert reachable(told(phone, Reachable(ANNA, answer)), ANNA) is answer


def test_whom_no_provider_serves_is_not_reachable() -> None:
    phone, commands = transition(ASKED, Located(ANNA, ""), 1.0)
    assert (commands, reachable(phone, ANNA)) == ((), False)


def test_an_answer_holds_for_a_while_and_then_is_asked_for_anew() -> None:
    phone = told(ASKED, Reachable(ANNA, True))
    assert asked(phone, ANNA, ASK_AGAIN_S - 0.1) == (phone, ())
    again, commands = asked(phone, ANNA, ASK_AGAIN_S)
    assert (commands, reachable(again, ANNA)) == ((AskReachable(ANNA),), None)


def test_without_a_line_nothing_is_asked() -> None:
    assert asked(Phone(), ANNA, 0.0) == (Phone(), ())


def test_what_was_not_asked_or_is_answered_already_changes_nothing() -> None:
    answered = told(ASKED, Reachable(ANNA, True))
    for phone, number in ((UP, ANNA), (ASKED, BERT), (answered, ANNA)):
        for event in (Located(number, URI), Located(number, ""), Reachable(number, False)):
            assert transition(phone, event, 1.0) == (phone, ())


def test_an_answer_that_comes_with_the_handset_up_moves_nothing_else() -> None:
    lifted = told(ASKED, OffHook())
    answered = told(lifted, Reachable(ANNA, True))
    assert answered == replace(lifted, presences=answered.presences)
    assert reachable(answered, ANNA)


def test_a_line_that_went_down_is_not_asked_over() -> None:
    down = told(ASKED, SipUnregistered(0, ""))
    assert transition(down, Located(ANNA, URI), 1.0) == (down, ())


def test_no_more_than_the_newest_are_remembered() -> None:
    phone = UP
    for number in range(MOST_PRESENCES + 3):
        phone, _ = asked(phone, str(number), float(number))
    assert [one.number for one in phone.presences] == [str(n) for n in range(10, 2, -1)]
