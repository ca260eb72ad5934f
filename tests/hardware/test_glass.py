"""The display drivers against modelled controllers: what the glass would show, bit by bit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from luma.oled import device as luma_devices
from PIL import Image, ImageChops, ImageDraw

from kallphone.hardware.drawing import draw
from kallphone.hardware.glass import FULL_CONTRAST, NORMAL_CONTRAST, Glass, frame_bytes, frame_time_s
from kallphone.hardware.oled import glass_on
from kallphone.hardware.pins import CHIP_ROWS, DisplayWiring
from kallphone.hardware.simulated_oled import SimulatedI2c
from tests.hardware.test_drawing import GOLDENS

CHIPS = sorted(CHIP_ROWS)


def wiring(chip: str, rotate: int = 0) -> DisplayWiring:
    return DisplayWiring(chip, 1, 0x3C, 128, CHIP_ROWS[chip], rotate)


def opened(chip: str, rotate: int = 0) -> tuple[Glass, SimulatedI2c]:
    bus = SimulatedI2c(wiring(chip, rotate))
    return glass_on(bus.serial(), wiring(chip, rotate)), bus


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.logical_xor(one, other).getbbox() is None


def turned(picture: Image.Image, rotate: int) -> Image.Image:
    """As the eye must see it on a glass that is itself turned back by so many quarters."""
    turns = {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}
    return picture.transpose(turns[rotate]) if rotate else picture


@pytest.mark.parametrize("chip", CHIPS)
def test_the_model_shows_what_lumas_own_driver_draws(chip: str):
    bus = SimulatedI2c(wiring(chip))
    device: Any = getattr(luma_devices, chip)(bus.serial(), width=128, height=CHIP_ROWS[chip], mode="1")
    assert bus.image.getbbox() is None
    picture = draw(GOLDENS["letters"], device.size)
    device.display(picture)
    assert same(bus.image, picture)


@pytest.mark.parametrize("rotate", range(4))
@pytest.mark.parametrize("chip", CHIPS)
def test_the_glass_shows_each_screen_bit_by_bit(chip: str, rotate: int):
    glass, bus = opened(chip, rotate)
    assert bus.image.getbbox() is None
    for screen in GOLDENS.values():
        picture = draw(screen, glass.size)
        glass.show(picture, contrast=NORMAL_CONTRAST)
        assert same(bus.image, turned(picture, rotate))


CORNERS, SIDES = st.integers(0, 127), st.integers(0, 60)
BOXES = st.tuples(CORNERS, CORNERS, SIDES, SIDES, st.booleans())


@settings(deadline=None)
@given(boxes=st.lists(BOXES, max_size=12), chip=st.sampled_from(CHIPS))
def test_whatever_changes_arrives_and_costs_what_was_foretold(
    boxes: list[tuple[int, int, int, int, bool]], chip: str
):
    glass, bus = opened(chip)
    picture, before = Image.new("1", glass.size), None
    for x, y, width, height, lit in boxes:
        ImageDraw.Draw(picture).rectangle((x, y, x + width, y + height), fill=255 * lit)
        foretold, sent = frame_bytes(chip, before, picture), bus.bytes
        glass.show(picture.copy(), contrast=NORMAL_CONTRAST)
        assert same(bus.image, picture)
        # The simulated bus takes 32 bytes in a transfer, the kernel's a whole window.
        assert before is None or foretold <= bus.bytes - sent <= foretold * 1.07
        before = picture.copy()


@pytest.mark.parametrize("chip", CHIPS)
def test_a_picture_that_stays_costs_nothing_and_a_ticking_clock_little(chip: str):
    glass, bus = opened(chip)
    for seconds in range(2):
        glass.show(draw(GOLDENS["in_call"], glass.size), contrast=NORMAL_CONTRAST)
        sent = bus.bytes
        glass.show(draw(GOLDENS["in_call"], glass.size), contrast=NORMAL_CONTRAST)
        assert bus.bytes == sent, seconds


@pytest.mark.parametrize(("chip", "whole_ms"), [("ssd1306", 25), ("sh1106", 25), ("ssd1327", 188)])
def test_frames_at_400_khz_take_a_tenth_of_a_second_at_most_between_screens(chip: str, whole_ms: float):
    size = (128, CHIP_ROWS[chip])
    screens = {name: draw(screen, size) for name, screen in GOLDENS.items()}
    assert frame_time_s(chip, None, screens["dial"]) * 1000 == pytest.approx(whole_ms, abs=1)
    assert frame_time_s(chip, screens["dial"], screens["dial"]) == 0
    for before in ("dial", "in_call", "refused", "menu"):
        for after in ("dial", "in_call", "refused", "menu"):
            assert frame_time_s(chip, screens[before], screens[after]) < 0.1


@pytest.mark.parametrize("chip", CHIPS)
def test_a_wide_gap_and_empty_rows_between_changes_are_not_sent(chip: str):
    before = Image.new("1", (128, CHIP_ROWS[chip]))
    left, both = before.copy(), before.copy()
    for x, picture in ((0, left), (0, both), (120, both)):
        ImageDraw.Draw(picture).rectangle((x, 9, x + 7, 12), fill=255)
    one, two = (frame_bytes(chip, before, picture) for picture in (left, both))
    assert two == 2 * one
    assert one <= 10 + 8 * 4 // (2 if chip == "ssd1327" else 4)


def test_a_slower_bus_takes_longer():
    picture = draw(GOLDENS["dial"], (128, 64))
    fast, slow = (frame_time_s("ssd1306", None, picture, hz) for hz in (400_000, 100_000))
    assert slow == pytest.approx(4 * fast)


@pytest.mark.parametrize("chip", CHIPS)
def test_contrast_and_rest_reach_the_chip(chip: str):
    glass, bus = opened(chip)
    picture = draw(GOLDENS["dial"], glass.size)
    glass.show(picture, contrast=FULL_CONTRAST)
    assert bus.chip.contrast == FULL_CONTRAST
    glass.rest()
    assert not bus.chip.on
    assert bus.image.getbbox() is None
    sent = bus.bytes
    glass.rest()
    assert bus.bytes == sent
    glass.show(picture, contrast=NORMAL_CONTRAST)
    assert bus.chip.contrast == NORMAL_CONTRAST
    assert same(bus.image, picture)


@pytest.mark.parametrize("chip", CHIPS)
def test_a_chip_that_lost_its_power_is_set_up_again_whole(chip: str):
    glass, bus = opened(chip)
    picture = draw(GOLDENS["dial"], glass.size)
    glass.show(picture, contrast=FULL_CONTRAST)
    bus.power_up()
    assert bus.image.getbbox() is None
    glass.set_up_again()
    glass.show(picture, contrast=FULL_CONTRAST)
    assert same(bus.image, picture)
    assert bus.chip.contrast == FULL_CONTRAST


@pytest.mark.parametrize("chip", CHIPS)
def test_a_closed_glass_is_dark(chip: str):
    glass, bus = opened(chip)
    glass.show(draw(GOLDENS["dial"], glass.size), contrast=FULL_CONTRAST)
    glass.close()
    assert not bus.chip.on


@pytest.mark.parametrize(("chip", "commands", "mirror"), [
    ("ssd1306", (0xA0,), Image.Transpose.FLIP_LEFT_RIGHT),
    ("ssd1306", (0xC0,), Image.Transpose.FLIP_TOP_BOTTOM),
    ("sh1106", (0xA0,), Image.Transpose.FLIP_LEFT_RIGHT),
    ("sh1106", (0xC0,), Image.Transpose.FLIP_TOP_BOTTOM),
    ("ssd1327", (0xA0, 0x43), Image.Transpose.FLIP_TOP_BOTTOM),
    ("ssd1327", (0xA0, 0x50), Image.Transpose.FLIP_LEFT_RIGHT),
])
def test_the_model_knows_a_mirrored_glass(chip: str, commands: tuple[int, ...], mirror: Image.Transpose):
    glass, bus = opened(chip)
    picture = draw(GOLDENS["letters"], glass.size)
    glass.show(picture, contrast=NORMAL_CONTRAST)
    bus.write_i2c_block_data(0x3C, 0x00, list(commands))
    assert same(bus.image, picture.transpose(mirror))


@pytest.mark.parametrize("chip", CHIPS)
def test_the_model_refuses_what_the_chip_does_not_know(chip: str):
    _, bus = opened(chip)
    with pytest.raises(ValueError, match="has no command 0xed"):
        bus.write_i2c_block_data(0x3C, 0x00, [0xED])
    with pytest.raises(OSError, match="Remote I/O error"):
        bus.write_i2c_block_data(0x3D, 0x00, [0xAE])
