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
CHANNEL_LIFE = ("deposit_by_signature", "claim", "start_exit", "exit")
CALL_PERIODS = 40  # ten minutes, 15 seconds each
MIN_RATIO = 20

# "draft" is the first draft of these contracts; the others are what peers take.
ANCHORS = {
    "register_first": "draft 109 k, ENS register 260 k",
    "register_update": "draft 50 k",
    "deposit": "draft 87 k, Sablier create 110-138 k",
    "deposit_by_signature": "draft 108 k, Sablier create 110-138 k",
    "claim": "draft 57 k, Sablier withdraw 19-58 k",
    "claim_batched": "draft 19 k, Sablier withdraw 19-58 k",
    "start_exit": "draft 30 k",
    "exit": "draft 51 k",
    "channel_life": "Raiden channel 400 k",
    "count_worst": "draft 1.28 M",
}


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
    """From the last measurement. `claim_batched` is one claim's part in a batch of ten, `channel_life` a
    channel from its deposit to its exit, with one claim.
    """
    snapshot = {name: int(gas) for name, gas in json.loads(SNAPSHOT.read_text()).items()}
    life = sum(snapshot[operation] for operation in CHANNEL_LIFE)
    return {**snapshot, "claim_batched": round(snapshot[BATCH] / 10), "channel_life": life}


def print_table(gas: dict[str, int]) -> None:
    width = max(map(len, gas))
    print(f"{'operation':<{width}}  {'gas':>9}  beside a first draft and peers")
    for name, used in sorted(gas.items()):
        print(f"{name:<{width}}  {used:>9,}  {ANCHORS.get(name, '')}".rstrip())


def print_call(gas: dict[str, int]) -> None:
    """A call of CALL_PERIODS, paid period by period on the ledger or by one claim."""
    for name, words in (("transfer", "transfers"), ("transfer_with_authorization", "relayed transfers")):
        paid = CALL_PERIODS * gas[name]
        print(
            f"a ten-minute call: {CALL_PERIODS} {words} = {paid:,} gas, one claim = {gas['claim']:,}, "
            f"{paid / gas['claim']:.1f} times cheaper"
        )


def require_cheap(gas: dict[str, int]) -> None:
    """Raises GasError unless a claim is MIN_RATIO times cheaper than a call's transfers, also unrelayed."""
    ratio = CALL_PERIODS * gas["transfer"] / gas["claim"]
    if ratio < MIN_RATIO:
        raise GasError(
            f"a claim is only {ratio:.1f} times cheaper than {CALL_PERIODS} transfers, not {MIN_RATIO}"
        )


def report(gas: dict[str, int], as_json: bool) -> None:
    if as_json:
        print(json.dumps(gas, indent=2, sort_keys=True))
    else:
        print_table(gas)
        print_call(gas)
    require_cheap(gas)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the gas of each operation.")
    parser.add_argument("--json", action="store_true", help="print {operation: gas}")
    parser.add_argument("--check", action="store_true", help="fail when a price differs from the snapshot")
    options = parser.parse_args()
    try:
        measure(options.check)
        report(gas_by_operation(), as_json=options.json)
    except GasError as error:
        sys.exit(f"gas: {error}")


if __name__ == "__main__":
    main()
