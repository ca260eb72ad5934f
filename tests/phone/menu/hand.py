"""A hand on the keys of a phone that does nothing but show its menu."""

from __future__ import annotations

from dataclasses import replace

from kallphone.phone import menu
from kallphone.phone.book import Book, Contact
from kallphone.phone.causes import Cause
from kallphone.phone.commands import Command
from kallphone.phone.device import DeviceFacts
from kallphone.phone.events import Credit, MessageArrived, PinChecked, RecordingArrived, WordsRead
from kallphone.phone.menu.backup import asked_back
from kallphone.phone.menu.letters import SHIFTS, on_key
from kallphone.phone.messages import Message, MessageState, Recording
from kallphone.phone.screens import Screen, Size
from kallphone.phone.settings import Settings
from kallphone.phone.states import Line, LineStep, Lock, Logged, Phone, Spent, Wall
from kallphone.phone.words import ENGLISH, Words

ANNA, BERT, STRANGER = "2345678901", "4445556667", "9876543210"
ACCOUNT, OWNER, HOME = bytes(range(20)), bytes(range(100, 120)), b"\x01" * 20
NOW = 1_800_000_000
HELD_AFTER_S = 0.8
WORDS = (
    "abandon", "ability", "able", "about", "zebra", "absent",
    "absorb", "abstract", "absurd", "abuse", "access", "accident",
)  # fmt: skip


def furnished(settings: Settings | None = None) -> Phone:
    """A phone that has been in use."""
    return Phone(
        line=Line(LineStep.UP, account=ACCOUNT, number="5551234567", balance=10_000_000, home=HOME),
        credits=(Credit(HOME, 1, 3_000_000, 700_000),),
        settings=settings or Settings(voicemail="3334445556", echo_test="3334445557"),
        book=Book((Contact(ANNA, "Anna Müller", favourite=True, key="2"), Contact(BERT, "Bert"))),
        log=(
            Logged(False, ANNA, b"", Cause.NO_ANSWER, "Tue 24 Nov 12:30", 0, 0),
            Logged(True, BERT, b"", Cause.HUNG_UP, "Tue 24 Nov 09:15", 201, 200_000),
            Logged(False, STRANGER, b"", Cause.FAR_END_HUNG_UP, "Mon 23 Nov 18:00", 65, 0),
            Logged(False, "", b"\x09" * 20, Cause.DECLINED, "Sun 22 Nov 08:00", 0, 0),
        ),
        messages=(
            Message(12, True, ANNA, "Shall we have lunch on Sunday? I would bring the cake this time.", NOW),
            Message(11, False, BERT, "See you", NOW - 90_000, read=True, state=MessageState.DELIVERED),
        ),
        recordings=(Recording(13, STRANGER, NOW - 100, 42, file="13.opus"),),
        next_message=14,
        missed=1,
        wall=Wall("12:45", "Tue 24 Nov", 739_944, NOW, 3600),
        spent=Spent(0, 200_000, ((BERT, 200_000),)),
        owner=OWNER,
        device=DeviceFacts("1.0 (20261125)", "100000003d1d1c5a"),
    )


class Hand:
    """`pin` is the one that opens this phone; its checks are answered at once."""

    def __init__(self, phone: Phone | None = None, pin: str = "1234") -> None:
        self.phone = phone or furnished()
        self.pin = pin
        self.now = 1000.0
        self.commands: list[Command] = []

    def open(self, keys: str = "") -> Hand:
        self.phone = menu.open_menu(self.phone, self.now)
        return self.press(keys)

    def press(self, keys: str, after: float = 2.0) -> Hand:
        for key in keys:
            self.wait(after)
            if self.phone.pages:
                self._take(menu.key(self.phone, key, self.now))
        return self

    def hold(self, key: str, after: float = 2.0) -> Hand:
        self.press(key, after).wait(HELD_AFTER_S)
        if self.phone.pages:
            self._take(menu.key(self.phone, key, self.now, held=True))
        return self

    def wait(self, seconds: float) -> Hand:
        """Time passes, and the menu is woken whenever it asked for it."""
        end = self.now + seconds
        while (at := menu.wakeup(self.phone)) is not None and at <= end:
            self.now = max(self.now, at)
            self._take(menu.due(self.phone, self.now))
        self.now = end
        return self

    def type(self, text: str) -> Hand:
        """Writes as people do: as many presses as a letter needs, and a rest."""
        for letter in text:
            self.wait(2.0)._shift_for(letter)
            key, presses = _presses(letter.lower(), self.phone.settings.language)
            self.wait(2.0)
            for _ in range(presses):
                self.press(key, after=0.1)
        return self.wait(1.5)

    def pin_checked(self, *, ok: bool, wait_s: int = 0) -> Hand:
        locked = self.phone.lock.locked and not ok
        self.phone = replace(self.phone, lock=Lock(locked, until=self.now + wait_s))
        self._take(menu.event(self.phone, PinChecked(ok, wait_s), self.now))
        return self

    def words_read(self, words: tuple[str, ...] = WORDS, trouble: str = "") -> Hand:
        self.phone = replace(self.phone, backup=words)
        self._take(menu.event(self.phone, WordsRead(words, trouble), self.now))
        return self

    def message(self, message: Message) -> Hand:
        self.phone = replace(self.phone, messages=(message, *self.phone.messages))
        self._take(menu.event(self.phone, MessageArrived(message), self.now))
        return self

    def recording(self, recording: Recording) -> Hand:
        self.phone = replace(self.phone, recordings=(recording, *self.phone.recordings))
        self._take(menu.event(self.phone, RecordingArrived(recording), self.now))
        return self

    def asked_word(self) -> str:
        """What the page that asks words of the backup back wants to read."""
        return self.phone.backup[asked_back(self.phone.backup)[int(self.phone.pages[-1].subject)]]

    @property
    def page(self) -> str:
        return self.phone.pages[-1].name if self.phone.pages else ""

    @property
    def typed(self) -> str:
        return self.phone.pages[-1].text

    @property
    def last(self) -> Command:
        return self.commands[-1]

    def screen(self, words: Words = ENGLISH) -> Screen:
        return menu.screen(self.phone, words)

    @property
    def text(self) -> str:
        return drawn(self.screen())

    def _take(self, change: tuple[Phone, tuple[Command, ...]]) -> None:
        self.phone, commands = change
        self.commands += commands

    def _shift_for(self, letter: str) -> None:
        wanted = {True: ("Abc", "ABC"), False: ("abc",)}[letter.isupper()]
        for _ in SHIFTS:
            if letter.isalpha() and SHIFTS[self.phone.pages[-1].shift] not in wanted:
                self.hold("#")


def drawn(screen: Screen) -> str:
    """As a person sees it: right parts flush right, the marked row with a bar before it."""
    rows = [f"[qr {screen.qr}]"] if screen.qr else []
    for line in screen.lines:
        columns = 18 if line.size is Size.LARGE else 21
        row = line.text + line.right.rjust(columns - len(line.text)) if line.right else line.text
        rows.append(("|" if line.inverse else " ") + row)
    return "\n".join(rows)


def _presses(letter: str, language: str) -> tuple[str, int]:
    for key in "0123456789":
        if letter in on_key(key, language):
            return key, on_key(key, language).index(letter) + 1
    raise AssertionError(f"no key has {letter!r} in {language}")
