"""Imports run one way: kallmachine -> kallphone -> kallnet <- kallprovider; the pure core knows nobody."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = {
    "kallnet": ROOT / "firmware/kallnet",
    "kallphone": ROOT / "firmware/kallphone",
    "kallprovider": ROOT / "services/kallprovider",
    "kallmachine": ROOT / "services/kallmachine",
}
OURS = set(FOLDERS)
MAY_IMPORT = {
    "kallnet": set[str](),
    "kallphone": {"kallnet"},
    "kallprovider": {"kallnet"},
    # A phone without a hand.
    "kallmachine": {"kallphone", "kallnet"},
}

# kallnet runs on every phone, resident: what it may stand on is counted (see pyproject.toml).
KALLNET_LIBRARIES = {"requests", "urllib3", "coincurve", "Crypto", "cbor2", "nacl"}


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("package", sorted(OURS))
def test_packages_import_one_way(package: str) -> None:
    forbidden = OURS - MAY_IMPORT[package] - {package}
    for file in FOLDERS[package].rglob("*.py"):
        for name in imports_of(file):
            assert name.split(".")[0] not in forbidden, f"{file.relative_to(ROOT)} imports {name}"


def test_the_pure_core_imports_only_the_standard_library_and_itself() -> None:
    io = {"asyncio", "threading", "time", "socket", "subprocess", "sqlite3", "queue", "random", "os"}
    for file in (FOLDERS["kallphone"] / "phone").rglob("*.py"):
        for name in imports_of(file):
            top = name.split(".")[0]
            pure = (top in sys.stdlib_module_names and top not in io) or name.startswith("kallphone.phone")
            assert pure, f"{file.relative_to(ROOT)} imports {name}"


def test_kallnet_stands_on_few_libraries() -> None:
    allowed = set(sys.stdlib_module_names) | {"kallnet"} | KALLNET_LIBRARIES
    for file in FOLDERS["kallnet"].rglob("*.py"):
        for name in imports_of(file):
            assert name.split(".")[0] in allowed, f"{file.relative_to(ROOT)} imports {name}"
