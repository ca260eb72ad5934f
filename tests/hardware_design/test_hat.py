"""The HAT's netlist, as KiCad exported it, is the pin table and what no table can move."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from gpiozero import pi_info
from hardware.hat.netlist import read
from hardware.header import FIXED, GPIO_AT, POSITION_OF, POWER, net_at

from kallphone.hardware.pins import load_pins

SCHEMATIC = Path(__file__).resolve().parents[2] / "hardware/hat/kallphone-hat.kicad_sch"
PINS = load_pins()
NETLIST = read()
PI_3_B_PLUS = "a020d3"
HEADER = NETLIST.reference("Raspberry_Pi")


def across(net: str, through: str) -> set[str]:
    """The nets at the far ends of parts of one kind (a letter, as in "R") that hang on `net`."""
    far = set()
    for reference, pin in NETLIST.nets[net]:
        kind = reference.rstrip("0123456789")
        if kind == through:
            other = str(9 - int(pin)) if kind == "RN" else str(3 - int(pin))
            far.add(NETLIST.net_of(reference, other))
    return far


def value_on(net: str, kind: str) -> set[str]:
    return {NETLIST.values[ref] for ref, _ in NETLIST.nets[net] if ref.rstrip("0123456789") == kind}


def test_the_netlist_was_exported_from_the_schematic_that_is_here():
    digest = hashlib.sha256(SCHEMATIC.read_bytes()).hexdigest()
    assert NETLIST.source == f"kallphone-hat.kicad_sch sha256:{digest}", "run make hardware"


@pytest.mark.parametrize("position", range(1, 41))
def test_a_header_pin_is_what_the_pin_table_says(position: int):
    assert NETLIST.net_of(HEADER, position) == net_at(PINS).get(position, "")


def test_the_header_is_the_one_that_gpiozero_knows():
    known = pi_info(PI_3_B_PLUS).headers["J8"].pins
    assert {at: f"GPIO{gpio}" for at, gpio in GPIO_AT.items()} | {
        at: {"+3V3": "3V3", "+5V": "5V"}.get(net, net) for at, net in POWER.items()
    } == {at: pin.name for at, pin in known.items()}


def test_the_pin_table_takes_nothing_that_the_board_needs():
    assert not set(FIXED) & {pin for _, pin in PINS.numbers()}


def test_every_row_and_column_reaches_its_pin_of_the_keypads_socket():
    socket = NETLIST.reference("Keypad")
    rows = [f"KEY_ROW{row}" for row in range(1, len(PINS.keypad.rows) + 1)]
    columns = [f"KEY_COL{column}" for column in range(1, len(PINS.keypad.columns) + 1)]
    for pin, net in enumerate(rows + columns, 1):
        assert across(net, "RN") == {NETLIST.net_of(socket, pin)}


def test_the_hook_has_a_pull_up_a_filter_and_a_clamp():
    contact = NETLIST.net_of(NETLIST.reference("Hook"), 1)
    assert across("HOOK", "R") == {contact}
    assert across("HOOK", "C") == {"GND"}
    assert across(contact, "R") == {"HOOK", "+3V3"}
    assert across(contact, "D") == {"GND"}
    assert NETLIST.net_of(NETLIST.reference("Hook"), 2) == "GND"


@pytest.mark.parametrize(
    ("net", "socket", "pull_down"),
    [
        ("RINGER", "Ringer 5 V", "4k7"),
        ("LAMP_LINE", "Line lamp", "100k"),
        ("LAMP_MESSAGE", "Message lamp", "100k"),
    ],
)
def test_what_is_switched_is_off_until_the_pi_drives_it(net: str, socket: str, pull_down: str):
    (gate,) = across(net, "R")
    assert "GND" in across(gate, "R")
    assert pull_down in value_on(gate, "R")
    (transistor,) = (ref for ref, pin in NETLIST.nets[gate] if ref.startswith("Q") and pin == "1")
    assert NETLIST.net_of(transistor, 2) == "GND"
    assert NETLIST.net_of(transistor, 3) == NETLIST.net_of(NETLIST.reference(socket), 2)


def test_a_pin_that_is_pulled_up_at_power_on_still_leaves_the_ringers_transistor_off():
    # 50 kohm inside the Pi against the pull-down; an AO3400A needs 0.65 V at least to begin.
    pull_down = 4_700
    assert 3.3 * pull_down / (50_000 + pull_down) < 0.65


def test_the_ringer_has_a_fuse_and_a_diode_that_takes_the_coils_kick():
    socket = NETLIST.reference("Ringer 5 V")
    fed, sunk = NETLIST.net_of(socket, 1), NETLIST.net_of(socket, 2)
    assert across(fed, "F") == {"+5V"}
    diode = NETLIST.reference("SS14")
    assert (NETLIST.net_of(diode, 1), NETLIST.net_of(diode, 2)) == (fed, sunk)


def test_the_display_has_no_pull_ups_of_its_own_and_the_usual_order():
    socket = NETLIST.reference("OLED")
    assert [NETLIST.net_of(socket, pin) for pin in range(1, 5)] == ["GND", "+3V3", "SCL", "SDA"]
    assert across("SDA", "R") == across("SCL", "R") == set()


def test_the_codec_is_on_the_pis_i2s_and_at_the_overlays_address():
    codec = NETLIST.reference("TLV320AIC23BPW")
    on = {pin: NETLIST.net_of(codec, pin) for pin in (3, 4, 6, 23, 24, 21, 22)}
    assert on == {3: "I2S_BCLK", 4: "I2S_DOUT", 6: "I2S_DIN", 23: "SDA", 24: "SCL", 21: "GND", 22: "GND"}
    frames = {NETLIST.net_of(codec, pin) for pin in (5, 7)}
    assert across("I2S_FS", "R") == frames
    overlay = (SCHEMATIC.parents[1] / "overlays/kallphone-handset.dts").read_text()
    assert "reg = <0x1a>" in overlay
    assert "system-clock-frequency = <12288000>" in overlay
    assert NETLIST.values["Y1"] == "12.288MHz"


def test_mouth_and_ear_reach_plug_and_pins_alike():
    for socket in ("Handset", "Capsules"):
        reference = NETLIST.reference(socket)
        assert [NETLIST.net_of(reference, pin) for pin in range(1, 5)] == ["MIC", "EAR", "GND", "GND"]
    assert "GND" in across("MIC", "C")
    assert across("EAR", "D") == {"GND"}
    assert sorted(pin for ref, pin in NETLIST.nets["EAR"] if ref.startswith("D")) == ["1", "2"]


def test_the_other_systems_jumper_cannot_short_a_pin_that_spi_drives():
    jumper = NETLIST.reference("other system")
    assert across("OTHER_SYSTEM", "R") == {NETLIST.net_of(jumper, 1)}
    assert NETLIST.net_of(jumper, 2) == "GND"


def test_the_identity_bus_is_pulled_up_and_write_protected():
    memory = NETLIST.reference("24LC32")
    assert (NETLIST.net_of(memory, 5), NETLIST.net_of(memory, 6)) == ("ID_SD", "ID_SC")
    assert across("ID_SD", "R") == across("ID_SC", "R") == {"+3V3"}
    assert POSITION_OF[0] == 27
