from __future__ import annotations

from dataclasses import dataclass, replace

from kallmachine import words
from kallmachine.visits import (
    ANSWERING_S,
    Echo,
    MachineEvent,
    Played,
    Step,
    Transition,
    Visit,
    Visits,
    find,
    greeted,
    overdue,
    put,
    refusal,
    without,
)
from kallphone.phone.commands import AnswerCall
from kallphone.phone.events import CallEnded, IncomingCall, MediaStarted, Woken

LONGEST_S = 180.0


@dataclass(frozen=True)
class EchoTest:
    """Answers everybody who proves who they are, up to `callers` at once, and lets them hear themselves."""

    callers: int

    def transition(self, visits: Visits, event: MachineEvent, now: float) -> Transition:
        match event:
            case IncomingCall():
                return self._incoming(visits, event, now)
            case MediaStarted(call=call):
                return greeted(visits, call, words.ECHO_TEST, now + LONGEST_S)
            case Played(call=call) if visit := find(visits, call, Step.GREETING):
                return put(visits, replace(visit, step=Step.ECHOING)), (Echo(call),)
            case CallEnded(call=call):
                return without(visits, call), ()
            case Woken():
                return overdue(visits, now)
            case _:
                return visits, ()

    def _incoming(self, visits: Visits, event: IncomingCall, now: float) -> Transition:
        if refused := refusal(visits, event, self.callers):
            return visits, (refused,)
        visit = Visit(event.call, event.caller, Step.ANSWERING, now + ANSWERING_S)
        return put(visits, visit), (AnswerCall(event.call),)
