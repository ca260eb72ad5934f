from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from PIL import Image

from kallphone.bench.panel import FLASH_S, Panel
from kallphone.hardware.drawing import draw
from kallphone.hardware.pins import load_pins
from kallphone.phone.events import Event, KeyHeld, KeyPressed, OffHook, OnHook
from kallphone.phone.lamps import Light
from kallphone.phone.screens import Screen, TextLine
from kallphone.phone.sound import Ring

PATIENCE_S = 30


class Said:
    """A stream that hands over what the panel says, line by line."""

    def __init__(self) -> None:
        self.lines: SimpleQueue[dict[str, Any]] = SimpleQueue()

    def write(self, line: bytes) -> None:
        self.lines.put(json.loads(line))

    def flush(self) -> None:
        pass

    def next(self, key: str) -> dict[str, Any]:
        while key not in (said := self.lines.get(timeout=PATIENCE_S)):
            pass
        return said


class Held:
    def __init__(self, pause: Callable[[float], None]) -> None:
        self.said = Said()
        self.events: SimpleQueue[Event] = SimpleQueue()
        self._read, self._write = os.pipe()
        self.panel = Panel(
            load_pins(), self.events.put, lambda: None, stdin_fd=self._read, stdout=self.said, pause=pause  # type: ignore[arg-type]
        )

    def order(self, **order: Any) -> None:
        os.write(self._write, json.dumps(order).encode() + b"\n")

    def posted(self) -> Event:
        """The next event, but for a machine so slow that a key seems to be held."""
        while isinstance(event := self.events.get(timeout=PATIENCE_S), KeyHeld):
            pass
        return event

    def close(self) -> None:
        self.panel.stop()
        os.close(self._read)
        os.close(self._write)


@contextmanager
def held(pause: Callable[[float], None] = lambda _: None) -> Iterator[Held]:
    phone = Held(pause)
    phone.panel.start()
    try:
        yield phone
    finally:
        phone.close()


def test_a_frame_is_what_the_driver_drew_and_comes_once():
    screen = Screen((TextLine("234 567 8901", inverse=True), TextLine("Ready")))
    with held() as phone:
        phone.panel.show(screen)
        phone.panel.show(screen)
        phone.panel.board.display.settle(PATIENCE_S)
        phone.panel.show(Screen((TextLine("Dial"),)))
        frames = [phone.said.next("frame"), phone.said.next("frame")]
    for said, shown in zip(frames, (screen, Screen((TextLine("Dial"),))), strict=True):
        width, height = said["size"]
        seen = Image.frombytes("1", (width, height), base64.b64decode(said["frame"]))
        assert seen.tobytes() == draw(shown, (width, height)).tobytes()


def test_a_key_is_down_until_it_is_up():
    with held() as phone:
        phone.order(down="5")
        assert phone.posted() == KeyPressed("5")
        phone.order(down="9")
        assert phone.posted() == KeyPressed("9")
        phone.order(up="5")
        phone.order(up="9")
        phone.order(down="5")
        phone.order(up="5")
        assert phone.posted() == KeyPressed("5")


def test_a_key_that_stays_down_is_a_long_press():
    with held() as phone:
        phone.order(down="1")
        assert phone.events.get(timeout=PATIENCE_S) == KeyPressed("1")
        assert phone.events.get(timeout=PATIENCE_S) == KeyHeld("1")
        phone.order(up="1")


def test_a_key_that_goes_up_at_once_is_seen_all_the_same():
    with held() as phone:
        for key in "123":
            phone.order(down=key)
            phone.order(up=key)
        assert [phone.posted() for _ in range(3)] == [KeyPressed(key) for key in "123"]


def test_a_flash_opens_the_contact_for_a_moment():
    paused: list[float] = []
    down = SimpleQueue[None]()

    def pause(seconds: float) -> None:
        paused.append(seconds)
        down.get(timeout=PATIENCE_S)  # as long as a hang-up, so that the hook switch tells of it

    with held(pause) as phone:
        phone.order(hook="off")
        assert phone.posted() == OffHook()
        phone.order(flash=True)
        assert phone.posted() == OnHook()
        down.put(None)
        assert phone.posted() == OffHook()
    assert paused == [FLASH_S]


def test_a_wav_goes_to_whoever_has_the_microphone():
    said: SimpleQueue[Path] = SimpleQueue()
    with held() as phone:
        phone.order(speak="too-early.wav")
        assert "say" in phone.said.next("error")["error"]
        phone.panel.talk = said.put
        phone.order(speak="hello.wav")
        assert said.get(timeout=PATIENCE_S) == Path("hello.wav")


def test_lamps_and_ringer_tell_how_they_blink_and_ring():
    with held() as phone:
        phone.panel.light(line=Light.ON, message=Light.BLINKING)
        assert phone.said.next("lights")["lights"] == {"line": "on", "message": "blinking"}
        phone.panel.ring(Ring(((1.0, 4.0),), volume=3))
        rings = phone.said.next("ringer")
        assert (rings["ringer"], rings["cadence"], rings["volume"]) == (True, [[1.0, 4.0]], 3)
        phone.panel.ring(None)
        rings = phone.said.next("ringer")
        assert (rings["ringer"], rings["cadence"]) == (False, [])


@pytest.mark.parametrize("order", [{"down": 5}, {"flash": 1}, {"up": None}, {}])
def test_nonsense_is_answered_with_what_can_be_said(order: dict[str, Any]):
    with held() as phone:
        phone.order(**order)
        assert '{"down": "5"}' in phone.said.next("error")["error"]
