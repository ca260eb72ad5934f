from __future__ import annotations

import pytest

from kallphone.phone.commands import RateService, RefreshCredit, SendRatings
from kallphone.phone.events import (
    CallAnswered,
    CallEnded,
    CallId,
    CallMeasured,
    Credit,
    IncomingCall,
    KeyPressed,
    LineOpened,
    OffHook,
    OnHook,
    Woken,
)
from kallphone.phone.pictures import screen_for
from tests.phone.test_machine import CALL, HOME, ME, NUMBER, PEER, PRICE, Desk, calling, ready, talking

HEARD = (0.02, 12.0, 40.0, 30.0)
MEASURED = CallMeasured(CALL, *HEARD)


def test_what_a_call_measured_rates_who_carried_it() -> None:
    desk = talking()
    desk.send(CallEnded(CALL, 200, ""))
    before = (desk.phone.mode, screen_for(desk.phone))
    assert desk.send(MEASURED) == [RateService(CALL, HOME, *HEARD)]
    assert (desk.phone.mode, screen_for(desk.phone)) == before
    assert desk.send(MEASURED) == [], "a call rates once"


def test_a_measure_that_comes_after_the_handset_went_down_counts() -> None:
    desk = talking()
    desk.send(OnHook(), OffHook(), KeyPressed("2"))
    assert desk.send(MEASURED) == [RateService(CALL, HOME, *HEARD)]


def test_a_free_call_that_came_in_rates_the_own_provider() -> None:
    desk = ready()
    call = CallId(2)
    desk.send(IncomingCall(call, PEER), OffHook(), CallAnswered(call), CallEnded(call, 200, ""))
    assert desk.send(CallMeasured(call, *HEARD)) == [RateService(call, HOME, *HEARD)]


@pytest.mark.parametrize(("seconds", "rated"), [(4.9, False), (5.0, True)])
def test_a_call_of_a_moment_rates_nothing(seconds: float, rated: bool) -> None:
    desk = talking()
    desk.send(OnHook())
    assert bool(desk.send(CallMeasured(CALL, 0.9, 0.0, 0.0, seconds))) is rated


def test_measures_of_other_calls_are_dropped() -> None:
    desk = talking()
    assert desk.send(MEASURED) == [], "not while the call goes on"
    desk.send(OnHook())
    assert desk.send(CallMeasured(CallId(99), *HEARD)) == []
    for call in (2, 4, 6, 8):
        desk.send(IncomingCall(CallId(call), PEER), OffHook(), CallAnswered(CallId(call)), OnHook())
    assert desk.send(MEASURED) == [], "other calls ended since"


def test_a_call_that_was_never_answered_rates_nothing() -> None:
    desk = calling(ready())
    desk.send(OnHook())
    assert desk.send(MEASURED) == []


def test_a_call_without_a_provider_rates_nobody() -> None:
    desk, call = Desk(), CallId(2)
    desk.send(IncomingCall(call, PEER), OffHook(), CallAnswered(call), OnHook())
    assert desk.send(CallMeasured(call, *HEARD)) == []


def test_ratings_are_sent_once_an_hour_while_nobody_uses_the_phone() -> None:
    desk = ready()
    assert desk.wait(10.0) == [RefreshCredit(), SendRatings()]
    assert SendRatings() not in desk.wait(3590.0)
    assert SendRatings() in desk.wait(10.0)


def test_no_rating_is_sent_in_a_call_or_without_a_line() -> None:
    desk = talking(deposited=PRICE * 100)
    assert SendRatings() not in desk.wait(300.0)
    desk.send(OnHook())
    assert SendRatings() in desk.wait(10.0)
    down = Desk()
    down.send(Woken(), LineOpened(ME, NUMBER, 0, Credit(HOME, 0, 0, 0), 0, 1e6))
    assert SendRatings() not in down.wait(30.0)
