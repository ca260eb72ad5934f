"""Every page of the setup as a picture. RECORD_SCREENS=1 makes them anew: look at them first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kallphone.hardware.drawing import draw
from kallphone.languages import translation
from kallphone.phone.words import LANGUAGES
from kallphone.setup.machine import PAGES, screen_for
from kallphone.setup.states import STEPS
from tests.setup.scenes import SCENES

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(128, 64), (128, 128)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
def test_a_page_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
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
def test_no_page_loses_words_on_the_small_glass(name: str, language: str) -> None:
    """Six rows below the title; what is longer is a text that is turned by 0, and says so."""
    screen = screen_for(SCENES[name], translation(language))
    for line in screen.lines:
        assert len(line.text) + len(line.right) + bool(line.right) <= 21 or screen.qr
        assert not line.text.endswith("…") or name == "done", line.text


def test_no_picture_is_left_over() -> None:
    for folder in GOLDEN.iterdir():
        assert {file.stem for file in folder.glob("*.png")} == set(SCENES)


def test_every_step_is_a_page() -> None:
    assert set(STEPS) <= set(PAGES)
