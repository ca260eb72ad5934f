from __future__ import annotations

import random
from typing import Any

import pytest
from PIL import Image, ImageFilter

from kallphone.hardware.drawing import draw
from kallphone.phone.screens import Screen, TextLine

zbar: Any = pytest.importorskip("pyzbar.pyzbar", reason="needs libzbar0", exc_type=ImportError)

ACCOUNT = "0X52908400098527886E0F7030069857D2E4169EE7"
LINES = (TextLine("Top up", inverse=True), TextLine("Send coins here"), TextLine("Credit 5.00"))
SIZES = ((128, 64), (128, 128))


def accounts(count: int) -> list[str]:
    chance = random.Random(7)
    return [f"0X{chance.getrandbits(160):040X}" for _ in range(count)]


def read(picture: Image.Image) -> list[str]:
    return [found.data.decode() for found in zbar.decode(picture)]


def photographed(picture: Image.Image, *, degrees: float, blur: float) -> Image.Image:
    """As a camera has it: five of its pixels for one of ours, askew, out of focus, around it a dark case."""
    photo = Image.new("L", (picture.width + 40, picture.height + 40), 25)
    photo.paste(picture.convert("L").point(lambda level: 30 + level * 0.75), (20, 20))
    photo = photo.resize((photo.width * 5, photo.height * 5), Image.Resampling.NEAREST)
    photo = photo.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=25)
    return photo.filter(ImageFilter.GaussianBlur(blur))


@pytest.mark.parametrize("size", SIZES, ids=["128x64", "128x128"])
def test_a_camera_reads_the_account_from_the_frame(size: tuple[int, int]):
    for account in accounts(20):
        picture = draw(Screen(LINES, qr=account), size)
        assert read(photographed(picture, degrees=0, blur=1)) == [account]


@pytest.mark.parametrize("degrees", [-8, 5, 12, 90])
@pytest.mark.parametrize("size", SIZES, ids=["128x64", "128x128"])
def test_a_camera_held_askew_and_out_of_focus_reads_it_too(size: tuple[int, int], degrees: float):
    picture = draw(Screen(LINES, qr=ACCOUNT), size)
    assert read(photographed(picture, degrees=degrees, blur=2.5)) == [ACCOUNT]


def test_a_link_fits_both_displays_as_well():
    link = f"ethereum:{ACCOUNT.lower()}"
    for size in SIZES:
        assert read(photographed(draw(Screen(LINES, qr=link), size), degrees=3, blur=1.5)) == [link]


def test_the_words_stand_beside_or_below_the_code():
    without = Screen((), qr=ACCOUNT)
    assert draw(without, (128, 64)).crop((66, 0, 128, 64)).getbbox() is None
    assert draw(Screen(LINES, qr=ACCOUNT), (128, 64)).crop((66, 0, 128, 64)).getbbox()
    assert draw(Screen(LINES, qr=ACCOUNT), (128, 128)).crop((0, 110, 128, 128)).getbbox()


def test_a_text_that_no_glass_has_room_for_leaves_the_words():
    assert draw(Screen(LINES, qr="x" * 900), (128, 64)).getbbox()
