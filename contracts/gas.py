"""Measure the gas of each operation, as a receipt shows it: with the transaction's 21,000 and its calldata.

forge runs test/Gas.t.sol with each call as a transaction of its own (--isolate) and writes the snapshot,
which is under version control, so that a change of price shows in its diff.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SNAPSHOT = HERE / "snapshots" / "gas.json"
BATCH = "claim_batch_of_10"


class GasError(Exception):
    pass


def measure(check: bool = False) -> None:
    """Writes the snapshot; with `check`, compares with it instead and raises when a price changed."""
    run = subprocess.run(
        [str(HERE / "bin" / "forge"), "test", "--isolate", "--match-contract", "GasTest$"],
        cwd=HERE,
        env={**os.environ, "FORGE_SNAPSHOT_EMIT": "true", "FORGE_SNAPSHOT_CHECK": str(check).lower()},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise GasError(f"forge failed:\n{run.stdout}{run.stderr}")


def gas_by_operation() -> dict[str, int]:
    """From the last measurement. `claim_batched` is one claim's part in a batch of ten."""
    snapshot = {name: int(gas) for name, gas in json.loads(SNAPSHOT.read_text()).items()}
    return {**snapshot, "claim_batched": round(snapshot[BATCH] / 10)}


def print_table(gas: dict[str, int]) -> None:
    width = max(map(len, gas))
    for name, used in sorted(gas.items()):
        print(f"{name:<{width}}  {used:>9,}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the gas of each operation.")
    parser.add_argument("--json", action="store_true", help="print {operation: gas}")
    parser.add_argument("--check", action="store_true", help="fail when a price differs from the snapshot")
    options = parser.parse_args()
    try:
        measure(options.check)
    except GasError as error:
        sys.exit(f"gas: {error}")
    gas = gas_by_operation()
    if options.json:
        print(json.dumps(gas, indent=2, sort_keys=True))
    else:
        print_table(gas)


if __name__ == "__main__":
    main()
