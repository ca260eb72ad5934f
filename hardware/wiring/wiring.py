"""Who is wired to what, for WireViz: made from the pin table, one harness for each build.

python -m hardware.wiring.wiring            write the harnesses
python -m hardware.wiring.wiring --draw     and render them (WireViz and Graphviz)
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.header import GPIO_AT, POWER, net_at
from PIL import Image

from kallphone.hardware.pins import Pins, load_pins

FOLDER = Path(__file__).parent
PICTURES = FOLDER.parents[1] / "docs/pictures"

# WireViz's names of colours.
SUPPLY, GROUND, BELL = "RD", "BK", "OG"
SIGNALS = ("YE", "GN", "BU", "VT", "WH", "PK", "GY", "BN")


@dataclass(frozen=True)
class Module:
    """A part with its own pins, and the net that each belongs to."""

    name: str
    kind: str
    pins: tuple[tuple[str, str], ...]
    note: str = ""


def modules(pins: Pins) -> tuple[Module, ...]:
    """The parts of the plain build that hang on the header."""
    keypad = [(f"row {'/'.join(keys)}", f"KEY_ROW{row}") for row, keys in enumerate(pins.keypad.layout, 1)]
    keypad += [
        (f"column {'/'.join(keys[column] for keys in pins.keypad.layout)}", f"KEY_COL{column + 1}")
        for column in range(len(pins.keypad.columns))
    ]
    return (
        Module("Keypad", "matrix, bare contacts", tuple(keypad), "which wire is which: meter, see the guide"),
        Module(
            "Hook", "switch or microswitch", (("contact", "HOOK"), ("contact ", "GND")), "either way round"
        ),
        Module(
            "Display",
            f"{pins.display.chip} at 0x{pins.display.address:02x}",
            (("GND", "GND"), ("VCC", "+3V3"), ("SCL", "SCL"), ("SDA", "SDA")),
            "the order differs by module",
        ),
        Module("Line lamp", "LED with 470R", (("anode", "LAMP_LINE"), ("cathode", "GND"))),
        Module("Message lamp", "LED with 470R", (("anode", "LAMP_MESSAGE"), ("cathode", "GND"))),
        Module(
            "Ringer",
            "buzzer with its transistor",
            (("base, by 1k", "RINGER"), ("buzzer +", "+5V"), ("emitter", "GND")),
            "4k7 from base to ground",
        ),
        Module(
            "Other system", "jumper with 1k", (("jumper", "OTHER_SYSTEM"), ("ground", "GND")), "usually open"
        ),
    )


def plain(pins: Pins) -> dict[str, Any]:
    """Breakout boards, wired to the header one by one; sound is a USB handset."""
    used = net_at(pins)
    harness = _Harness()
    spare = {net: iter([at for at in POWER if POWER[at] == net]) for net in ("+3V3", "+5V", "GND")}
    position = {net: at for at, net in used.items() if at not in POWER}
    labels = [_label(at, used) for at in range(1, 41)]
    harness.connector("Pi", "Raspberry Pi, 40 pins", labels, hide_disconnected_pins=True)
    for module in modules(pins):
        harness.connector(module.name, module.kind, [label for label, _ in module.pins], module.note)
        ends = [position.get(net) or next(spare[net]) for _, net in module.pins]
        harness.join("Pi", ends, module.name, [net for _, net in module.pins])
    harness.connector("Pi USB", "USB-A", ["USB"])
    harness.connector("Handset", "USB handset, or USB sound adapter", ["USB"], "sound")
    harness.join("Pi USB", [1], "Handset", ["USB"])
    return harness.tree


def desk_phone(pins: Pins) -> dict[str, Any]:
    """An old phone's shell: everything hangs on the HAT, which sits on the header."""
    harness = _Harness()
    for module in modules(pins):
        if module.name in SOCKETS:
            socket, kind, order = SOCKETS[module.name]
            nets = order(module)
            harness.connector(socket, "HAT", [_with_gpio(net, pins) for net in nets])
            harness.connector(module.name, kind, [_pin_of(module, net) for net in nets], module.note)
            harness.join(socket, list(range(1, len(nets) + 1)), module.name, nets)
    harness.connector("HAT J5", "HAT", ["+5V", f"RINGER (GPIO {pins.ringer.pin}), switched ground"])
    harness.connector("Ring generator in", "supply side", ["+", "-"], "wants 12 V: step-up in between")
    harness.join("HAT J5", [1, 2], "Ring generator in", ["+5V", "RINGER"])
    harness.connector("Ring generator out", "70 V, 20 to 25 Hz", ["bell", "bell "], "hurts: insulate it")
    harness.connector("Bell", "the phone's own coils", ["coil", "coil "], "to nothing else")
    harness.join("Ring generator out", [1, 2], "Bell", ["BELL", "BELL"])
    harness.connector("HAT J9", "HAT", ["MIC", "EAR", "GND", "GND "], "or J8: a handset cord with 4P4C plug")
    harness.connector("Handset", "electret and dynamic capsule", ["mic +", "ear", "ear ", "mic -"])
    harness.join("HAT J9", [1, 2, 3, 4], "Handset", ["MIC", "EAR", "GND", "GND"])
    return harness.tree


def _in_order(module: Module) -> list[str]:
    return [net for _, net in module.pins]


def _lamp(module: Module) -> list[str]:
    return ["+5V", module.pins[0][1]]


SOCKETS: dict[str, tuple[str, str, Callable[[Module], list[str]]]] = {
    "Keypad": ("HAT J2", "the phone's own 4x3 keypad", _in_order),
    "Hook": ("HAT J3", "the phone's own hook switch", _in_order),
    "Display": ("HAT J4", "OLED behind a window", _in_order),
    "Line lamp": ("HAT J6", "LED", _lamp),
    "Message lamp": ("HAT J7", "LED", _lamp),
}

BUILDS: dict[str, Callable[[Pins], dict[str, Any]]] = {"plain": plain, "desk-phone": desk_phone}


class _Harness:
    def __init__(self) -> None:
        self.tree: dict[str, Any] = {
            "options": {"fontname": "DejaVu Sans"},
            "connectors": {},
            "cables": {},
            "connections": [],
        }

    def connector(self, name: str, kind: str, labels: list[str], note: str = "", **options: Any) -> None:
        made = {"type": kind, "pinlabels": labels, **options}
        self.tree["connectors"][name] = made | ({"notes": note} if note else {})

    def join(self, near: str, ends: list[int], far: str, nets: list[str]) -> None:
        name = f"W{len(self.tree['cables']) + 1}"
        self.tree["cables"][name] = {
            "colors": list(_colours(nets)),
            "wirecount": len(nets),
            "show_name": False,
        }
        wires = list(range(1, len(nets) + 1))
        self.tree["connections"].append([{near: ends}, {name: wires}, {far: wires}])


def _colours(nets: list[str]) -> Iterator[str]:
    signals = iter(SIGNALS * 2)
    for net in nets:
        fixed = {"GND": GROUND, "+3V3": SUPPLY, "+5V": SUPPLY, "BELL": BELL}
        yield fixed[net] if net in fixed else next(signals)


def _label(position: int, used: dict[int, str]) -> str:
    if position in POWER:
        return POWER[position]
    return f"GPIO {GPIO_AT[position]}" + (f" {used[position]}" if position in used else "")


def _with_gpio(net: str, pins: Pins) -> str:
    position = {name: at for at, name in net_at(pins).items() if at not in POWER}
    return f"{net} (GPIO {GPIO_AT[position[net]]})" if net in position else net


def _pin_of(module: Module, net: str) -> str:
    known = {of: label for label, of in module.pins}
    return known.get(net, "anode") if not net.startswith("LAMP") else "cathode"


def text(build: str, pins: Pins) -> str:
    """WireViz reads YAML, of which JSON is a part."""
    return json.dumps(BUILDS[build](pins), indent=1) + "\n"


def _shrink(picture: Path) -> None:
    Image.open(picture).convert("RGB").quantize(32).save(picture, optimize=True)


def main(arguments: list[str]) -> None:
    for build in BUILDS:
        path = FOLDER / f"{build}.json"
        path.write_text(text(build, load_pins()), encoding="utf-8")
        if "--draw" in arguments:
            words = ["wireviz", "-f", "p", "-O", f"wiring-{build}", "-o", str(PICTURES), str(path)]
            subprocess.run(words, check=True)
            _shrink(PICTURES / f"wiring-{build}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
