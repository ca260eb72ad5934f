"""The gas table, from the snapshot that is under version control: forge does not run here."""

import json
import sys
from pathlib import Path

import pytest
from contracts import gas


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """A snapshot that a test may change before it calls `run`."""
    snapshot: dict[str, str] = json.loads(gas.SNAPSHOT.read_text())
    path = tmp_path / "gas.json"
    monkeypatch.setattr(gas, "SNAPSHOT", path)
    monkeypatch.setattr(gas, "measure", lambda check: path.write_text(json.dumps(snapshot)))
    return snapshot


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["gas.py", *arguments])
    gas.main()


@pytest.mark.usefixtures("measured")
def test_each_anchor_stands_beside_its_operation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch)
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()[1:]}
    for operation, anchor in gas.ANCHORS.items():
        used = gas.gas_by_operation()[operation]
        assert rows[operation].split(maxsplit=2)[1:] == [f"{used:,}", anchor]


def test_a_call_is_compared_with_forty_transfers(
    measured: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured |= {"transfer": "30000", "transfer_with_authorization": "60000", "claim": "50000"}
    run(monkeypatch)
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "a ten-minute call: 40 transfers = 1,200,000 gas, one claim = 50,000, 24.0 times cheaper",
        "a ten-minute call: 40 relayed transfers = 2,400,000 gas, one claim = 50,000, 48.0 times cheaper",
    ]


def test_a_claim_is_twenty_times_cheaper_than_the_transfers_of_a_call() -> None:
    gas.require_cheap(gas.gas_by_operation())


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_fails_when_a_claim_is_not_cheap_enough(
    measured: dict[str, str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    measured |= {"transfer": "30000", "claim": "60001"}
    with pytest.raises(SystemExit, match=r"only 20\.0 times cheaper than 40 transfers, not 20"):
        run(monkeypatch, *arguments)
    measured["claim"] = "60000"
    run(monkeypatch, *arguments)


def test_prints_json_with_the_derived_figures(
    measured: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--json")
    printed = json.loads(capsys.readouterr().out)
    batched = round(int(measured["claim_batch_of_10"]) / 10)
    parts = ("deposit_by_signature", "claim", "start_exit", "exit")
    life = sum(int(measured[part]) for part in parts)
    assert printed == {name: int(used) for name, used in measured.items()} | {
        "claim_batched": batched,
        "channel_life": life,
    }


def test_says_what_forge_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(check: bool) -> None:
        raise gas.GasError(f"forge failed: check={check}")

    monkeypatch.setattr(gas, "measure", refuse)
    with pytest.raises(SystemExit, match="gas: forge failed: check=True"):
        run(monkeypatch, "--check")
