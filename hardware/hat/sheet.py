"""One sheet of a KiCad schematic. All places are in steps of the 2.54 mm grid, y downwards."""

from __future__ import annotations

import itertools
import math
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hardware.hat.sexpr import Text, children, dump
from hardware.hat.symbols import Libraries, Point, Symbol

GRID = 2.54
PROJECT = "kallphone-hat"
ROOT = uuid.uuid5(uuid.NAMESPACE_URL, PROJECT)

RIGHT, LEFT, UP, DOWN = (1.0, 0.0), (-1.0, 0.0), (0.0, -1.0), (0.0, 1.0)
LABEL_ANGLE = {RIGHT: 0, UP: 90, LEFT: 180, DOWN: 270}
# Turns that let a supply, drawn upwards, or ground, drawn downwards, point along the wire.
SUPPLY_TURN = {UP: 0, LEFT: 90, DOWN: 180, RIGHT: 270}
GROUND_TURN = {DOWN: 0, RIGHT: 90, UP: 180, LEFT: 270}


def _turned(point: Point, turn: int) -> Point:
    """From the library's axes into the sheet's, `turn` degrees against the clock."""
    x, y = point
    return {0: (x, -y), 90: (-y, -x), 180: (-x, y), 270: (y, x)}[turn]


@dataclass(frozen=True)
class Part:
    reference: str
    at: Point
    turn: int
    symbol: Symbol

    def pin(self, number: str | int) -> Point:
        x, y = _turned(self.symbol.pins[str(number)].at, self.turn)
        return round(self.at[0] + x / GRID, 3), round(self.at[1] + y / GRID, 3)

    def outward(self, number: str | int) -> Point:
        x, y = _turned(self.symbol.pins[str(number)].outward, self.turn)
        return x + 0.0, y + 0.0


@dataclass
class Sheet:
    libraries: Libraries
    title: dict[str, str]
    _symbols: dict[str, Symbol] = field(default_factory=dict)
    _items: list[list[Any]] = field(default_factory=list)
    _wires: list[tuple[Point, Point]] = field(default_factory=list)
    _pin_ends: Counter[Point] = field(default_factory=Counter)
    _flags: int = 0
    _ids: int = 0

    def place(
        self,
        name: str,
        reference: str,
        value: str,
        at: Point,
        turn: int = 0,
        *,
        texts: tuple[Point, Point],
        anchor: str = "left",
        footprint: str = "",
        show: bool = True,
    ) -> Part:
        """Put a symbol; `texts` are where reference and value stand, seen from `at`."""
        symbol = self._symbols.setdefault(name, self.libraries.symbol(name))
        part = Part(reference, at, turn, symbol)
        self._items.append(
            [
                "symbol",
                ["lib_id", Text(name)],
                ["at", *_mm(at), turn],
                ["unit", 1],
                ["exclude_from_sim", "no"],
                ["in_bom", "yes"],
                ["on_board", "yes"],
                ["dnp", "no"],
                self._id(),
                *self._properties(part, value, texts, anchor, footprint, show=show),
                *(["pin", Text(number), self._id()] for number in symbol.pins),
                [
                    "instances",
                    [
                        "project",
                        Text(PROJECT),
                        ["path", Text(f"/{ROOT}"), ["reference", Text(reference)], ["unit", 1]],
                    ],
                ],
            ]
        )
        self._pin_ends.update({part.pin(number) for number in symbol.pins})
        return part

    def wire(self, *points: Point) -> None:
        self._wires.extend((a, b) for a, b in itertools.pairwise(points) if a != b)

    def label(self, net: str, at: Point, way: Point) -> None:
        """A wire from `at` along `way`, as long as its name, which stands on it."""
        length = math.ceil(len(net) * 0.45)
        end = (at[0] + way[0] * length, at[1] + way[1] * length)
        self.wire(at, end)
        back = (-way[0] + 0.0, -way[1] + 0.0)
        justify = "left" if back in (RIGHT, UP) else "right"
        self._items.append(
            [
                "label",
                Text(net),
                ["at", *_mm(end), LABEL_ANGLE[back]],
                ["effects", ["font", ["size", 1.27, 1.27]], ["justify", justify, "bottom"]],
                self._id(),
            ]
        )

    def power(self, net: str, at: Point, way: Point) -> None:
        """A supply or ground whose symbol points along `way`."""
        ground = net == "GND"
        turn = (GROUND_TURN if ground else SUPPLY_TURN)[way]
        self._flags += 1
        beyond = (way[0] * 1.5, way[1] * 1.5)
        anchor = {RIGHT: "left", LEFT: "right"}.get(way, "")
        self.place(
            f"power:{net}",
            f"#PWR{self._flags:03}",
            net,
            at,
            turn,
            texts=((0, 0), beyond),
            anchor=anchor,
            show=not ground,
        )

    def flag(self, at: Point) -> None:
        """Tell ERC that this net is fed from outside."""
        self._flags += 1
        self.place(
            "power:PWR_FLAG", f"#FLG{self._flags:03}", "PWR_FLAG", at, texts=((0, 0), (0, -1.8)), anchor=""
        )

    def stub(self, part: Part, pin: str | int, net: str, length: float = 1) -> None:
        """A wire away from a pin, and what it is called."""
        at, way = part.pin(pin), part.outward(pin)
        end = (at[0] + way[0] * length, at[1] + way[1] * length)
        if length:
            self.wire(at, end)
        if net.startswith("+") or net == "GND":
            self.power(net, end, way)
        else:
            self.label(net, end, way)

    def no_connect(self, part: Part, *pins: str | int) -> None:
        self._items.extend(["no_connect", ["at", *_mm(part.pin(pin))], self._id()] for pin in pins)

    def text(self, words: str, at: Point, size: float = 1.27, *, bold: bool = False) -> None:
        font: list[Any] = ["font", ["size", size, size]]
        self._items.append(
            [
                "text",
                Text(words),
                ["exclude_from_sim", "no"],
                ["at", *_mm(at), 0],
                ["effects", [*font, ["bold", "yes"]] if bold else font, ["justify", "left", "top"]],
                self._id(),
            ]
        )

    def block(self, title: str, corner: Point, opposite: Point) -> None:
        self._items.append(
            [
                "rectangle",
                ["start", *_mm(corner)],
                ["end", *_mm(opposite)],
                ["stroke", ["width", 0.15], ["type", "dash"], ["color", 132, 132, 132, 1]],
                ["fill", ["type", "none"]],
                self._id(),
            ]
        )
        self.text(title, (corner[0] + 0.6, corner[1] + 0.6), 2, bold=True)

    def dump(self) -> str:
        wires = [
            [
                "wire",
                ["pts", ["xy", *_mm(a)], ["xy", *_mm(b)]],
                ["stroke", ["width", 0], ["type", "default"]],
                self._id(),
            ]
            for a, b in self._broken_wires()
        ]
        junctions = [
            ["junction", ["at", *_mm(at)], ["diameter", 0], ["color", 0, 0, 0, 0], self._id()]
            for at in self._junctions()
        ]
        comments = [["comment", number, Text(self.title[f"comment{number}"])] for number in (1, 2)]
        return (
            dump(
                [
                    "kicad_sch",
                    ["version", 20250114],
                    ["generator", Text("eeschema")],
                    ["generator_version", Text("9.0")],
                    ["uuid", Text(str(ROOT))],
                    ["paper", Text("A3")],
                    [
                        "title_block",
                        *([key, Text(self.title[key])] for key in ("title", "date", "rev", "company")),
                        *comments,
                    ],
                    ["lib_symbols", *(symbol.body for _, symbol in sorted(self._symbols.items()))],
                    *self._items,
                    *wires,
                    *junctions,
                    ["sheet_instances", ["path", Text("/"), ["page", Text("1")]]],
                    ["embedded_fonts", "no"],
                ]
            )
            + "\n"
        )

    def _broken_wires(self) -> list[tuple[Point, Point]]:
        """KiCad joins wires at their ends alone, junction or not."""
        broken = []
        for wire in self._wires:
            ends = sorted((wire[0], wire[1], *(at for at in self._junctions() if _inside(at, wire))))
            broken.extend(itertools.pairwise(ends))
        return broken

    def _junctions(self) -> list[Point]:
        ends = Counter(point for wire in self._wires for point in wire)
        return [
            at
            for at in sorted(ends)
            if ends[at] + self._pin_ends[at] + 2 * sum(_inside(at, wire) for wire in self._wires) > 2
        ]

    def _properties(
        self, part: Part, value: str, texts: tuple[Point, Point], anchor: str, footprint: str, *, show: bool
    ) -> list[list[Any]]:
        known = {each[1]: each[2] for each in children(part.symbol.body, "property")}
        hidden_reference = part.reference.startswith("#")
        shown = {
            "Reference": (part.reference, texts[0], not hidden_reference),
            "Value": (value, texts[1], show),
            "Footprint": (footprint, (0.0, 0.0), False),
            "Datasheet": (known.get("Datasheet", ""), (0.0, 0.0), False),
            "Description": (known.get("Description", ""), (0.0, 0.0), False),
        }
        upright = 90 if part.turn in (90, 270) else 0
        # KiCad turns a text's anchor with its symbol.
        anchors = {"left": "right", "right": "left"} if part.turn in (90, 180) else {}
        side = anchors.get(anchor, anchor)
        made = []
        for name, (words, offset, visible) in shown.items():
            at = (part.at[0] + offset[0], part.at[1] + offset[1])
            effects: list[Any] = ["effects", ["font", ["size", 1.27, 1.27]]]
            effects += [["justify", side]] if side else []
            effects += [] if visible else [["hide", "yes"]]
            made.append(["property", Text(name), Text(words), ["at", *_mm(at), upright], effects])
        return made

    def _id(self) -> list[Any]:
        self._ids += 1
        return ["uuid", Text(str(uuid.uuid5(ROOT, str(self._ids))))]


def _mm(point: Point) -> tuple[float, float]:
    return round(point[0] * GRID, 4), round(point[1] * GRID, 4)


def _inside(at: Point, wire: tuple[Point, Point]) -> bool:
    (x1, y1), (x2, y2) = wire
    if x1 == x2 == at[0]:
        return min(y1, y2) < at[1] < max(y1, y2)
    return y1 == y2 == at[1] and min(x1, x2) < at[0] < max(x1, x2)
