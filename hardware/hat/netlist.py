"""The netlist that kicad-cli exported: which pin of which part is on which net."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.hat.sexpr import child, children, parse

NETLIST = Path(__file__).parent / "kallphone-hat.net"

End = tuple[str, str]


@dataclass(frozen=True)
class Netlist:
    """`values` by reference; `nets` by name, each a set of (reference, pin number)."""

    source: str
    values: dict[str, str]
    nets: dict[str, frozenset[End]]

    def net_of(self, reference: str, pin: int | str) -> str:
        """Name of a pin's net; empty where it is alone on it."""
        for name, ends in self.nets.items():
            if (reference, str(pin)) in ends:
                return name if len(ends) > 1 else ""
        raise KeyError(f"{reference} has no pin {pin}")

    def reference(self, value: str) -> str:
        """The only part with this value."""
        (found,) = (reference for reference, known in self.values.items() if known == value)
        return found


def read(path: Path = NETLIST) -> Netlist:
    tree = parse(path.read_text(encoding="utf-8"))
    return Netlist(
        source=str(child(child(tree, "design"), "source")[1]),
        values={
            _text(part, "ref"): _text(part, "value") for part in children(child(tree, "components"), "comp")
        },
        nets={
            _text(net, "name").removeprefix("/"): frozenset(
                (_text(node, "ref"), _text(node, "pin")) for node in children(net, "node")
            )
            for net in children(child(tree, "nets"), "net")
        },
    )


def _text(node: list[Any], name: str) -> str:
    return str(child(node, name)[1])
