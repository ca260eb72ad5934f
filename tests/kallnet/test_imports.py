import ast
import subprocess
import sys
from importlib import util
from pathlib import Path

import kallnet

ALLOWED = {"kallnet", "requests", "urllib3", "coincurve", "Crypto", "cbor2", "nacl"}
PROBE = "import sys, kallnet.ledger, kallnet.cache, kallnet.routes, kallnet.calldata; print(*sys.modules)"


def roots(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in named}


def test_kallnet_imports_only_its_five_libraries() -> None:
    imported = {root for path in Path(kallnet.__path__[0]).glob("*.py") for root in roots(path.read_text())}
    assert imported - sys.stdlib_module_names <= ALLOWED


def test_nothing_heavy_comes_with_it() -> None:
    folder = Path(kallnet.__path__[0]).parent
    run = subprocess.run(
        [sys.executable, "-c", PROBE],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert {"kallnet", "requests", "coincurve"} <= loaded
    heavy = {
        "web3",
        "eth_account",
        "eth_abi",
        "aiohttp",
        "asyncio",
        "numpy",
        "pydantic",
        "kallphone",
        "kallprovider",
    }
    assert not loaded & heavy
    assert util.find_spec("kallnet.ledger") is not None
