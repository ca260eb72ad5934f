"""Letters on number keys (ITU-T E.161), typed by several presses of one key."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from enum import Enum, auto
from functools import cache

from kallphone.phone.states import Page
from kallphone.phone.wordkeys import LETTERS

SETTLES_S = 1.2

SHIFTS = ("abc", "Abc", "ABC", "123")
LOWER, CAPITAL, UPPER, DIGITS = range(4)

_MARKS = {"1": ".,?!'-@", "0": " "}
_MORE_MARKS = {"1": ':;/()"+&€£', "0": "_#*$%=<>[]{}\\|^~`"}

# What a language's own keyboards have beside a to z.
_ALPHABETS = {
    "de": "äöüß",
    "es": "áéíóúüñ¿¡",
    "fr": "éèêàçùûîôëïâæ",
    "it": "àèéìòù",
    "nl": "ëïéöü",
    "pt": "ãçáâàéêíóôõúü",
    "sv": "åäö",
    "da": "æøå",
    "nb": "æøå",
    "fi": "äöå",
}
_LATIN = "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿß"
_STEMS = {"æ": "a", "ß": "s", "ø": "o", "¿": "1", "¡": "1"}


class Begins(Enum):
    """What begins with a capital letter by itself."""

    NOTHING = auto()
    SENTENCES = auto()
    WORDS = auto()


SENTENCE_ENDS = (". ", "? ", "! ")


@cache
def on_key(key: str, language: str) -> str:
    """In the order of presses: base letters, the language's own, the digit, then other languages' letters."""
    own = "".join(letter for letter in _ALPHABETS.get(language, "") if _key_of(letter) == key)
    others = "".join(letter for letter in _LATIN if _key_of(letter) == key and letter not in own)
    base = LETTERS.get(key) or _MARKS.get(key, "")
    return base + own + key + (others or _MORE_MARKS.get(key, ""))


@cache
def keys_of(word: str) -> str:
    """The keys that a word is found by: `Zoë` is 963."""
    return "".join(_key_of(letter) for letter in word.casefold())


def tapped(
    page: Page, key: str, language: str, longest: int, now: float, *, begins: Begins = Begins.SENTENCES
) -> Page:
    """One more press of a digit key: the next letter on it, or a new one."""
    again = page.keys[:1] == key and now - page.since < SETTLES_S
    if again:
        return replace(
            page, text=page.text[:-1] + _letter(page, key, language, len(page.keys)), keys=page.keys + key
        )
    page = rested(page, begins=begins)
    if len(page.text) >= longest:
        return page
    if page.shift == DIGITS:
        return replace(page, text=page.text + key)
    return replace(page, text=page.text + _letter(page, key, language, 0), keys=key)


def digit_held(
    page: Page, key: str, language: str, longest: int, *, begins: Begins = Begins.SENTENCES
) -> Page:
    """A long press gives the digit itself, in place of what the press before it did."""
    if page.keys[:1] != key:
        return page
    kept = page.text[:-1]
    if len(page.keys) > 1:
        kept += _letter(page, key, language, len(page.keys) - 2)
    return rested(replace(page, text=(kept + key)[:longest], keys=""), begins=begins)


def rested(page: Page, *, begins: Begins = Begins.SENTENCES) -> Page:
    """The open letter is settled; a sentence, and each word of a name, begins with a capital."""
    if not page.keys:
        return page
    shift = page.shift if page.shift in (UPPER, DIGITS) else _next_shift(page.text, begins=begins)
    return replace(page, keys="", shift=shift)


def erased(page: Page, *, begins: Begins = Begins.SENTENCES) -> Page:
    shorter = replace(page, text=page.text[:-1], keys="")
    if page.shift in (UPPER, DIGITS):
        return shorter
    return replace(shorter, shift=_next_shift(shorter.text, begins=begins))


def shifted(page: Page) -> Page:
    return replace(page, keys="", shift=(page.shift + 1) % len(SHIFTS))


def candidates(page: Page, language: str) -> str:
    """The letters of the open key, the chosen one in brackets."""
    if not page.keys[:1].isdigit():
        return ""
    letters = on_key(page.keys[0], language)
    chosen = (len(page.keys) - 1) % len(letters)
    shown = letters.replace(" ", "_")
    return "".join(f"[{each}]" if place == chosen else each for place, each in enumerate(shown))


def _letter(page: Page, key: str, language: str, presses: int) -> str:
    letters = on_key(key, language)
    letter = letters[presses % len(letters)]
    large = letter.upper() if page.shift in (CAPITAL, UPPER) else letter
    return large if len(large) == 1 else letter


def _next_shift(text: str, *, begins: Begins) -> int:
    if begins is Begins.NOTHING:
        return LOWER
    text = text.rstrip("¿¡")
    first = not text or text.endswith(SENTENCE_ENDS) or (begins is Begins.WORDS and text.endswith(" "))
    return CAPITAL if first else LOWER


@cache
def _key_of(letter: str) -> str:
    stem = _STEMS.get(letter) or unicodedata.normalize("NFD", letter)[0]
    return next((key for key, letters in LETTERS.items() if stem in letters), stem if stem.isdigit() else "1")
