"""Callers at a machine: states, events and commands of its rules, which are pure like those of the phone.

`Rules.transition(visits, event, now)` moves all callers by one event; `now` is monotonic, in seconds. Their
deadlines are part of the state, so that no timer is ever started or forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Protocol

from kallphone.phone.commands import AlertCaller, AnswerCall, HangUp, IdentifyCaller, RejectCall
from kallphone.phone.events import CallId, Event, IncomingCall

BUSY_HERE = 486
NOT_VERIFIED = 428
"""RFC 8224: use of an identity is required."""

ANSWERING_S = 20.0
"""From our answer to secure sound; the SIP side gives up before that."""


class Step(Enum):
    LOOKING_UP = auto()
    ANSWERING = auto()
    GREETING = auto()
    ECHOING = auto()
    RECORDING = auto()


@dataclass(frozen=True)
class Visit:
    """A caller. `until` is when it is over at the latest; the rest serves a recording, see voicemail.py.

    `number` is the caller's own, `diverted_from` whose phone sent the call on.
    """

    call: CallId
    caller: bytes
    step: Step
    until: float
    number: str = ""
    diverted_from: str = ""
    mailbox: Mailbox | None = None
    heard_at: float = 0.0
    listen_at: float | None = None

    @property
    def wakeup(self) -> float:
        return self.until if self.listen_at is None else min(self.until, self.listen_at)


@dataclass(frozen=True)
class Mailbox:
    """A callee who takes messages: account and public key."""

    account: bytes
    key: bytes


# What happened, beside the events of the phone's SIP side.
@dataclass(frozen=True)
class Played:
    """All that was to be said to a caller has been said."""

    call: CallId


@dataclass(frozen=True)
class MailboxFound:
    call: CallId
    mailbox: Mailbox


@dataclass(frozen=True)
class MailboxNotFound:
    """No message can be taken for this callee; `words` are for the log."""

    call: CallId
    words: str


@dataclass(frozen=True)
class Heard:
    """Whether the caller spoke since the last Listen."""

    call: CallId
    spoke: bool


MachineEvent = Event | Played | MailboxFound | MailboxNotFound | Heard


# What is to be done.
@dataclass(frozen=True)
class Play:
    """Say these announcements one after the other (words.py); answered by Played."""

    call: CallId
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Echo:
    """The caller hears itself from now on."""

    call: CallId


@dataclass(frozen=True)
class LookUp:
    """Answered by MailboxFound or MailboxNotFound."""

    call: CallId
    number: str


@dataclass(frozen=True)
class Record:
    """Until the call ends; what was recorded goes to the mailbox by itself."""

    call: CallId
    mailbox: Mailbox
    caller: bytes
    number: str


@dataclass(frozen=True)
class Listen:
    """Answered by Heard."""

    call: CallId


MachineCommand = (
    AlertCaller | IdentifyCaller | AnswerCall | RejectCall | HangUp | Play | Echo | LookUp | Record | Listen
)

Visits = tuple[Visit, ...]
Transition = tuple[Visits, tuple[MachineCommand, ...]]


class Rules(Protocol):
    def transition(self, visits: Visits, event: MachineEvent, now: float) -> Transition: ...


def refusal(visits: Visits, event: IncomingCall, most: int) -> RejectCall | None:
    """Who is not answered: callers who don't prove who they are, and those above `most` at once."""
    if not event.verified:
        return RejectCall(event.call, NOT_VERIFIED)
    return RejectCall(event.call, BUSY_HERE) if len(visits) >= most else None


def find(visits: Visits, call: CallId, step: Step) -> Visit | None:
    return next((visit for visit in visits if visit.call == call and visit.step is step), None)


def put(visits: Visits, visit: Visit) -> Visits:
    """The visit in place of what it was before."""
    return (*without(visits, visit.call), visit)


def without(visits: Visits, call: CallId) -> Visits:
    return tuple(visit for visit in visits if visit.call != call)


def greeted(visits: Visits, call: CallId, parts: tuple[str, ...], until: float) -> Transition:
    """Secure sound has come up: the caller hears `parts`."""
    visit = find(visits, call, Step.ANSWERING)
    if visit is None:
        return visits, ()
    return put(visits, replace(visit, step=Step.GREETING, until=until)), (Play(call, parts),)


def overdue(visits: Visits, now: float) -> Transition:
    """Hangs up on those whose time is over."""
    late = [visit.call for visit in visits if visit.until <= now]
    stay = tuple(visit for visit in visits if visit.until > now)
    return stay, tuple(HangUp(call) for call in late)
