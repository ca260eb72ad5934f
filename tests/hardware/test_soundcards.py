from __future__ import annotations

import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from kallphone.hardware.soundcards import SoundCards, read_cards
from kallphone.phone.events import Event, SoundCardsChanged

ONBOARD = """\
 0 [Headphones     ]: bcm2835_headpho - bcm2835 Headphones
                      bcm2835 Headphones
"""
HANDSET = """\
 1 [Device         ]: USB-Audio - USB Audio Device
                      C-Media Electronics Inc. USB Audio Device at usb-3f980000.usb-1.2, full speed
"""


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    path = tmp_path / "cards"
    path.write_text(ONBOARD)
    return path


def test_cards_are_named_as_alsa_takes_them(cards: Path):
    cards.write_text(ONBOARD + HANDSET)
    assert read_cards(cards) == ("Headphones", "Device")
    cards.write_text("--- no soundcards ---\n")
    assert read_cards(cards) == ()


def test_a_machine_without_sound_has_no_cards(tmp_path: Path):
    assert read_cards(tmp_path / "cards") == ()


def test_a_card_that_comes_and_goes_is_told_once_each(cards: Path, posted: list[Event]):
    watch = SoundCards(posted.append, cards)
    watch.look()
    assert posted == []
    cards.write_text(ONBOARD + HANDSET)
    watch.look()
    assert posted == []
    for _ in range(3):
        watch.look()
    assert posted == [SoundCardsChanged(("Headphones", "Device"))]
    cards.write_text(ONBOARD)
    for _ in range(3):
        watch.look()
    assert posted[1:] == [SoundCardsChanged(("Headphones",))]


def test_a_card_that_is_back_before_anybody_minds_is_not_told(cards: Path, posted: list[Event]):
    watch = SoundCards(posted.append, cards)
    for text in ("", ONBOARD, "", ONBOARD, ONBOARD):
        cards.write_text(text)
        watch.look()
    assert posted == []


def test_a_proc_that_went_away_means_no_cards(cards: Path, posted: list[Event]):
    watch = SoundCards(posted.append, cards)
    cards.unlink()
    for _ in range(3):
        watch.look()
    assert posted == [SoundCardsChanged(())]


def test_the_thread_posts_and_stops(cards: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kallphone.hardware.soundcards.LOOK_S", 0.001)
    told: SimpleQueue[Event] = SimpleQueue()
    watch = SoundCards(told.put, cards)
    watch.start()
    cards.write_text(ONBOARD + HANDSET)
    assert told.get(timeout=30) == SoundCardsChanged(("Headphones", "Device"))
    watch.stop()
    assert not any(thread.name == "soundcards" for thread in threading.enumerate())
