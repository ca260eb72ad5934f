"""Wiring and parts lists follow the pin table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hardware.bom import bom
from hardware.hat.netlist import read
from hardware.header import GPIO_AT, POWER, net_at
from hardware.wiring import wiring

from kallphone.hardware.pins import load_pins

ROOT = Path(__file__).resolve().parents[2]
PINS = load_pins()


@pytest.mark.parametrize("build", wiring.BUILDS)
def test_the_harness_that_is_here_is_the_pin_tables(build: str):
    committed = (wiring.FOLDER / f"{build}.json").read_text()
    assert committed == wiring.text(build, PINS), "run make hardware"
    assert (wiring.PICTURES / f"wiring-{build}.png").is_file()


def test_the_plain_build_wires_every_pin_of_the_table_and_no_header_pin_twice():
    tree = wiring.plain(PINS)
    ends = [end for steps in tree["connections"] for end in steps[0].get("Pi", [])]
    assert max(Counter(ends).values()) == 1
    wired = {GPIO_AT[end] for end in ends if end in GPIO_AT}
    assert {pin for _, pin in PINS.numbers()} < wired
    assert wired - {pin for _, pin in PINS.numbers()} == {2, 3, 7}


def test_a_wire_joins_what_belongs_together():
    for steps in wiring.plain(PINS)["connections"]:
        (near, ends), (_, wires), (_, far) = (next(iter(step.items())) for step in steps)
        assert len(ends) == len(wires) == len(far)
        if near == "Pi":
            assert all(end in POWER or end in net_at(PINS) for end in ends)


def test_no_supply_is_wired_to_a_signals_colour():
    tree = wiring.plain(PINS)
    for steps in tree["connections"]:
        ends = steps[0].get("Pi", [])
        colours = tree["cables"][next(iter(steps[1]))]["colors"]
        for end, colour in zip(ends, colours, strict=False):
            assert (colour == wiring.GROUND) == (POWER.get(end) == "GND")
            assert (colour == wiring.SUPPLY) == (POWER.get(end, "").startswith("+"))


def test_the_hats_sockets_are_those_of_the_netlist():
    netlist = read()
    for name, connector in wiring.desk_phone(PINS)["connectors"].items():
        if connector["type"] == "HAT":
            socket = name.removeprefix("HAT ")
            for pin, label in enumerate(connector["pinlabels"], 1):
                net = netlist.net_of(socket, pin)
                beyond = {netlist.net_of(ref, other) for ref, other in _neighbours(netlist.nets[net])}
                assert label.strip().split(" (")[0] in {net, *beyond, *_switched(socket)}


def _neighbours(ends: frozenset[tuple[str, str]]) -> list[tuple[str, str]]:
    arrays = [(ref, str(9 - int(pin))) for ref, pin in ends if ref.startswith("RN")]
    return arrays + [(ref, str(3 - int(pin))) for ref, pin in ends if ref.rstrip("0123456789") in "RF"]


def _switched(socket: str) -> set[str]:
    """What a transistor sinks: test_hat.py follows these."""
    return {"J5": {"RINGER"}, "J6": {"LAMP_LINE"}, "J7": {"LAMP_MESSAGE"}}.get(socket, set())


@pytest.mark.parametrize("build", bom.BUILDS)
def test_every_table_of_pins_toml_and_every_need_has_a_part(build: str):
    _, parts = bom.load(build)
    served = {each for part in parts for each in part.serves}
    needs = {"hook", "keypad", "lamps", "ringer", "display", "computer", "sound", "other system", "wiring"}
    assert served == needs
    assert all(part.quantity > 0 and part.price_eur > 0 and part.purpose for part in parts)


def test_the_hats_parts_are_counted_in_its_netlist():
    _, parts = bom.load("desk-phone")
    listed = {part.value: part.quantity for part in parts if part.value}
    assert listed == Counter(read().values.values())


def test_the_parts_page_is_the_lists():
    assert bom.DOCUMENT.read_text() == bom.document(), "run make hardware"


def test_the_guide_shows_every_picture():
    guide = (ROOT / "docs/assembly.md").read_text()
    for picture in ("wiring-plain.png", "wiring-desk-phone.png", "hat.png"):
        assert f"pictures/{picture}" in guide
