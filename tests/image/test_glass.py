from __future__ import annotations

import pytest
from PIL import Image

from kallphone.hardware.drawing import draw
from kallphone.phone.screens import Align, Screen, Size, TextLine
from tests.image.glass import reads

SCREEN = Screen(
    (
        TextLine("Title", inverse=True),
        TextLine("845 314 8494", Size.LARGE),
        TextLine("chosen", inverse=True, align=Align.LEFT, right="0.02"),
        TextLine("plain words"),
    )
)


@pytest.mark.parametrize("words", ["Title", "845 314 8494", "314", "chosen", "0.02", "plain", "words"])
def test_what_was_drawn_is_read(words: str):
    assert reads(draw(SCREEN, (128, 64)), words)


@pytest.mark.parametrize("words", ["title", "845 314 8495", "chose n", "plane", "0.03"])
def test_what_was_not_drawn_is_not_read(words: str):
    assert not reads(draw(SCREEN, (128, 64)), words)


def test_a_dark_glass_says_nothing():
    assert not reads(Image.new("1", (128, 64)), "Title")
