from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from kallphone.hardware.drawing import draw
from kallphone.hardware.lettering import Face, has_glyph
from kallphone.phone.screens import Align, Screen, Size, TextLine

GOLDEN = Path(__file__).with_name("golden")
RECORDING = os.environ.get("RECORD_GOLDENS") == "1"
SIZES = ((128, 64), (128, 128))

TITLE = TextLine("234 567 8901", inverse=True, right="no line")
ACCOUNT = "0X52908400098527886E0F7030069857D2E4169EE7"
GOLDENS: dict[str, Screen] = {
    "dial": Screen((TITLE, TextLine("Dial", Size.LARGE), TextLine("Credit 5.00"))),
    "in_call": Screen((
        TextLine("234 567 8901", inverse=True, right="14:05"),
        TextLine("765 432 1098"), TextLine("12:07", Size.LARGE),
        TextLine("Cost 0.09"), TextLine("Left 40:33"),
    )),
    "refused": Screen((
        TITLE, TextLine("Payment refused", Size.LARGE), TextLine("The provider did"),
        TextLine("not take the payment"),
    )),
    "letters": Screen((
        TextLine("äöüßÄÖÜéèêëçñåøæÆØÅ"), TextLine("ÀÁÂÃÈÉÊËÌÍÎÏÒÓÔÕÙÚÛÝ"), TextLine("gjpqy €£°·×¿¡–…✓"),
        TextLine("ąćęłńóśźżĄĆĘŁ ğışŞİ"), TextLine("Größe 漢", Size.LARGE),
        TextLine("a row that is much too long"),
    )),
    "large": Screen((
        TextLine("twelve chars", Size.LARGE), TextLine("fourteen chars", Size.LARGE),
        TextLine("sixteen charÄÑéß", Size.LARGE), TextLine("eighteen chars ÄÑß", Size.LARGE),
    )),
    "menu": Screen((
        TextLine("Menu", inverse=True, right="2/6"), TextLine("Contacts", align=Align.LEFT, right=">"),
        TextLine("Calls", inverse=True, align=Align.LEFT, right="3 new"),
        *(TextLine(item, align=Align.LEFT) for item in ("Messages", "Wallet", "Settings", "Lock")),
    )),
    "full": Screen(tuple(TextLine(f"row {row} of eight, 21 ch", inverse=row == 0) for row in range(8))),
    "top_up": Screen(
        (TextLine("Top up", inverse=True), TextLine("Send to this account"), TextLine("Credit 5.00")),
        qr=ACCOUNT,
    ),
    "asleep": Screen((TextLine("14:05", Size.LARGE), TextLine("Missed calls: 2")), asleep=True),
}


@pytest.mark.parametrize("size", SIZES, ids=["128x64", "128x128"])
def test_rows_of_a_list_stand_where_they_stand_in_a_longer_one(size: tuple[int, int]):
    rows = [TextLine("Menu", inverse=True), *(TextLine(f"{n} Row", align=Align.LEFT) for n in range(1, 5))]
    shorter, longer = (draw(Screen(tuple(rows[:count])), size) for count in (4, 5))
    box = ImageChops.logical_xor(shorter, longer).getbbox()
    assert box is not None
    assert box[3] - box[1] < 10


@pytest.mark.parametrize("size", SIZES, ids=["128x64", "128x128"])
@pytest.mark.parametrize("name", GOLDENS)
def test_screens_look_as_they_did_when_somebody_looked(name: str, size: tuple[int, int]):
    picture = draw(GOLDENS[name], size)
    path = GOLDEN / f"{name}_{size[0]}x{size[1]}.png"
    if RECORDING:
        picture.save(path)
    assert picture.size == size
    assert ImageChops.logical_xor(picture, Image.open(path).convert("1")).getbbox() is None


def drawn(*lines: TextLine) -> Image.Image:
    return draw(Screen(lines), (128, 64))


def ink(text: str, size: Size = Size.NORMAL) -> tuple[int, int, int, int]:
    box: tuple[int, int, int, int] = drawn(TextLine(text, size)).getbbox()
    return box


@pytest.mark.parametrize(("size", "fits"), [(Size.NORMAL, 21), (Size.LARGE, 18)])
def test_text_that_fits_is_whole_and_longer_text_ends_in_an_ellipsis(size: Size, fits: int):
    whole = drawn(TextLine("8" * fits, size))
    longer = drawn(TextLine("8" * (fits + 1), size))
    clipped = drawn(TextLine("8" * (fits - 1) + "…", size))
    assert whole.tobytes() != longer.tobytes()
    assert longer.tobytes() == clipped.tobytes()
    assert ink("8" * fits, size)[2] <= 128


@pytest.mark.parametrize(("face", "fits"), [
    (Face.TEXT, 21), (Face.BROAD, 12), (Face.MEDIUM, 14), (Face.SLIM, 16), (Face.NARROW, 18),
])
def test_each_face_has_its_columns(face: Face, fits: int):
    assert face.columns(128) == fits


@pytest.mark.parametrize("fits", [12, 14, 16])
def test_large_text_is_as_broad_as_there_is_room(fits: int):
    fewer, more = ink("8" * fits, Size.LARGE), ink("8" * (fits + 1), Size.LARGE)
    assert (fewer[2] - fewer[0]) / fits > (more[2] - more[0]) / (fits + 1)


def test_digits_of_a_large_number_are_twice_as_high_as_small_ones():
    small, large = ink("234 567 8901"), ink("234 567 8901", Size.LARGE)
    assert small[3] - small[1] == 7
    assert large[3] - large[1] == 13


def test_what_stands_right_ends_at_the_edge_and_shortens_what_stands_left():
    picture = drawn(TextLine("a name that is far too long", right="12.50", align=Align.LEFT))
    shorter = drawn(TextLine("a name that is…", right="12.50", align=Align.LEFT))
    assert picture.tobytes() == shorter.tobytes()
    assert picture.getbbox()[2] == 127
    assert drawn(TextLine("", right="x")).getbbox()[0] > 120


@pytest.mark.parametrize("align", list(Align))
def test_rows_stand_left_or_in_the_middle(align: Align):
    left, _, right, _ = drawn(TextLine("88", align=align)).getbbox()
    assert (left < 3) is (align is Align.LEFT)
    assert align is Align.LEFT or abs(128 - right - left) <= 2


def test_an_inverse_row_is_a_whole_bar():
    picture = drawn(TextLine("", inverse=True), TextLine("x"))
    assert picture.crop((0, 0, 128, 11)).getextrema() == (255, 255)
    assert picture.crop((0, 11, 128, 13)).getbbox() is None


def test_rows_beyond_the_bottom_are_left_out_whole():
    rows = (TextLine("Dial", Size.LARGE),) * 6
    assert drawn(*rows).tobytes() == drawn(*rows[:3]).tobytes()


LANGUAGES = {
    "German": "ÄÖÜäöüß„“‚‘»«",
    "Spanish": "ÁÉÍÓÚÑÜáéíóúñü¿¡ºª",
    "French": "ÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸàâæçéèêëîïôœùûüÿ«»",
    "Portuguese": "ÀÁÂÃÇÉÊÍÓÔÕÚàáâãçéêíóôõú",
    "Polish": "ĄĆĘŁŃÓŚŹŻąćęłńóśźż",
    "Turkish": "ÇĞİÖŞÜçğıöşü",
    "money and typography": "€£$–—’“”…·×°",
}


@pytest.mark.parametrize("face", list(Face))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_font_has_the_letters_of(language: str, face: Face):
    ascii_printable = "".join(chr(code) for code in range(0x20, 0x7F))
    assert [char for char in ascii_printable + LANGUAGES[language] if not has_glyph(char, face)] == []


def test_a_letter_that_no_font_has_is_a_box_and_not_a_gap():
    assert not has_glyph("漢", Face.TEXT)
    assert ink("漢")


def test_a_sleeping_screen_wanders_with_its_text_and_never_leaves_the_glass():
    places = set()
    for minute in range(60):
        box = draw(Screen((TextLine(f"14:{minute:02d}"),), asleep=True), (128, 64)).getbbox()
        places.add(box[:2])
        assert box[2] - box[0] > 25
        assert 6 <= box[3] - box[1] <= 8
    assert len(places) > 50
    assert max(x for x, _ in places) - min(x for x, _ in places) > 60
    assert max(y for _, y in places) - min(y for _, y in places) > 30


def test_a_sleeping_screen_lights_few_pixels_and_those_seldom():
    lit = [0] * (128 * 64)
    for minute in range(24 * 60):
        text = TextLine(f"{minute // 60:02d}:{minute % 60:02d}")
        for index, pixel in enumerate(draw(Screen((text,), asleep=True), (128, 64)).tobytes()):
            for bit in range(8):
                lit[8 * index + bit] += pixel >> bit & 1
    assert max(lit) < 24 * 60 * 0.1


def test_a_chosen_row_does_not_run_into_the_bar_above_it() -> None:
    lines = tuple(TextLine(f"row {row}", inverse=row < 2) for row in range(7))
    picture = draw(Screen(lines), (128, 64))
    assert any(not any(picture.getpixel((x, y)) for x in range(128)) for y in range(8, 12))
