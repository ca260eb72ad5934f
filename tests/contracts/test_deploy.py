import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chain import ChainError, LocalChain
from tests.contracts.conftest import CONTRACTS

pytestmark = pytest.mark.chain

HOLDER = "0x00000000000000000000000000000000000A11cE"
POOR_KEY = "0x" + "5e" * 32


def run_deploy(
    *arguments: str, key: str | None, script: Path = CONTRACTS / "deploy.py"
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DEPLOYER_KEY"}
    if key is not None:
        environment["DEPLOYER_KEY"] = key
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def word(chain: LocalChain, to: str, data: str) -> int:
    return int(chain.rpc("eth_call", {"to": to, "data": data}, "latest"), 16)


def test_writes_the_deployment(chain: LocalChain, tmp_path: Path) -> None:
    block = int(chain.rpc("eth_blockNumber"), 16)
    votes = (100, 30, 40, 1000)
    deployment = chain.deploy(tmp_path, holder=HOLDER, supply=5_000_000, exit_delay=77, votes=votes)
    assert deployment == json.loads((tmp_path / "31337.json").read_text())
    assert deployment["chain_id"] == 31337
    assert deployment["block"] == block + 1
    assert deployment["network_api_version"] == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "31337.json"]

    coin, escrow = deployment["contracts"]["KallCoin"], deployment["contracts"]["KallEscrow"]
    assert word(chain, coin, "0x70a08231" + HOLDER[2:].rjust(64, "0")) == 5_000_000  # balanceOf
    assert word(chain, escrow, "0x11df9995") == int(coin, 16)  # coin()
    assert word(chain, escrow, "0x28388630") == 77  # exitDelay()
    spec = deployment["contracts"]["KallSpec"]
    getters = ("0x6190c9d5", "0x2acc24ef", "0xfce1ccca", "0x1703a018")
    assert tuple(word(chain, spec, getter) for getter in getters) == votes  # cycle() to quorum()


def test_names_what_the_contract_refused(chain: LocalChain, tmp_path: Path) -> None:
    with pytest.raises(ChainError, match="the chain refused"):
        chain.deploy(tmp_path, exit_delay=31 * 24 * 3600)
    assert list(tmp_path.iterdir()) == []


def test_asks_for_the_key(chain: LocalChain) -> None:
    run = run_deploy("--rpc", chain.url, "--holder", HOLDER, key=None)
    assert run.returncode == 1
    assert "set DEPLOYER_KEY" in run.stderr


def test_never_shows_the_key(chain: LocalChain) -> None:
    run = run_deploy("--rpc", chain.url, "--holder", HOLDER, key="0xdeadbeef")
    assert run.returncode == 1
    assert "not a private key" in run.stderr
    assert "deadbeef" not in run.stderr


def test_says_that_there_are_no_funds(chain: LocalChain, tmp_path: Path) -> None:
    run = run_deploy("--rpc", chain.url, "--holder", HOLDER, "--out", str(tmp_path), key=POOR_KEY)
    assert run.returncode == 1
    assert "has no funds for gas on chain 31337" in run.stderr
    assert POOR_KEY[2:] not in run.stderr


def test_says_that_the_chain_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    run = run_deploy("--rpc", f"http://127.0.0.1:{port}", "--holder", HOLDER, key=POOR_KEY)
    assert run.returncode == 1
    assert f"no chain answers at http://127.0.0.1:{port}" in run.stderr


def test_says_that_nothing_was_built(chain: LocalChain, tmp_path: Path) -> None:
    script = tmp_path / "deploy.py"
    script.write_bytes((CONTRACTS / "deploy.py").read_bytes())
    run = run_deploy("--rpc", chain.url, "--holder", HOLDER, key=POOR_KEY, script=script)
    assert run.returncode == 1
    assert "run `make contracts`" in run.stderr


def test_refuses_a_holder_that_is_no_address(chain: LocalChain) -> None:
    run = run_deploy("--rpc", chain.url, "--holder", "0x12", key=POOR_KEY)
    assert run.returncode == 2
    assert "0x12 is not an address" in run.stderr
