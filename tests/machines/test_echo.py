from __future__ import annotations

from kallmachine.echo import LONGEST_S, EchoTest
from kallmachine.visits import ANSWERING_S, Echo, MachineEvent, Play, Played, Transition
from kallphone.phone.commands import AnswerCall, HangUp, RejectCall
from kallphone.phone.events import CallEnded, CallId, IncomingCall, MediaStarted, Woken

CALL, OTHER = CallId(2), CallId(4)
CALLER = b"\x02" * 20
RULES = EchoTest(callers=2)


def told(*events: tuple[MachineEvent, float]) -> Transition:
    """Where these events lead, and what the last of them commands."""
    visits, commands = (), ()
    for event, now in events:
        visits, commands = RULES.transition(visits, event, now)  # type: ignore[assignment]
    return visits, commands


def media(call: CallId = CALL) -> MediaStarted:
    return MediaStarted(call, "opus/48000/2", "DTLS-SRTP")


def test_a_caller_is_answered_told_and_then_hears_itself() -> None:
    visits, commands = told((IncomingCall(CALL, CALLER), 0))
    assert commands == (AnswerCall(CALL),)
    visits, commands = RULES.transition(visits, media(), 1)
    assert [type(command) for command in commands] == [Play]
    assert commands[0].parts[1] == "echo"  # type: ignore[union-attr]
    visits, commands = RULES.transition(visits, Played(CALL), 6)
    assert commands == (Echo(CALL),)


def test_who_does_not_prove_who_they_are_is_refused() -> None:
    visits, commands = told((IncomingCall(CALL, CALLER, verified=False), 0))
    assert (visits, commands) == ((), (RejectCall(CALL, 428),))


def test_one_caller_too_many_hears_busy_until_another_leaves() -> None:
    third = IncomingCall(CallId(6), CALLER)
    two = ((IncomingCall(CALL, CALLER), 0.0), (IncomingCall(OTHER, CALLER), 0.0))
    assert told(*two, (third, 1.0))[1] == (RejectCall(CallId(6), 486),)
    assert told(*two, (CallEnded(OTHER, 200, ""), 1.0), (third, 2.0))[1] == (AnswerCall(CallId(6)),)


def test_a_call_ends_after_three_minutes() -> None:
    visits, _ = told((IncomingCall(CALL, CALLER), 0), (media(), 1), (Played(CALL), 6))
    assert visits[0].wakeup == 1 + LONGEST_S
    assert RULES.transition(visits, Woken(), LONGEST_S)[1] == ()
    assert RULES.transition(visits, Woken(), 1 + LONGEST_S) == ((), (HangUp(CALL),))


def test_a_call_without_sound_ends() -> None:
    visits, _ = told((IncomingCall(CALL, CALLER), 0))
    assert RULES.transition(visits, Woken(), ANSWERING_S) == ((), (HangUp(CALL),))


def test_what_comes_too_late_changes_nothing() -> None:
    ended = told((IncomingCall(CALL, CALLER), 0), (CallEnded(CALL, 487, ""), 1))
    assert ended == ((), ())
    for event in (media(), Played(CALL), CallEnded(CALL, 200, ""), Woken()):
        assert RULES.transition((), event, 2) == ((), ())
