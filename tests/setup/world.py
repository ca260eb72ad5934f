"""A person before the pure machine, and a world that answers what it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kallphone.phone.commands import Command, ReadWords, SetPin
from kallphone.phone.events import KeyHeld, KeyPressed, Woken, WordsRead
from kallphone.phone.screens import Screen
from kallphone.phone.words import ENGLISH, Words
from kallphone.setup.machine import screen_for, start, transition, wakeup_for
from kallphone.setup.network import JoinRefused, NetworkError
from kallphone.setup.simulated_network import SimulatedNetwork
from kallphone.setup.states import (
    STEPS,
    CloseHotspot,
    ConfigWritten,
    Hotspot,
    HotspotChanged,
    JoinWifi,
    KeepProgress,
    KeyReady,
    KeyRefused,
    LinkFound,
    MakeKey,
    NetworksFound,
    Newcomer,
    OpenHotspot,
    Progress,
    RestoreKey,
    SearchNetworks,
    Setup,
    SetupCommand,
    SetupEvent,
    Trouble,
    WifiJoined,
    WifiRefused,
    WriteConfig,
)
from kallphone.storage.errors import WordsWrong
from kallphone.storage.words import entropy_of, word_list, words_of

HOTSPOT = Hotspot("KallPhone-k7xq", "m4vhxq7rpw2k", "http://10.44.0.1:8080/h3kq9wzmx5rtabcd")
PROVIDER = "https://kall.test:8443"
BACKUP = words_of(bytes(range(16)))
OTHER_WORDS = words_of(bytes(16))


@dataclass
class World:
    """What outlives a power cut: `keys` in the order in which they were made, PIN, progress, config."""

    network: SimulatedNetwork = field(default_factory=SimulatedNetwork)
    steps: tuple[str, ...] = tuple(step for step in STEPS if step != "provider")
    provider: str = PROVIDER
    keys: list[tuple[str, ...]] = field(default_factory=list)
    pin: str = ""
    progress: Progress = field(default_factory=Progress)
    config: WriteConfig | None = None
    hotspot: Hotspot | None = None
    opened: OpenHotspot | None = None

    def answer(self, command: Command | SetupCommand) -> SetupEvent | None:
        match command:
            case SearchNetworks():
                return NetworksFound(self.network.search())
            case JoinWifi():
                return self._join(command)
            case OpenHotspot():
                self.opened = command
                self.hotspot = HOTSPOT
                return HotspotChanged(HOTSPOT)
            case CloseHotspot():
                self.hotspot = None
            case MakeKey():
                if not self.keys:
                    self.keys.append(BACKUP)
                return KeyReady()
            case RestoreKey():
                return self._restore(command)
            case ReadWords():
                return WordsRead(self.keys[-1])
            case SetPin(pin=pin):
                self.pin = pin
            case KeepProgress(progress=progress):
                self.progress = progress
            case WriteConfig():
                assert self.keys, "a phone without a key"
                self.config = command
                return ConfigWritten()
        return None

    def link(self) -> LinkFound:
        return self.network.link()

    def _join(self, command: JoinWifi) -> SetupEvent:
        try:
            self.network.join(command.wifi, command.country)
        except NetworkError as error:
            trouble = error.trouble if isinstance(error, JoinRefused) else Trouble.RADIO
            return WifiRefused(command.attempt, trouble)
        return WifiJoined(command.attempt, command.wifi.ssid)

    def _restore(self, command: RestoreKey) -> SetupEvent:
        try:
            entropy_of(command.words)
        except WordsWrong as error:
            return KeyRefused("", error.guesses)
        assert command.replace or not self.keys, "a key was replaced that nobody was asked about"
        self.keys.append(command.words)
        return KeyReady(restored=True)


@dataclass
class Hand:
    """Presses keys; after each everything that was asked for is answered, unless `slow`."""

    world: World = field(default_factory=World)
    now: float = 0.0
    slow: bool = False
    owed: list[SetupEvent] = field(default_factory=list)
    phone: Newcomer = field(init=False)

    def __post_init__(self) -> None:
        self.switch_on()

    def switch_on(self) -> None:
        """As after a power cut: what was not on disk is forgotten."""
        self.owed.clear()
        self.world.network.hotspot = self.world.hotspot = None
        setup = Setup(
            steps=self.world.steps,
            link=self.world.link(),
            has_key=bool(self.world.keys),
            word_list=word_list(),
        )
        progress = replace(self.world.progress, provider=self.world.progress.provider or self.world.provider)
        phone = start(setup, progress, self.now)
        self.phone = replace(phone, settings=replace(phone.settings, has_pin=bool(self.world.pin)))

    def happens(self, event: SetupEvent) -> None:
        self.phone, commands = transition(self.phone, event, self.now)
        for command in commands:
            answer = self.world.answer(command)
            if answer is not None:
                self.owed.append(answer)
        while self.owed and not self.slow:
            self.happens(self.owed.pop(0))

    def press(self, keys: str) -> None:
        for key in keys:
            self.happens(KeyPressed(key))

    def hold(self, key: str) -> None:
        self.press(key)
        self.happens(KeyHeld(key))

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (at := wakeup_for(self.phone)) is not None and at <= until:
            self.now = max(self.now, at)
            self.happens(Woken())
        self.now = until

    def type(self, text: str) -> None:
        """By the digit itself, held; letters by their taps."""
        for letter in text:
            if letter.isdigit():
                self.hold(letter)
            else:
                self._tap(letter)
            self.wait(1.5)

    def enter(self, text: str) -> None:
        self.type(text)
        self.press("#")
        self.wait(1.5)

    def spell(self, words: Iterable[str]) -> None:
        """By the digits of a word's letters; then the row that has it."""
        for word in words:
            for letter in word:
                self.press(_KEY_OF[letter])
            for _ in range(20):
                if _marked(screen_for(self.phone)) == word:
                    break
                self.press("0")
            self.press("#")

    @property
    def page(self) -> str:
        return self.phone.pages[-1].name

    def screen(self, words: Words = ENGLISH) -> Screen:
        return screen_for(self.phone, words)

    def _tap(self, letter: str) -> None:
        key = _KEY_OF[letter.lower()]
        for _ in range(_LETTERS[key].index(letter.lower()) + 1):
            self.press(key)


_LETTERS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz",
            "1": ".,?!'-@", "0": " "}  # fmt: skip
_KEY_OF = {letter: key for key, letters in _LETTERS.items() for letter in letters}


def _marked(screen: Screen) -> str:
    return next((line.text for line in screen.lines[1:] if line.inverse), "")
