from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from typing import Any, cast

from kallphone.bench.ear import RATE
from kallphone.bench.happenings import Happenings
from kallphone.bench.held import HeldPhone
from kallphone.bench.table import Place, Table


class FakeHeld:
    """A phone that writes down its orders."""

    exit_code: int | None = None

    def __init__(self, in_call: bool) -> None:
        self.in_call = in_call
        self.orders: list[dict[str, Any]] = []

    def send(self, **order: Any) -> None:
        self.orders.append(order)


class Hand:
    name = "A"

    def __init__(self, in_call: bool) -> None:
        self.fake = FakeHeld(in_call)
        self.held = cast(HeldPhone, self.fake)


def talked(folder: Path | None, *said: bytes, in_call: bool = True) -> list[dict[str, Any]]:
    hand = Hand(in_call)
    place = Place(hand, talk_folder=folder)
    table = Table([place], Happenings())
    for samples in said:
        asyncio.run(table.talk(place, samples))
    return hand.fake.orders


def test_what_a_person_says_is_said_into_the_phone(tmp_path: Path):
    first, second = (Path(order["speak"]) for order in talked(tmp_path, b"\1\0" * 480, b"\2\0" * 960))
    assert first != second
    for wav, frames in ((first, b"\1\0" * 480), (second, b"\2\0" * 960)):
        with wave.open(str(wav)) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
            assert file.readframes(RATE) == frames


def test_talk_does_not_fill_the_disk(tmp_path: Path):
    talked(tmp_path, *[b"\1\0" * 480] * 9)
    assert len(list(tmp_path.iterdir())) == 2


def test_nobody_who_hears_means_nothing_is_kept(tmp_path: Path):
    assert talked(tmp_path, b"\1\0" * 480, in_call=False) == []
    assert talked(None, b"\1\0" * 480) == []
    assert list(tmp_path.iterdir()) == []


def test_sentences_come_in_turn(tmp_path: Path):
    hand = Hand(in_call=True)
    place = Place(hand, sentences=(tmp_path / "one.wav", tmp_path / "two.wav"))
    table = Table([place], Happenings())
    for _ in range(3):
        table.speak(place)
    assert [Path(order["speak"]).name for order in hand.fake.orders] == ["one.wav", "two.wav", "one.wav"]
