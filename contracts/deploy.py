"""Deploy the contracts and write down where they are.

The deployer pays for gas and keeps no power: the contracts have no owner. Its key comes from the environment
(DEPLOYER_KEY, 32 bytes in hex), the artifacts from `make contracts`.
"""

import argparse
import json
import os
import sys
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NoReturn

from eth_account import Account
from eth_account.signers.local import LocalAccount
from requests.exceptions import RequestException
from web3 import Web3
from web3.exceptions import TimeExhausted, Web3Exception

HERE = Path(__file__).resolve().parent
KEY_VARIABLE = "DEPLOYER_KEY"
RPC_TIMEOUT = 10.0
RECEIPT_TIMEOUT = 180.0
DEFAULT_SUPPLY = 1_000_000_000 * 10**6
DEFAULT_EXIT_DELAY = 24 * 3600
SPECIFICATION = HERE.parent / "docs" / "spec" / "network-api-1.md"


@dataclass(frozen=True)
class Schedule:
    """Of the votes on the specification, in blocks; `quorum` in hundredths of a percent of the supply."""

    cycle: int = 200_000
    proposing: int = 50_000
    voting: int = 100_000
    quorum: int = 500


class DeployError(Exception):
    pass


class Deployer:
    """Sends one contract after the other and waits for each receipt."""

    def __init__(self, web3: Web3, account: LocalAccount, artifacts: Path) -> None:
        self._web3 = web3
        self._account = account
        self._artifacts = artifacts

    def deploy(self, name: str, *arguments: object) -> tuple[str, int]:
        """Address and block of the new contract."""
        artifact = load_artifact(self._artifacts, name)
        contract = self._web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]["object"])
        transaction = contract.constructor(*arguments).build_transaction(
            {
                "from": self._account.address,
                "nonce": self._web3.eth.get_transaction_count(self._account.address, "pending"),
            }
        )
        signed = self._account.sign_transaction(transaction)
        tx_hash = self._web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = self._web3.eth.wait_for_transaction_receipt(tx_hash, timeout=RECEIPT_TIMEOUT)
        if receipt["status"] != 1 or receipt["contractAddress"] is None:
            raise DeployError(f"{name} was not created: transaction {tx_hash.to_0x_hex()} reverted")
        return receipt["contractAddress"], receipt["blockNumber"]


def load_artifact(artifacts: Path, name: str) -> dict[str, Any]:
    path = artifacts / f"{name}.sol" / f"{name}.json"
    try:
        artifact: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        raise DeployError(f"no artifact {path}: run `make contracts` first") from None
    return artifact


def load_account() -> LocalAccount:
    key = os.environ.get(KEY_VARIABLE, "")
    if not key:
        raise DeployError(f"set {KEY_VARIABLE} to the deployer's private key (32 bytes in hex)")
    try:
        account: LocalAccount = Account.from_key(key)
    except Exception:
        # The cause may quote the key.
        raise DeployError(f"{KEY_VARIABLE} is not a private key: it takes 32 bytes in hex") from None
    return account


def connect(url: str) -> Web3:
    web3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": RPC_TIMEOUT}))
    if not web3.is_connected():
        raise DeployError(f"no chain answers at {url}: check --rpc and that the node runs")
    return web3


def deploy_all(
    web3: Web3,
    account: LocalAccount,
    artifacts: Path,
    holder: str,
    supply: int,
    exit_delay: int,
    schedule: Schedule,
) -> dict[str, Any]:
    if web3.eth.get_balance(account.address) == 0:
        raise DeployError(f"{account.address} has no funds for gas on chain {web3.eth.chain_id}")
    deployer = Deployer(web3, account, artifacts)
    coin, block = deployer.deploy("KallCoin", holder, supply)
    registry, _ = deployer.deploy("KallRegistry")
    escrow, _ = deployer.deploy("KallEscrow", coin, exit_delay)
    rating, _ = deployer.deploy("KallRating", escrow)
    spec, _ = deployer.deploy("KallSpec", coin, Web3.keccak(SPECIFICATION.read_bytes()), *astuple(schedule))
    krypton, _ = deployer.deploy("KallKrypton", registry)
    abi = load_artifact(artifacts, "KallRegistry")["abi"]
    version = web3.eth.contract(web3.to_checksum_address(registry), abi=abi).functions.version().call()
    return {
        "chain_id": web3.eth.chain_id,
        "block": block,
        "network_api_version": version,
        "contracts": {
            "KallCoin": coin,
            "KallRegistry": registry,
            "KallEscrow": escrow,
            "KallRating": rating,
            "KallSpec": spec,
            "KallKrypton": krypton,
        },
    }


def write_deployment(deployment: dict[str, Any], out: Path) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{deployment['chain_id']}.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(deployment, indent=2) + "\n")
    partial.replace(path)
    return path


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Deploy the network's contracts.")
    parser.add_argument("--rpc", required=True, metavar="URL", help="JSON-RPC endpoint of the chain")
    parser.add_argument("--holder", required=True, metavar="ADDRESS", help="gets the whole supply")
    parser.add_argument(
        "--supply", type=int, default=DEFAULT_SUPPLY, metavar="N", help="in millionths of a kallCoin"
    )
    parser.add_argument(
        "--exit-delay", type=int, default=DEFAULT_EXIT_DELAY, metavar="S", help="seconds (default: a day)"
    )
    parser.add_argument(
        "--out", type=Path, default=HERE / "deployments", metavar="DIR", help="where <chain id>.json goes"
    )
    parser.add_argument(
        "--votes", type=int, nargs=4, default=astuple(Schedule()),
        metavar=("CYCLE", "PROPOSING", "VOTING", "QUORUM"),
        help="a vote each CYCLE blocks, blocks of its phases, quorum in 1/10000 of the supply",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    options.votes = Schedule(*options.votes)
    if not Web3.is_address(options.holder):
        parser.error(f"--holder {options.holder} is not an address")
    options.holder = Web3.to_checksum_address(options.holder)
    return options


def run(arguments: list[str]) -> None:
    options = parse_arguments(arguments)
    account = load_account()
    load_artifact(HERE / "out", "KallEscrow")
    web3 = connect(options.rpc)
    try:
        deployment = deploy_all(
            web3,
            account,
            HERE / "out",
            options.holder,
            options.supply,
            options.exit_delay,
            options.votes,
        )
    except TimeExhausted:
        raise DeployError(f"no receipt after {RECEIPT_TIMEOUT:.0f} s: is the chain making blocks?") from None
    except (Web3Exception, RequestException) as error:
        raise DeployError(f"the chain refused: {error}") from error
    print(write_deployment(deployment, options.out))


def main() -> NoReturn:
    try:
        run(sys.argv[1:])
    except DeployError as error:
        sys.exit(f"deploy: {error}")
    sys.exit(0)


if __name__ == "__main__":
    main()
