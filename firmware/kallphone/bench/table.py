from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from kallphone.bench.controls import Control
from kallphone.bench.dialling import dial
from kallphone.bench.ear import RATE, Ear
from kallphone.bench.happenings import Happenings
from kallphone.bench.held import HeldPhone, HeldPhoneError
from kallphone.bench.words import in_words


class Holder(Protocol):
    """Has a phone in its hand; `held` is another one after a restart."""

    name: str
    held: HeldPhone


@dataclass
class Place:
    """A phone on the table: who holds it, its ear, the sentences that can be said into it, and where what a
    person says is kept."""

    holder: Holder
    ear: Ear | None = None
    sentences: Sequence[Path] = ()
    talk_folder: Path | None = None
    said: int = 0
    told: int = 0
    narrated: HeldPhone | None = None

    @property
    def held(self) -> HeldPhone:
        return self.holder.held


@dataclass
class Table:
    """All that stands on the bench: phones, what happens, and what can be broken."""

    places: Sequence[Place]
    happenings: Happenings
    controls: Sequence[Control] = ()
    _watchers: list[Callable[[], None]] = field(default_factory=list)

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """`watcher` is called after anything changed; call what comes back to end it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def start(self) -> None:
        for place in self.places:
            place.held.on_change = partial(self._changed, place)
            self._changed(place)

    def order(self, place: Place, **order: Any) -> None:
        """One order to a phone; a phone that is gone does nothing."""
        if place.held.exit_code is None:
            place.held.send(**order)

    def speak(self, place: Place) -> None:
        if not place.sentences:
            self.happenings.tell("bench", "No sentence to say: install espeak-ng")
        elif not place.held.in_call:
            self.happenings.tell("bench", f"Nobody hears {place.holder.name} yet: make a call first")
        else:
            self.order(place, speak=str(place.sentences[place.said % len(place.sentences)].resolve()))
            place.said += 1

    async def talk(self, place: Place, samples: bytes) -> None:
        """Says into the phone's microphone what came from a person's own: 16 bits, at the ear's rate."""
        if place.talk_folder is None or not place.held.in_call:
            return
        place.said += 1
        # Two in turn: the phone may be reading the last one still.
        wav = place.talk_folder / f"{place.holder.name}-talks-{place.said % 2}.wav"
        await asyncio.to_thread(_write_wav, wav, samples)
        self.order(place, speak=str(wav.resolve()))

    async def dial(self, place: Place, other: Place) -> None:
        try:
            await dial(place.held, other.held)
        except HeldPhoneError as error:
            self.happenings.tell("bench", str(error).splitlines()[0])

    async def choose(self, control: Control, choice: str) -> None:
        """Turns a control; what goes wrong is told, and nothing else happens meanwhile on that control."""
        if control.busy:
            return
        control.busy = True
        self.changed()
        try:
            await control.choose(choice)
        except Exception as error:  # of a network that is half broken: whatever it is, the person reads it
            self.happenings.tell("bench", f"{control.label}: {(str(error) or repr(error)).splitlines()[0]}")
        finally:
            control.busy = False
            self.changed()

    def changed(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()

    def _changed(self, place: Place) -> None:
        self._narrate(place)
        self.changed()

    def _narrate(self, place: Place) -> None:
        held = place.held
        if held is not place.narrated:
            place.narrated, place.told = held, 0
        news, place.told = held.events[place.told :], len(held.events)
        for event in news:
            if words := in_words(event):
                self.happenings.tell(place.holder.name, words)


def _write_wav(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)


async def settle(tasks: set[asyncio.Task[None]]) -> None:
    """Ends what is still under way."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
