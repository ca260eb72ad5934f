from __future__ import annotations

from pathlib import Path

import pytest

from kallphone.hardware.errors import PinsInvalid
from kallphone.hardware.pins import default_path, load_pins

SHIPPED = default_path().read_text()


def altered(tmp_path: Path, old: str, new: str) -> Path:
    assert old in SHIPPED
    path = tmp_path / "pins.toml"
    path.write_text(SHIPPED.replace(old, new))
    return path


def test_the_shipped_table_is_the_one_in_hardware():
    assert default_path() == Path(__file__).resolve().parents[2] / "hardware" / "pins.toml"
    pins = load_pins()
    assert pins.keypad.key(3, 1) == "0"
    assert pins.keypad.place("#") == (3, 2)
    assert len(dict(pins.numbers())) == len({pin for _, pin in pins.numbers()})


def test_the_four_by_four_keypad_of_the_comments_is_valid(tmp_path: Path):
    path = altered(tmp_path, "\ncolumns = [22, 23, 24]\nlayout = [", "\n# [")
    text = path.read_text()
    path.write_text(text.replace("# columns = ", "columns = ").replace("# layout = ", "layout = "))
    keypad = load_pins(path).keypad
    assert keypad.place("D") == (3, 3)
    assert len(keypad.columns) == 4


@pytest.mark.parametrize(("lifted", "closed"), [("closed", True), ("open", False), ("learn", None)])
def test_the_hooks_polarity_is_given_or_learned(tmp_path: Path, lifted: str, *, closed: bool | None):
    hook = load_pins(altered(tmp_path, 'lifted = "learn"', f'lifted = "{lifted}"')).hook
    assert hook.lifted_closed is closed
    assert hook.flash_s == (0.08, 0.5)


@pytest.mark.parametrize(("old", "new", "words"), [
    ("pin = 26", "pin = 5", "keypad.rows[0] and hook.pin are both on GPIO 5"),
    ("pin = 26", "pin = 2", "hook.pin is GPIO 2: use 4 to 27"),
    ("pin = 26", 'pin = "26"', "hook.pin wants int, not '26'"),
    ("pin = 26", "pin = true", "hook.pin wants int, not True"),
    ('lifted = "learn"', 'lifted = "up"', "hook.lifted is 'up': use one of closed, open, learn"),
    ('lifted = "learn"', 'lifted = "learn"\nmesage = 3', "hook.mesage is not known"),
    ("flash_ms = [80, 500]", "flash_ms = [80]", "hook.flash_ms wants the shortest and the longest flash"),
    ("flash_ms = [80, 500]", "flash_ms = [80, 250]", "between 300 and 1500 at most"),
    ("flash_ms = [80, 500]", "flash_ms = [80, 2000]", "between 300 and 1500 at most"),
    ("flash_ms = [80, 500]", "flash_ms = [10, 500]", "no shorter than 40"),
    ("flash_ms = [80, 500]", "flash_ms = [80, 500.0]", "such as [80, 500], not [80, 500.0]"),
    ('device = ""', "device = 1", "ringer.device wants str, not 1"),
    ("message = 27", "message = 27\nlin = 3", "lamps.lin is not known; did you mean line?"),
    ("message = 27", "", "lamps.message wants int, not None"),
    ("[lamps]", "[lights]", "[lamps] is missing"),
    ('"789", ', "", "keypad.layout wants 4 strings of 3 keys"),
    ('"789"', '"788"', "each of 0123456789*#ABCD at most once"),
    ("columns = [22, 23, 24]", "columns = [22, 23, 24.0]", "keypad.columns wants GPIO numbers"),
    ('chip = "ssd1306"', 'chip = "hd44780"', "display.chip is 'hd44780': use one of ssd1306, sh1106"),
    ("height = 64", "height = 128", "display.height is 128: use one of 64"),
    ('chip = "ssd1306"', 'chip = "ssd1327"', "display.height is 64: use one of 128"),
    ("[hook]", "[hook", "is not valid TOML"),
])
def test_a_table_that_contradicts_itself_is_refused_in_words(tmp_path: Path, old: str, new: str, words: str):
    path = altered(tmp_path, old, new)
    with pytest.raises(PinsInvalid) as told:
        load_pins(path)
    assert words in str(told.value)
    assert str(path) in str(told.value)


def test_a_missing_table_is_named(tmp_path: Path):
    with pytest.raises(PinsInvalid, match=r"cannot read the pin table .*none.toml: No such file"):
        load_pins(tmp_path / "none.toml")
