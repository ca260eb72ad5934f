from __future__ import annotations

from kallmachine.visits import (
    ANSWERING_S,
    Heard,
    Listen,
    LookUp,
    MachineCommand,
    MachineEvent,
    Mailbox,
    MailboxFound,
    MailboxNotFound,
    Play,
    Played,
    Record,
    Visits,
)
from kallmachine.voicemail import LISTEN_S, LONGEST_S, LOOK_UP_S, SILENCE_S, Voicemail
from kallmachine.words import BEEP
from kallphone.phone.commands import AlertCaller, AnswerCall, HangUp, IdentifyCaller, RejectCall
from kallphone.phone.events import CallEnded, CallerIdentified, CallId, IncomingCall, MediaStarted, Woken

CALL = CallId(2)
CALLER, CALLEE = b"\x02" * 20, "2345678901"
MAILBOX = Mailbox(b"\x03" * 20, b"\x02" + b"\x04" * 32)
DIVERTED = IncomingCall(CALL, CALLER, diverted_from=CALLEE)
MEDIA = MediaStarted(CALL, "opus/48000/2", "DTLS-SRTP")


class Caller:
    """Drives the rules with a clock that moves as told."""

    def __init__(self) -> None:
        self.rules = Voicemail(callers=2)
        self.visits: Visits = ()
        self.now = 100.0

    def tell(self, *events: MachineEvent, after: float = 0.0) -> tuple[MachineCommand, ...]:
        self.now += after
        commands: tuple[MachineCommand, ...] = ()
        for event in events:
            self.visits, commands = self.rules.transition(self.visits, event, self.now)
        return commands

    def until_hung_up(self, *, speaks: bool) -> float:
        """Seconds of recording until the machine hangs up on a caller who goes on like this."""
        began = self.now
        while True:
            self.now = min(visit.wakeup for visit in self.visits)
            for command in self.tell(Woken()):
                answer = Heard(CALL, speaks) if isinstance(command, Listen) else None
                if HangUp(CALL) in ((command,) if answer is None else self.tell(answer)):
                    return self.now - began


def recording() -> Caller:
    caller = Caller()
    caller.tell(DIVERTED, MailboxFound(CALL, MAILBOX), CallerIdentified(CALL, "3456789012"), MEDIA)
    assert caller.tell(Played(CALL)) == (Record(CALL, MAILBOX, CALLER, "3456789012"),)
    return caller


def test_the_callee_is_looked_up_while_it_rings() -> None:
    caller = Caller()
    assert caller.tell(DIVERTED) == (AlertCaller(CALL), LookUp(CALL, CALLEE), IdentifyCaller(CALL, CALLER))
    assert caller.tell(MailboxFound(CALL, MAILBOX)) == (AnswerCall(CALL),)


def test_the_number_is_read_and_a_beep_comes_last() -> None:
    caller = Caller()
    caller.tell(DIVERTED, MailboxFound(CALL, MAILBOX))
    [play] = caller.tell(MEDIA)
    assert isinstance(play, Play)
    assert "".join(part for part in play.parts if part.isdigit()) == CALLEE
    assert play.parts[-1] == BEEP


def test_who_can_not_be_left_a_message_costs_the_caller_nothing() -> None:
    caller = Caller()
    caller.tell(DIVERTED)
    assert caller.tell(MailboxNotFound(CALL, "not on the ledger")) == (RejectCall(CALL, 480),)
    assert caller.visits == ()


def test_a_ledger_that_does_not_answer_leaves_nobody_hanging() -> None:
    caller = Caller()
    caller.tell(DIVERTED)
    assert caller.tell(Woken(), after=LOOK_UP_S) == (RejectCall(CALL, 480),)
    assert caller.tell(MailboxFound(CALL, MAILBOX)) == ()


def test_whoever_calls_directly_is_told_where_messages_are() -> None:
    caller = Caller()
    assert caller.tell(IncomingCall(CALL, CALLER)) == (AnswerCall(CALL),)
    [play] = caller.tell(MEDIA)
    assert isinstance(play, Play)
    assert "not-diverted" in play.parts
    assert caller.tell(Played(CALL)) == (HangUp(CALL),)
    assert caller.visits == ()


def test_silence_ends_a_recording() -> None:
    assert SILENCE_S <= recording().until_hung_up(speaks=False) <= SILENCE_S + LISTEN_S


def test_a_recording_is_two_minutes_at_most() -> None:
    assert recording().until_hung_up(speaks=True) == LONGEST_S


def test_a_caller_who_pauses_goes_on() -> None:
    caller = recording()
    for _ in range(5):
        assert caller.tell(Heard(CALL, spoke=False), after=SILENCE_S - 1) == ()
        assert caller.tell(Heard(CALL, spoke=True), after=0.5) == ()


def test_a_caller_who_hangs_up_before_the_beep_is_not_recorded() -> None:
    caller = Caller()
    caller.tell(DIVERTED, MailboxFound(CALL, MAILBOX), MEDIA)
    assert caller.tell(CallEnded(CALL, 200, "")) == ()
    assert caller.tell(Played(CALL)) == ()


def test_a_call_without_sound_ends() -> None:
    caller = Caller()
    caller.tell(DIVERTED, MailboxFound(CALL, MAILBOX))
    assert caller.tell(Woken(), after=ANSWERING_S) == (HangUp(CALL),)


def test_who_does_not_prove_who_they_are_leaves_nothing() -> None:
    caller = Caller()
    liar = IncomingCall(CALL, CALLER, verified=False, diverted_from=CALLEE)
    assert caller.tell(liar) == (RejectCall(CALL, 428),)


def test_one_caller_too_many_hears_busy() -> None:
    caller = Caller()
    caller.tell(IncomingCall(CallId(4), CALLER), IncomingCall(CallId(6), CALLER))
    assert caller.tell(DIVERTED) == (RejectCall(CALL, 486),)
