"""The findings that stay, in the sources and in slither.md. Slither itself runs by `make slither`."""

import re
from collections import Counter

from tests.contracts.sources import CONTRACTS

DISABLED = re.compile(r"^\s*// slither-disable-next-line ([\w,-]+)$")
ROW = re.compile(r"^\| (?:high|medium|low) \| ([\w-]+) \| `(\w+)\.sol` `(\w+)` \| \S", re.MULTILINE)
FUNCTION = re.compile(r"^    function (\w+)\(")


def disabled() -> Counter[tuple[str, str, str]]:
    """(detector, source, function) of each comment."""
    found: Counter[tuple[str, str, str]] = Counter()
    for path in (CONTRACTS / "src").rglob("*.sol"):
        function = ""
        for line in path.read_text().splitlines():
            if begins := FUNCTION.match(line):
                function = begins[1]
            if comment := DISABLED.match(line):
                found.update((detector, path.stem, function) for detector in comment[1].split(","))
    return found


def test_each_finding_that_stays_is_explained_once() -> None:
    rows = Counter(ROW.findall((CONTRACTS / "slither.md").read_text()))
    assert rows
    assert disabled() == rows


def test_each_comment_has_its_reason_above_it() -> None:
    for path in (CONTRACTS / "src").rglob("*.sol"):
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if "slither-disable" in line:
                assert DISABLED.match(line), f"{path.name}:{number + 1}"
                assert re.match(r"\s*// \w", lines[number - 1]), f"{path.name}:{number + 1}"
