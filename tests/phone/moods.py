from __future__ import annotations

from dataclasses import dataclass, field, replace

from kallphone.phone.book import Book, Contact
from kallphone.phone.commands import (
    AlertCaller,
    AnswerCall,
    Command,
    HangUp,
    IdentifyCaller,
    PlaceCall,
    RejectCall,
    SendDigit,
    TellPeer,
)
from kallphone.phone.events import (
    CallEnded,
    CallerIdentified,
    CallForwarded,
    CallId,
    CallTold,
    CreditChanged,
    Event,
    ExpectNote,
    HoldNote,
    HookFlashed,
    IncomingCall,
    KeyHeld,
    KeyPressed,
    MinutePassed,
    OffHook,
    OnHook,
    PinChecked,
    StorageFailed,
    TransferNote,
    TransferRefusedNote,
    Woken,
)
from kallphone.phone.settings import Forwarding, Limits, Screening, Settings
from kallphone.phone.states import Answering, Calling, Dialing, DialTone, InCall, Over, Phone, Ringing
from kallphone.phone.talking import calls
from tests.phone.world import FRIEND, NUMBER, OTHER, PEER, PRICE, World

PEST = Contact("5678901234", "Pest", b"\x05" * 20, blocked=True)
CHEAP = Contact(NUMBER, "Cheap", PEER, key="7", limit=PRICE * 3)
UNKNOWN = Contact(OTHER, "Never called")

BOOKS = (Book((FRIEND, CHEAP)), Book((FRIEND, PEST, CHEAP)), Book((FRIEND, UNKNOWN, CHEAP)), Book())
ACCOUNTS = (PEER, FRIEND.account, PEST.account, b"\x06" * 20)


@dataclass
class Moody(World):
    """A world whose owner changes the settings, and in which everybody does what comes to mind.

    `legs` are the calls that SIP has going on; `wrong` are commands for calls that it has not. `down` says
    where the handset really is, `begun` are all calls that SIP ever had.
    """

    legs: set[CallId] = field(default_factory=set)
    wrong: list[Command] = field(default_factory=list)
    day: int = 1
    down: bool = True
    begun: set[CallId] = field(default_factory=set)

    def step(self) -> tuple[Event, Phone, tuple[Command, ...]]:
        if self.random.random() < 0.02:
            settings, lock = self._settings(), replace(self.phone.lock, locked=self.random.random() < 0.2)
            self.phone = replace(self.phone, settings=settings, book=self.random.choice(BOOKS), lock=lock)
        return super().step()

    def _choose(self) -> Event:
        event = self._anything() if self.random.random() < 0.12 else super()._choose()
        match event:
            case OffHook() | OnHook():
                self.down = isinstance(event, OnHook)
            case CallForwarded(call=call) if call in [one.call for one in calls(self.phone)]:
                return Woken()  # SIP sends nobody on who has been answered
            case IncomingCall(call=call):
                self.legs.add(call)
            case CallEnded(call=call) | CallForwarded(call=call):
                self.legs.discard(call)
        self.begun |= self.legs
        return event

    def _hand_or_network(self) -> Event:
        mode, aside, roll = self.phone.mode, self.phone.aside, self.random.random()
        match mode:
            case DialTone() if roll < 0.7:
                return KeyPressed("7")
            case Dialing(digits="7"):
                return KeyPressed("#")
            case InCall() if roll < 0.15 and not self.phone.pages:
                return KeyPressed("D")
            case InCall() if roll < 0.2:
                return CallTold(mode.call, ExpectNote(self.random.choice(ACCOUNTS)))
            case InCall(expected=expected) if expected and roll < 0.3:
                return self._incoming(expected)
            case DialTone() | Dialing() | Over() if aside and roll > 0.8:
                return CallEnded(aside[0].call, 200, "")
            case _:
                return super()._hand_or_network()

    def _react(self, command: Command) -> None:
        match command:
            case PlaceCall(call=call):
                self.legs.add(call)
                self.begun.add(call)
            case HangUp(call=call) | RejectCall(call=call):
                self._expect(command, call)
                self.legs.discard(call)
            case AnswerCall(call=call) | AlertCaller(call=call) | TellPeer(call=call) | SendDigit(call=call):
                self._expect(command, call)
        if isinstance(command, IdentifyCaller):
            number = self.random.choice([NUMBER, OTHER, PEST.number, ""])
            self.pending.append(CallerIdentified(command.call, number, command.caller))
        else:
            super()._react(command)

    def _expect(self, command: Command, call: CallId) -> None:
        if call not in self.legs:
            self.wrong.append(command)

    def _incoming(self, caller: bytes | None = None) -> Event:
        call = CallId(self.next_incoming)
        self.next_incoming += 2
        caller = caller or self.random.choice([*ACCOUNTS, b""])
        verified, via = self.random.random() < 0.8, self.random.choice(["", "", OTHER])
        return IncomingCall(call, caller, verified=verified, diverted_from=via)

    def _anything(self) -> Event:
        self.day += self.random.random() < 0.1
        key = self.random.choice("0123456789*#ABCD")
        call = CallId(self.random.choice([*sorted(self.legs), 1]))
        notes = [TransferNote(OTHER), ExpectNote(PEER), HoldNote(held=True), TransferRefusedNote()]
        return self.random.choice(
            [
                KeyPressed(key), KeyHeld(key), HookFlashed(), self._incoming(), self._incoming(),
                MinutePassed("12:00", "Mon", self.day), CreditChanged(0, self._credit()),
                StorageFailed("disk full"), PinChecked(ok=self.random.random() < 0.5),
                *(CallTold(call, note) for note in notes), self._code(call),
            ]
        )  # fmt: skip

    def _settings(self) -> Settings:
        pick = self.random.choice
        some = (False, False, False, True)
        return Settings(
            do_not_disturb=pick(some), screening=pick([Screening.EVERYBODY, *Screening]),
            reject_anonymous=pick(some), allow_unverified=pick(some), call_waiting=not pick(some),
            forwarding=Forwarding(pick(["", "", "", OTHER]), pick(["", OTHER]), pick(["", OTHER])),
            voicemail=pick(["", OTHER]), hotline=pick(["", "", OTHER]), hotline_after_s=pick([0, 5]),
            one_key=pick(some), ask_above=pick([0, PRICE * 4]), speak_digits=pick(some),
            limits=Limits(pick([0, PRICE * 3]), pick([0, 0, PRICE * 8]), contacts_only=pick(some)),
            auto_lock=pick(some), has_pin=pick(some),
        )  # fmt: skip


def known(phone: Phone) -> list[CallId]:
    """Every call that the phone has in mind."""
    mode = phone.mode
    ids = [call.call for call in calls(phone)]
    ids += [one.caller.call for one in (phone.waiting, phone.arriving) if one is not None]
    match mode:
        case Calling(errand=of) | Ringing(caller=of) | Answering(caller=of):
            return [*ids, of.call]
        case _:
            return ids
