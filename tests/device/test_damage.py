"""What a phone shows that lost what it keeps. RECORD_SCREENS=1 makes the pictures anew: look at them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kallphone.device.damage import (
    PAGE_S,
    PAGES,
    WORDS,
    damage_screen,
    language_of,
    show_damage,
    show_unreadable,
)
from kallphone.device.layout import Layout
from kallphone.device.modes import Damage
from kallphone.doctor.stage import Ended
from kallphone.hardware.drawing import draw
from kallphone.languages import translation
from kallphone.phone.events import KeyPressed, OffHook
from kallphone.phone.lamps import Light
from kallphone.phone.words import ENGLISH, LANGUAGES
from tests.device.fakes import FakeStage

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(128, 64), (128, 128)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("damage", Damage, ids=lambda damage: damage.name.lower())
def test_damage_is_explained_on_both_sizes(damage: Damage, size: tuple[int, int]) -> None:
    drawn = draw(damage_screen(damage, translation("en")), size)
    file = GOLDEN / f"{damage.name.lower()}-{size[0]}x{size[1]}.png"
    if os.environ.get("RECORD_SCREENS"):
        file.parent.mkdir(exist_ok=True)
        drawn.save(file)
    expected = Image.open(file).convert("L")
    assert ImageChops.difference(expected, drawn.convert("L")).getbbox() is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("damage", Damage, ids=lambda damage: damage.name.lower())
def test_no_word_of_it_is_cut_off_in_any_language(damage: Damage, language: str) -> None:
    words = translation(language)
    assert language == "en" or words(WORDS[damage]) != WORDS[damage]
    shown = " ".join(line.text for line in damage_screen(damage, words).lines[1:])
    assert shown == words(WORDS[damage])
    rows = len(damage_screen(damage, words).lines) - 1
    assert rows <= 5, "more does not fit beneath the title on 64 pixels"


def test_it_stays_and_the_lamp_blinks_whatever_is_pressed() -> None:
    stage = FakeStage([OffHook(), KeyPressed("5"), 100_000.0, KeyPressed("#")])
    with pytest.raises(Ended):
        show_damage(stage, Damage.MISSING, translation("en"))
    assert stage.lights == [(Light.BLINKING, Light.OFF)]
    assert len(stage.screens) == 1


def test_what_is_wrong_and_what_to_do_take_turns_for_a_minute() -> None:
    stage = FakeStage([KeyPressed("5"), 100_000.0])
    assert show_unreadable(stage, ValueError("phone.sqlite: it is damaged: restore a backup"), ENGLISH)
    assert stage.clock == PAGE_S * PAGES == 60
    assert stage.lights == [(Light.BLINKING, Light.OFF)]
    shown = [" ".join(line.text for line in screen.lines[1:]) for screen in stage.screens]
    assert shown == [WORDS[Damage.UNREADABLE], "phone.sqlite: it is damaged: restore a backup"] * (PAGES // 2)


def test_a_page_that_is_stopped_says_so() -> None:
    assert not show_unreadable(FakeStage([25.0]), ValueError("no"), ENGLISH)


def test_the_language_is_the_phones_else_the_images_else_english(layout: Layout) -> None:
    assert language_of(layout) == "en"
    layout.preset.write_text('[phone]\nlanguage = "fr"\n')
    assert language_of(layout) == "fr"
    layout.config.write_text('[phone]\nlanguage = "de"\n')
    assert language_of(layout) == "de"
    layout.config.write_text("[phone\n\x00")
    assert language_of(layout) == "fr"
    layout.preset.write_text('[phone]\nlanguage = "klingon"\n')
    assert language_of(layout) == "en"
