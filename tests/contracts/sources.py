"""What the contracts' sources declare, read by small patterns: no build is needed."""

import re
from dataclasses import dataclass
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"

DECLARATION = re.compile(r"^\s*(function|event|error) (\w+)\(([^)]*)\)([^{;]*)", re.MULTILINE)
DATA_LOCATION = re.compile(r" (?:calldata|memory|indexed)\b")
READS = re.compile(r"\b(?:view|pure)\b")


@dataclass(frozen=True, slots=True)
class Declared:
    """`parameters` as "uint256 amount, ..." without data locations."""

    source: str
    kind: str
    name: str
    parameters: str
    attributes: str

    @property
    def call(self) -> str:
        """With the names of its parameters alone: `Claimed(client, provider)`."""
        names = [parameter.split()[-1] for parameter in self.parameters.split(", ") if parameter]
        return f"{self.name}({', '.join(names)})"

    @property
    def is_verb(self) -> bool:
        return self.kind == "function" and "external" in self.attributes and not READS.search(self.attributes)


def declared(source: Path) -> list[Declared]:
    """Without what OpenZeppelin's contracts bring along."""
    found = []
    for kind, name, parameters, attributes in DECLARATION.findall(source.read_text()):
        plain = " ".join(DATA_LOCATION.sub("", parameters).split())
        found.append(Declared(source.stem, kind, name, plain, attributes))
    return found


def all_declared() -> list[Declared]:
    sources = sorted((CONTRACTS / "src").rglob("*.sol"))
    return [declaration for source in sources for declaration in declared(source)]


def of_kind(kind: str) -> list[Declared]:
    return [declaration for declaration in all_declared() if declaration.kind == kind]
