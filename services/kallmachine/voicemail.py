from __future__ import annotations

from dataclasses import dataclass, replace

from kallmachine import words
from kallmachine.visits import (
    ANSWERING_S,
    Heard,
    Listen,
    LookUp,
    MachineCommand,
    MachineEvent,
    MailboxFound,
    MailboxNotFound,
    Played,
    Record,
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
from kallphone.phone.commands import AlertCaller, AnswerCall, HangUp, IdentifyCaller, RejectCall
from kallphone.phone.events import CallEnded, CallerIdentified, CallId, IncomingCall, MediaStarted, Woken

LOOK_UP_S = 15.0
GREETING_S = 60.0
LONGEST_S = 120.0
SILENCE_S = 10.0
LISTEN_S = 1.0

TEMPORARILY_UNAVAILABLE = 480


@dataclass(frozen=True)
class Voicemail:
    """Takes messages for whoever sends their callers here, up to `callers` at once.

    The callee is looked up before the answer, since ringing is free: a caller pays nothing where no message
    could be taken, and nothing is recorded that could not be sealed.
    """

    callers: int

    def transition(self, visits: Visits, event: MachineEvent, now: float) -> Transition:
        match event:
            case IncomingCall():
                return self._incoming(visits, event, now)
            case MailboxFound() | MailboxNotFound():
                return _looked_up(visits, event, now)
            case CallerIdentified(call=call, number=number):
                return tuple(replace(v, number=number) if v.call == call else v for v in visits), ()
            case MediaStarted(call=call):
                return greeted(visits, call, _greeting(visits, call), now + GREETING_S)
            case Played(call=call) if visit := find(visits, call, Step.GREETING):
                return _beeped(visits, visit, now)
            case Heard(call=call, spoke=spoke) if visit := find(visits, call, Step.RECORDING):
                return _heard(visits, visit, now, spoke=spoke)
            case CallEnded(call=call):
                return without(visits, call), ()
            case Woken():
                return _due(visits, now)
            case _:
                return visits, ()

    def _incoming(self, visits: Visits, event: IncomingCall, now: float) -> Transition:
        if refused := refusal(visits, event, self.callers):
            return visits, (refused,)
        call, callee = event.call, event.diverted_from
        if not callee:
            visit = Visit(call, event.caller, Step.ANSWERING, now + ANSWERING_S)
            return put(visits, visit), (AnswerCall(call),)
        visit = Visit(call, event.caller, Step.LOOKING_UP, now + LOOK_UP_S, diverted_from=callee)
        commands = (AlertCaller(call), LookUp(call, callee), IdentifyCaller(call, event.caller))
        return put(visits, visit), commands


def _looked_up(visits: Visits, event: MailboxFound | MailboxNotFound, now: float) -> Transition:
    call = event.call
    visit = find(visits, call, Step.LOOKING_UP)
    if visit is None:
        return visits, ()
    if isinstance(event, MailboxNotFound):
        return without(visits, call), (RejectCall(call, TEMPORARILY_UNAVAILABLE),)
    visit = replace(visit, step=Step.ANSWERING, until=now + ANSWERING_S, mailbox=event.mailbox)
    return put(visits, visit), (AnswerCall(call),)


def _greeting(visits: Visits, call: CallId) -> tuple[str, ...]:
    visit = find(visits, call, Step.ANSWERING)
    return words.greeting(visit.diverted_from) if visit and visit.mailbox else words.NOT_DIVERTED


def _beeped(visits: Visits, visit: Visit, now: float) -> Transition:
    if visit.mailbox is None:
        return without(visits, visit.call), (HangUp(visit.call),)
    recording = replace(
        visit, step=Step.RECORDING, until=now + LONGEST_S, heard_at=now, listen_at=now + LISTEN_S
    )
    return put(visits, recording), (Record(visit.call, visit.mailbox, visit.caller, visit.number),)


def _heard(visits: Visits, visit: Visit, now: float, *, spoke: bool) -> Transition:
    if spoke:
        return put(visits, replace(visit, heard_at=now)), ()
    if now - visit.heard_at < SILENCE_S:
        return visits, ()
    return without(visits, visit.call), (HangUp(visit.call),)


def _due(visits: Visits, now: float) -> Transition:
    gone = [visit for visit in visits if visit.until <= now and visit.step is Step.LOOKING_UP]
    visits = tuple(visit for visit in visits if visit not in gone)
    rejected: tuple[MachineCommand, ...] = tuple(
        RejectCall(visit.call, TEMPORARILY_UNAVAILABLE) for visit in gone
    )
    visits, hung_up = overdue(visits, now)
    visits, listened = _listen(visits, now)
    return visits, rejected + hung_up + listened


def _listen(visits: Visits, now: float) -> Transition:
    due = [visit for visit in visits if visit.listen_at is not None and visit.listen_at <= now]
    for visit in due:
        visits = put(visits, replace(visit, listen_at=now + LISTEN_S))
    return visits, tuple(Listen(visit.call) for visit in due)
