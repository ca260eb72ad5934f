"""Symbols of KiCad's libraries, as a schematic carries them within itself."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.hat.sexpr import Text, child, children, parse

Point = tuple[float, float]

# The library's y axis points up, the sheet's down. A pin's angle points from its end into the body.
INWARD: dict[int, Point] = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}


@dataclass(frozen=True)
class Pin:
    """`at` is the end that a wire meets, `outward` the way that the wire leaves; in the library's axes."""

    number: str
    name: str
    at: Point
    outward: Point


@dataclass(frozen=True)
class Symbol:
    name: str
    body: list[Any]
    pins: dict[str, Pin]


class Libraries:
    """The `.kicad_sym` files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parsed: dict[str, dict[str, list[Any]]] = {}

    def symbol(self, name: str) -> Symbol:
        """By its full name, such as "Device:R"; one that extends another is made whole."""
        library, short = name.split(":")
        if library not in self._parsed:
            tree = parse((self._folder / f"{library}.kicad_sym").read_text(encoding="utf-8"))
            self._parsed[library] = {each[1]: each for each in children(tree, "symbol")}
        body = _whole(self._parsed[library], short)
        body[1] = Text(name)
        return Symbol(
            name, body, {pin.number: pin for unit in children(body, "symbol") for pin in _pins(unit)}
        )


def _whole(library: dict[str, list[Any]], name: str) -> list[Any]:
    body = copy.deepcopy(library[name])
    parents = list(children(body, "extends"))
    if not parents:
        return body
    parent = _whole(library, parents[0][1])
    own = {each[1]: each for each in children(body, "property")}
    whole = []
    for each in parent:
        if isinstance(each, list) and each[0] == "property":
            whole.append(own.pop(each[1], each))
        elif isinstance(each, list) and each[0] == "symbol":
            unit = each[1].removeprefix(str(parents[0][1]))
            whole.append(["symbol", Text(name + unit), *each[2:]])
        else:
            whole.append(each)
    first_unit = next(
        index for index, each in enumerate(whole) if isinstance(each, list) and each[0] == "symbol"
    )
    return whole[:first_unit] + list(own.values()) + whole[first_unit:]


def _pins(unit: list[Any]) -> list[Pin]:
    pins = []
    for each in children(unit, "pin"):
        x, y, angle = (float(value) for value in child(each, "at")[1:])
        inward = INWARD[int(angle)]
        pins.append(
            Pin(str(child(each, "number")[1]), str(child(each, "name")[1]), (x, y), (-inward[0], -inward[1]))
        )
    return pins
