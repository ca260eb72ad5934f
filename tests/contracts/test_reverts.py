"""Every custom error of the contracts is named by a forge test."""

import re

import pytest

from tests.contracts.sources import CONTRACTS, Declared, of_kind

TESTS = "\n".join(path.read_text() for path in sorted((CONTRACTS / "test").rglob("*.sol")))


@pytest.mark.parametrize("error", of_kind("error"), ids=lambda error: f"{error.source}.{error.name}")
def test_a_forge_test_expects_each_error(error: Declared) -> None:
    assert re.search(rf"\b{error.source}\.{error.name}\.selector\b", TESTS)


def test_no_require_goes_without_an_error() -> None:
    """A bare revert has no name that a test could expect."""
    for source in (CONTRACTS / "src").rglob("*.sol"):
        text = source.read_text()
        assert not re.search(r"\brevert\(|\brequire\([^;]*\"[^;]*\);", text), source.name
        for call in re.findall(r"\brequire\(([^;]*)\);", text):
            assert re.search(r",\s*[\w.]+\(", call), f"{source.name}: {call}"
