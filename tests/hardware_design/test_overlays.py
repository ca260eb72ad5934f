"""Overlays and board settings compile, say what the pin table says, and fit Debian's device trees."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kallphone.hardware.pins import load_pins
from kallphone.update.slots import config_sector

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "hardware/overlays").glob("*.dts"))
# As the firmware reads them: config.txt, which includes kall.txt.
SETTINGS = config_sector("a").decode() + (ROOT / "hardware/kall.txt").read_text()

# What the image build leaves there when it has run: the trees as Debian's kernel package brings them.
TREES = ROOT / "build/image"
BOARDS = {
    "pi3": ("bcm2837-rpi-3-b.dtb", "bcm2837-rpi-3-b-plus.dtb", "bcm2837-rpi-3-a-plus.dtb"),
    "pi02": ("bcm2837-rpi-zero-2-w.dtb",),
    "pi4": ("bcm2711-rpi-4-b.dtb",),
    "pi5": ("bcm2712-rpi-5-b.dtb",),
}

needs_dtc = pytest.mark.skipif(shutil.which("dtc") is None, reason="device-tree-compiler is not installed")


def settings_of(board: str) -> list[str]:
    """The lines that hold for one board, as the Pi's firmware filters them."""
    filters, lines = "all", []
    for line in SETTINGS.splitlines():
        if line.startswith("["):
            filters = line.strip("[]")
        elif line and not line.startswith("#") and filters in ("all", board):
            lines.append(line)
    return lines


def overlays_of(board: str) -> list[str]:
    return [line.removeprefix("dtoverlay=") for line in settings_of(board) if line.startswith("dtoverlay=")]


def compiled(source: Path, folder: Path) -> Path:
    blob = folder / f"{source.stem}.dtbo"
    run = subprocess.run(
        ["dtc", "-@", "-I", "dts", "-O", "dtb", "-o", str(blob), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return blob


def value(tree: Path, node: str, name: str, kind: str = "s") -> str:
    run = subprocess.run(
        ["fdtget", "-t", kind, str(tree), node, name], capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


@needs_dtc
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_an_overlay_compiles_without_a_warning(source: Path, tmp_path: Path):
    assert compiled(source, tmp_path).stat().st_size > 300


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_has_its_overlays_and_they_exist(board: str):
    assert overlays_of(board)
    assert set(overlays_of(board)) <= {source.stem for source in SOURCES}


def test_every_overlay_is_used():
    assert {name for board in BOARDS for name in overlays_of(board)} == {source.stem for source in SOURCES}


def test_the_bus_of_the_display_is_the_one_that_the_overlays_name():
    for source in SOURCES:
        if source.stem != "kallphone-handset":
            assert f'i2c{load_pins().display.bus} = "/' in source.read_text()


def test_the_kernel_gives_no_function_to_a_pin_of_the_table_or_of_the_jumper():
    overlay = (ROOT / "hardware/overlays/kallphone.dts").read_text()
    claimed = re.search(r"&alt0 \{\s+brcm,pins = <([\d ]+)>", overlay)
    assert claimed
    assert not {int(pin) for pin in claimed[1].split()} & {7, *(pin for _, pin in load_pins().numbers())}


def test_ringer_and_lamps_are_off_before_the_kernel_starts():
    pins = load_pins()
    early: dict[int, set[str]] = {}
    for line in settings_of("pi3"):
        if found := re.fullmatch(r"gpio=([\d,]+)=([\w,]+)", line):
            for pin in found[1].split(","):
                early[int(pin)] = set(found[2].split(","))
    for pin, active_high in (
        (pins.ringer.pin, pins.ringer.active_high),
        (pins.lamps.line, pins.lamps.active_high),
        (pins.lamps.message, pins.lamps.active_high),
    ):
        assert early.pop(pin) == {"op", "dl" if active_high else "dh"}
    assert early == {7: {"ip", "pu"}}
    assert 7 not in dict(pins.numbers()).values()


def test_the_firmware_reads_every_line_to_its_end():
    assert max(map(len, SETTINGS.splitlines())) <= 98
    assert SETTINGS.endswith("[all]\n")
    assert SETTINGS.isascii()


@pytest.mark.image
@pytest.mark.parametrize("board", BOARDS)
def test_the_overlays_fit_debians_trees(board: str, tmp_path: Path):
    blobs = [compiled(ROOT / f"hardware/overlays/{name}.dts", tmp_path) for name in overlays_of(board)]
    for name in BOARDS[board]:
        tree = next(TREES.rglob(name), None)
        assert tree is not None, f"no {name} under {TREES}: run make image first"
        fit = tmp_path / name
        subprocess.run(["fdtoverlay", "-i", str(tree), "-o", str(fit), *map(str, blobs)], check=True)
        bus = value(fit, "/aliases", f"i2c{load_pins().display.bus}")
        symbol = "rp1_i2c1" if board == "pi5" else "i2c1"
        assert bus == value(tree, "/__symbols__", symbol)
        assert value(fit, bus, "status") == "okay"
        assert value(fit, bus, "clock-frequency", "u") == "400000"
        if board != "pi5":
            assert value(fit, value(tree, "/__symbols__", "i2s"), "dma-names") == "tx rx"


def test_the_codecs_mixer_is_set_when_its_card_comes():
    overlay = (ROOT / "hardware/overlays/kallphone-handset.dts").read_text()
    card = re.search(r'simple-audio-card,name = "(\w+)"', overlay)
    assert card is not None
    rules = (ROOT / "systemd/phone/etc/udev/rules.d/90-kallphone.rules").read_text()
    (rule,) = (line for line in rules.splitlines() if "amixer" in line)
    assert f'ATTRS{{id}}=="{card[1]}"' in rule
    assert f"-c {card[1]} -s" in rule
    steps = (ROOT / "hardware/overlays/handset.amixer").read_text().splitlines()
    assert all(re.fullmatch(r"cset name='[\w ]+' \w+", step) for step in steps)
