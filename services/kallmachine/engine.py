from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kallmachine.errors import MachineError
from kallmachine.visits import (
    Echo,
    Heard,
    Listen,
    LookUp,
    MachineCommand,
    MachineEvent,
    Play,
    Record,
    Rules,
    Visits,
)
from kallphone.phone import line
from kallphone.phone.commands import (
    AlertCaller,
    AnswerCall,
    Command,
    HangUp,
    IdentifyCaller,
    OpenLine,
    RateService,
    RefreshCredit,
    RegisterSip,
    RejectCall,
    SendRatings,
)
from kallphone.phone.events import (
    CallId,
    CallMeasured,
    CreditChanged,
    IncomingCall,
    LineFailed,
    LineOpened,
    LineProgressed,
    SipRegistered,
    SipUnregistered,
    Woken,
)
from kallphone.phone.states import Phone
from kallphone.phone.talking import SHORTEST_RATED_S
from kallphone.ports import SipCredentials
from kallphone.storage.errors import StorageError

log = logging.getLogger(__name__)


class Sip(Protocol):
    """What of the phone's Sip port a machine needs, and its desk; kallphone.sip.PjSip."""

    def register(self, credentials: SipCredentials) -> None: ...
    def alert(self, call: CallId) -> None: ...
    def answer(self, call: CallId) -> None: ...
    def reject(self, call: CallId, code: int) -> None: ...
    def hang_up(self, call: CallId) -> None: ...
    def at_desk(self, act: Callable[[Any], None]) -> None:
        """`act` gets the Booths, on the SIP thread."""


class Payments(Protocol):
    """What of the phone's Payments port a machine needs."""

    def open_line(self) -> None: ...
    def credentials(self) -> SipCredentials | None: ...
    def refresh_credit(self) -> None: ...
    def rate_service(self, command: RateService) -> None: ...
    def send_ratings(self) -> None: ...


class Directory(Protocol):
    def identify(self, call: CallId, caller: bytes) -> None:
        """Answered by CallerIdentified."""


class Recorder(Protocol):
    """Where a voicemail looks up callees and records, kallmachine.mailboxes.Mailboxes."""

    def look_up(self, call: CallId, number: str) -> None:
        """Answered by MailboxFound or MailboxNotFound."""

    def begin(self, record: Record) -> Path: ...
    def spoke(self, file: Path) -> bool: ...


@dataclass(frozen=True)
class Adapters:
    sip: Sip
    payments: Payments
    directory: Directory
    recorder: Recorder | None = None


@dataclass
class MachineEngine:
    """Owns a machine's line and its callers, on the asyncio main thread.

    The line is a phone's, moved by the same rules; `clock` is the running loop's own.
    """

    adapters: Adapters
    rules: Rules
    announcements: dict[str, Path]
    clock: Callable[[], float]
    on_line: Callable[[str], None] = lambda _: None
    inbox: asyncio.Queue[MachineEvent] = field(default_factory=asyncio.Queue)
    phone: Phone = field(default_factory=Phone)
    visits: Visits = ()
    _files: dict[CallId, Path] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled; raises MachineError where the provider's terms are not for a machine."""
        while True:
            self.step(await self._next_event())

    def step(self, event: MachineEvent) -> None:
        before = self.phone.line
        self.phone, commands = _moved_line(self.phone, event, self.clock())
        if self.phone.line.up and not before.up:
            self.on_line(self.phone.line.number)
        elif before.words != self.phone.line.words:
            log.info("line: %s", self.phone.line.words)
        self._carry_out_all(commands)
        self._move_visits(event)

    def wakeup(self) -> float | None:
        times = [*line.wakeups(self.phone.line), *(visit.wakeup for visit in self.visits)]
        return min(times, default=None)

    def _move_visits(self, event: MachineEvent) -> None:
        if isinstance(event, IncomingCall) and not self.phone.line.up:
            log.info("a call came in while the line is down")
        self.visits, commands = self.rules.transition(self.visits, event, self.clock())
        going_on = {visit.call for visit in self.visits}
        self._files = {call: file for call, file in self._files.items() if call in going_on}
        self._carry_out_all(commands)

    async def _next_event(self) -> MachineEvent:
        try:
            async with asyncio.timeout_at(self.wakeup()):
                return await self.inbox.get()
        except TimeoutError:
            return Woken()

    def _carry_out_all(self, commands: Iterable[Command | MachineCommand]) -> None:
        for command in commands:
            # Not with whom: who left a message for whom is nobody's business.
            log.debug("%s %s", type(command).__name__, getattr(command, "call", ""))
            self._carry_out(command)

    def _carry_out(self, command: Command | MachineCommand) -> None:
        payments = self.adapters.payments
        match command:
            case OpenLine():
                payments.open_line()
            case RegisterSip():
                self._register()
            case RefreshCredit():
                payments.refresh_credit()
            case SendRatings():
                payments.send_ratings()
            case RateService():
                payments.rate_service(command)
            case IdentifyCaller(call=call, caller=caller):
                self.adapters.directory.identify(call, caller)
            case LookUp(call=call, number=number):
                self._recorder.look_up(call, number)
            case AlertCaller() | AnswerCall() | RejectCall() | HangUp():
                self._signal(command)
            case Play() | Echo() | Record() | Listen():
                self._sound(command)
            case _:
                raise AssertionError(command)

    def _signal(self, command: AlertCaller | AnswerCall | RejectCall | HangUp) -> None:
        sip = self.adapters.sip
        match command:
            case AlertCaller(call=call):
                sip.alert(call)
            case AnswerCall(call=call):
                sip.answer(call)
            case RejectCall(call=call, code=code):
                sip.reject(call, code)
            case HangUp(call=call):
                sip.hang_up(call)

    def _sound(self, command: Play | Echo | Record | Listen) -> None:
        sip = self.adapters.sip
        match command:
            case Play(call=call, parts=parts):
                files = [self.announcements[part] for part in parts]
                sip.at_desk(lambda booths: booths.play(call, files))
            case Echo(call=call):
                sip.at_desk(lambda booths: booths.echo(call))
            case Record():
                self._record(command)
            case Listen(call=call):
                spoke = call in self._files and self._recorder.spoke(self._files[call])
                self.inbox.put_nowait(Heard(call, spoke))

    def _record(self, command: Record) -> None:
        call = command.call
        try:
            file = self._files[call] = self._recorder.begin(command)
        except (OSError, StorageError) as error:
            log.warning("nothing can be recorded: %s", error)
            self.adapters.sip.hang_up(call)
            return
        self.adapters.sip.at_desk(lambda booths: booths.record(call, file))

    @property
    def _recorder(self) -> Recorder:
        assert self.adapters.recorder is not None  # only a voicemail's rules ask for it
        return self.adapters.recorder

    def _register(self) -> None:
        credentials = self.adapters.payments.credentials()
        if credentials is None:
            self.inbox.put_nowait(SipUnregistered(0, "No credentials yet"))
        else:
            self.adapters.sip.register(credentials)


def _moved_line(phone: Phone, event: MachineEvent, now: float) -> tuple[Phone, tuple[Command, ...]]:
    match event:
        case Woken():
            return line.due(phone, now)
        case LineProgressed(words=words):
            return line.progressed(phone, words), ()
        case LineOpened(incoming_price=price):
            if price:
                raise MachineError(_NOT_FOR_MACHINES)
            return line.opened(phone, event, now)
        case LineFailed(words=words):
            return line.failed(phone, words, now), ()
        case SipRegistered():
            return line.registered(phone), ()
        case SipUnregistered(words=words):
            return line.unregistered(phone, words, now), ()
        case CreditChanged():
            return line.credit_changed(phone, event, now), ()
        case CallMeasured():
            return phone, _rating(phone, event)
        case _:
            return phone, ()


_NOT_FOR_MACHINES = (
    "this provider charges the called side a share of each call, which a machine does not pay: "
    "choose a provider whose terms say inviter_share = 100"
)


def _rating(phone: Phone, event: CallMeasured) -> tuple[Command, ...]:
    if event.seconds < SHORTEST_RATED_S or not phone.line.home:
        return ()
    heard = (event.loss, event.jitter, event.delay, event.seconds)
    return (RateService(event.call, phone.line.home, *heard),)
