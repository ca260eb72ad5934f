"""Every screen as a picture. RECORD_SCREENS=1 makes the pictures anew: look at them before they are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kallphone.hardware.drawing import draw
from kallphone.languages import translation
from kallphone.phone.pictures import screen_for
from kallphone.phone.words import LANGUAGES
from tests.screens.scenes import SCENES

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(128, 64), (128, 128)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
def test_a_screen_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    drawn = draw(screen_for(SCENES[name]), size)
    file = GOLDEN / f"{size[0]}x{size[1]}" / f"{name}.png"
    if os.environ.get("RECORD_SCREENS"):
        file.parent.mkdir(parents=True, exist_ok=True)
        drawn.save(file)
    expected = Image.open(file).convert("1")
    assert expected.size == drawn.size
    assert ImageChops.difference(expected.convert("L"), drawn.convert("L")).getbbox() is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENES)
def test_a_screen_fits_the_small_glass_in_every_language(name: str, language: str) -> None:
    screen = screen_for(SCENES[name], translation(language))
    whole = draw(screen, (128, 64))
    assert whole.getbbox()
    for line in screen.lines[1:]:
        assert not line.text.endswith("{"), "a placeholder was left open"


def test_no_picture_is_left_over() -> None:
    for folder in GOLDEN.iterdir():
        assert {file.stem for file in folder.glob("*.png")} == set(SCENES)
